// Why: a run's state is found out from its folder, names are never paths, and processes are started
// and stopped in order.
#include "lab/lab.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "lab/run_process.h"
#include "lab/test_run.h"

namespace pioneer::lab {
namespace {

class RunsTest : public LabTest {
 protected:
  // What trains in these tests: keeps its arguments, takes no lock, and ends.
  fs::path Program(const std::string& script) const {
    const fs::path path = folder_ / ".program";
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }
  static bool Soon(const std::function<bool()>& is_so) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!is_so()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
  static ErrorCode CodeOf(const std::function<void()>& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  }
};

TEST_F(RunsTest, TheStateIsFoundOut) {
  const RunFolder run = MakeRun("run");
  EXPECT_EQ(Summarize(run).state, RunState::kStopped);  // begun, nothing lost
  LogSteps(run, 1, 10);
  EXPECT_EQ(Summarize(run).state, RunState::kFailed);  // killed before its first checkpoint
  EXPECT_NE(Summarize(run).note.find("10 steps"), std::string::npos);
  Save(run, 10);
  EXPECT_EQ(Summarize(run).state, RunState::kStopped);
  LogSteps(run, 11, 15);
  EXPECT_EQ(Summarize(run).state, RunState::kFailed);
  {
    const RunLock lock(run);
    const RunSummary summary = Summarize(run);
    EXPECT_EQ(summary.state, RunState::kRunning);
    EXPECT_EQ(RunHolder(run), ::getpid());
    EXPECT_EQ(summary.step, 15);
    EXPECT_DOUBLE_EQ(summary.share, 0.15);
    EXPECT_THROW(RunLock{run}, Error);
  }
  EXPECT_FALSE(RunHolder(run));
  Save(run, 15, 1);
  EXPECT_EQ(Summarize(run).state, RunState::kFinished);
}

TEST_F(RunsTest, AskingDoesNotDisturb) {
  const RunFolder run = MakeRun("run");
  { const RunLock first(run); }
  std::atomic<bool> stop = false;
  std::thread asks([&] {
    while (!stop) RunHolder(run);
  });
  for (int i = 0; i < 2000; ++i) EXPECT_NO_THROW(RunLock{run});
  stop = true;
  asks.join();
}

TEST_F(RunsTest, BrokenFilesAreNoReasonToFail) {
  const RunFolder run = MakeRun("broken");
  LogSteps(run, 1, 2);
  WriteFileAtomically(run.checkpoint(),
                      std::string("PIOCKPT2\xff\xff\xff\xff\xff\xff\xff\xff", 16));
  EXPECT_EQ(Summarize(run).state, RunState::kFailed);
  WriteFileAtomically(run.recipe(), "{\"stages\": 5");
  EXPECT_EQ(Summarize(run).share, -1);
  EXPECT_TRUE(ReadRunRecipe(run).is_null());
  fs::remove(run.log());
  fs::create_directories(run.data());
  WriteFileAtomically(run.manifest(), R"({"sources":[1,{"name":"a","files":[1,2]}],"shards":[3,)"
                                      R"({"tokens":5,"part":"held_out"}]})");
  const Json data = ReadRunData(run);
  EXPECT_EQ(data["sources"].size(), 1u);
  EXPECT_EQ(data["sources"][0]["n_files"], 2);
  EXPECT_EQ(data["tokens"]["held_out"], 5);
  Lab lab(folder_);
  EXPECT_EQ(lab.List().size(), 1u);
}

TEST_F(RunsTest, WhatAProcessSaidLastIsTheReason) {
  const RunFolder run = MakeRun("said");
  Append(OutputPath(run), "tokenizer\npioneer: there is no source /nowhere\n");
  EXPECT_EQ(Summarize(run).state, RunState::kFailed);
  EXPECT_EQ(Summarize(run).note, "there is no source /nowhere");
}

TEST_F(RunsTest, NamesAreNoPaths) {
  MakeRun("inside");
  fs::create_directories(folder_ / "lab");
  Lab lab(folder_ / "lab");
  for (const char* name : {"../inside", "..", ".", "", "/etc", "a/../../inside", "inside",
                           "..\\inside", ".hidden", "a\nb"}) {
    EXPECT_EQ(CodeOf([&] { lab.Find(name); }), ErrorCode::kNotFound) << name;
    EXPECT_EQ(CodeOf([&] { lab.Stop(name); }), ErrorCode::kNotFound) << name;
    EXPECT_EQ(CodeOf([&] { lab.Resume(name); }), ErrorCode::kNotFound) << name;
    if (std::string(name) == "inside") continue;
    EXPECT_EQ(CodeOf([&] { lab.Begin({.name = name, .recipe = "/x", .data = {}}); }),
              ErrorCode::kInvalidArgument)
        << name;
  }
  EXPECT_TRUE(lab.List().empty());
  EXPECT_TRUE(Lab(folder_ / "nowhere").List().empty());
}

TEST_F(RunsTest, ListsTheLatestFirst) {
  const RunFolder old = MakeRun("old"), young = MakeRun("young");
  LogSteps(old, 1, 1);
  LogSteps(young, 1, 1);
  fs::last_write_time(old.log(), fs::last_write_time(young.log()) - std::chrono::hours(1));
  fs::create_directories(folder_ / "no run");
  const auto runs = Lab(folder_).List();
  ASSERT_EQ(runs.size(), 2u);
  EXPECT_EQ(runs[0].name, "young");
  EXPECT_EQ(runs[1].name, "old");
}

TEST_F(RunsTest, BeginsWithWhatWasChecked) {
  const fs::path recipe = folder_ / ".recipe.json";
  Lab lab(folder_, Program("echo \"$@\" >\"" + (folder_ / ".arguments").string() + "\"; cat <&0"));
  EXPECT_EQ(CodeOf([&] { lab.Begin({.name = "a", .recipe = recipe, .data = {}}); }),
            ErrorCode::kNotFound);
  EXPECT_EQ(CodeOf([&] { lab.Begin({.name = "a", .recipe = "recipe.json", .data = {}}); }),
            ErrorCode::kInvalidArgument);
  WriteFileAtomically(recipe, "{\"seeed\": 1}");
  EXPECT_EQ(CodeOf([&] { lab.Begin({.name = "a", .recipe = recipe, .data = {}}); }),
            ErrorCode::kInvalidArgument);
  EXPECT_FALSE(fs::exists(folder_ / "a"));
  const RunFolder made = MakeRun("made");
  fs::copy_file(made.recipe(), recipe, fs::copy_options::overwrite_existing);
  EXPECT_EQ(CodeOf([&] { lab.Begin({.name = "made", .recipe = recipe, .data = {}}); }),
            ErrorCode::kInvalidArgument);  // there already
  lab.Begin({.name = "a", .recipe = recipe, .data = {}});
  ASSERT_TRUE(Soon([&] { return lab.Summary("a").state != RunState::kRunning; }));
  EXPECT_EQ(ReadFile(folder_ / ".arguments"),
            "train --run " + (folder_ / "a").string() + " " + recipe.string() + "\n");
  lab.Resume("made");
  ASSERT_TRUE(Soon([&] { return lab.Summary("made").state != RunState::kRunning; }));
  EXPECT_EQ(ReadFile(folder_ / ".arguments"),
            "train --resume --run " + (folder_ / "made").string() + "\n");
  Save(made, 100, 1);
  EXPECT_EQ(CodeOf([&] { lab.Resume("made"); }), ErrorCode::kInvalidArgument);  // finished
}

TEST_F(RunsTest, OneProcessARun) {
  const RunFolder run = MakeRun("run");
  Lab lab(folder_, Program("sleep 20"));
  lab.Resume("run");
  EXPECT_EQ(lab.Summary("run").state, RunState::kRunning);
  EXPECT_EQ(CodeOf([&] { lab.Resume("run"); }), ErrorCode::kInvalidArgument);
  const RunLock lock(run);  // as a trainer elsewhere
  EXPECT_EQ(CodeOf([&] { Lab(folder_).Resume("run"); }), ErrorCode::kInvalidArgument);
}

// A process that trains as far as others can see: it holds the lock and takes SIGINT.
class TrainingProcess {
 public:
  TrainingProcess(const RunFolder& run, bool takes_interrupt) {
    int ready[2] = {};
    if (::pipe(ready) != 0) FailErrno("pipe");
    id_ = ::fork();
    if (id_ == 0) {
      if (takes_interrupt) std::signal(SIGINT, [](int) { ::_exit(7); });
      const RunLock lock(run);
      const char done = 'x';
      if (::write(ready[1], &done, 1) == 1) ::pause();
      ::_exit(1);
    }
    char done = 0;
    if (::read(ready[0], &done, 1) != 1) FailErrno("the process did not begin");
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~TrainingProcess() {
    if (!ended_) ::kill(id_, SIGKILL);
    if (!ended_) Wait();
  }
  int Wait() {
    int status = 0;
    ::waitpid(id_, &status, 0);
    ended_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t id_ = 0;
  bool ended_ = false;
};

TEST_F(RunsTest, WhoeverHoldsTheLockIsStopped) {
  const RunFolder run = MakeRun("run");
  Lab lab(folder_);
  EXPECT_EQ(CodeOf([&] { lab.Stop("run"); }), ErrorCode::kInvalidArgument);  // nobody trains
  TrainingProcess process(run, true);
  EXPECT_EQ(lab.Summary("run").state, RunState::kRunning);
  EXPECT_FALSE(lab.Summary("run").stopping);
  lab.Stop("run");
  EXPECT_EQ(process.Wait(), 7);
  EXPECT_EQ(lab.Summary("run").state, RunState::kStopped);
}

TEST_F(RunsTest, AProcessThatIsStoppingIsNotKilled) {
  const RunFolder run = MakeRun("run");
  Lab lab(folder_);
  TrainingProcess process(run, false);  // SIGINT would kill it: it has taken one
  EXPECT_TRUE(lab.Summary("run").stopping);
  lab.Stop("run");
  EXPECT_EQ(lab.Summary("run").state, RunState::kRunning);
}

TEST_F(RunsTest, AForeignProcessIsLeftAlone) {
  const RunFolder run = MakeRun("run");
  const TrainingProcess other(MakeRun("other"), true);
  const RunLock lock(run);  // by this process, but the file names another
  WriteFileAtomically(folder_ / ".id", std::to_string(*RunHolder(MakeRun("other"))));
  std::ofstream(run.lock()) << ReadFile(folder_ / ".id");
  EXPECT_EQ(CodeOf([&] { Lab(folder_).Stop("run"); }), ErrorCode::kIo);
  EXPECT_EQ(Summarize(RunFolder{folder_ / "other"}).state, RunState::kRunning);
}

TEST_F(RunsTest, AProcessHasNothingOfItsParentAndLowPriority) {
  const RunFolder run = MakeRun("run");
  int leaked[2] = {};
  ASSERT_EQ(::pipe(leaked), 0);  // without close-on-exec, as some libraries open their sockets
  const pid_t process = StartTraining(
      Program("ls /proc/self/fd | tr '\\n' ' '; grep SigBlk /proc/self/status; ps -o sid= -p $$"),
      {}, run);
  int status = 0;
  ::waitpid(process, &status, 0);
  const std::string output = ReadRunOutput(run);
  EXPECT_TRUE(output.starts_with("0 1 2 3 ")) << output;  // 3 is ls's own
  EXPECT_NE(output.find("SigBlk:\t0000000000000000"), std::string::npos) << output;
  ::close(leaked[0]);
  ::close(leaked[1]);
}

}  // namespace
}  // namespace pioneer::lab
