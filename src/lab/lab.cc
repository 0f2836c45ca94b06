#include "lab/lab.h"

#include <sys/wait.h>

#include <algorithm>
#include <system_error>

#include "base/error.h"
#include "base/utf8.h"
#include "lab/run_process.h"
#include "train/dial.h"

namespace pioneer::lab {
namespace {

constexpr size_t kMaxNameBytes = 100;

// One part of a path that does not lead out of the folder; runs have no hidden ones.
bool IsRunName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes && name.front() != '.' &&
         name.find_first_of(std::string_view("/\\\0", 3)) == std::string_view::npos &&
         std::none_of(name.begin(), name.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }) &&
         IsValidUtf8(name);
}

void RequireAbsolute(const fs::path& path) {
  if (path.is_absolute()) return;
  Fail(ErrorCode::kInvalidArgument, "write the whole path of {}, from / on", path.string());
}

// What would stop the new run at its start is told now, and not by a process that ends at once.
std::vector<std::string> CheckedArguments(const NewRun& run) {
  std::vector<std::string> arguments;
  if (run.depth > 0) {
    if (run.data.empty()) Fail(ErrorCode::kInvalidArgument, "name the texts to train on");
    for (const fs::path& path : run.data) {
      RequireAbsolute(path);
      if (!fs::exists(path)) Fail(ErrorCode::kNotFound, "there is no {}", path.string());
      arguments.push_back(path.string());
    }
    ParseRecipe(DialRecipe(run.depth, run.data), "/");
    arguments.insert(arguments.begin(), {"--depth", std::to_string(run.depth)});
  } else {
    RequireAbsolute(run.recipe);
    if (!fs::is_regular_file(run.recipe)) {
      Fail(ErrorCode::kNotFound, "there is no recipe {}", run.recipe.string());
    }
    LoadRecipe(run.recipe);
    arguments.push_back(run.recipe.string());
  }
  return arguments;
}

}  // namespace

fs::path DefaultRunsFolder() { return PioneerHome() / "runs"; }

Lab::Lab(fs::path folder, fs::path program)
    : folder_(fs::absolute(folder).lexically_normal()), program_(std::move(program)) {}

RunFolder Lab::Find(std::string_view name) const {
  if (IsRunName(name)) {
    RunFolder folder{folder_ / name};
    if (IsRun(folder)) return folder;
  }
  Fail(ErrorCode::kNotFound, "there is no such run in {}", folder_.string());
}

std::vector<RunSummary> Lab::List() {
  std::vector<std::pair<fs::file_time_type, RunFolder>> found;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    const RunFolder folder{it->path()};
    if (!IsRunName(folder.root.filename().string()) || !IsRun(folder)) continue;
    std::error_code untimed;
    auto time = fs::last_write_time(folder.log(), untimed);
    if (untimed) time = fs::last_write_time(folder.root, untimed);
    found.emplace_back(untimed ? fs::file_time_type::min() : time, folder);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second.root < b.second.root;
  });
  if (found.size() > kMaxRuns) found.resize(kMaxRuns);
  std::vector<RunSummary> runs;
  for (const auto& [time, folder] : found) runs.push_back(SummarizeFolder(folder));
  return runs;
}

RunSummary Lab::Summary(std::string_view name) { return SummarizeFolder(Find(name)); }

// A process that was started here and has not taken the lock yet counts as training.
RunSummary Lab::SummarizeFolder(const RunFolder& folder) {
  bool starting;
  {
    const std::lock_guard lock(mutex_);
    starting = IsStarting(folder.root);
  }
  RunSummary run = Summarize(folder);
  if (starting && run.state != RunState::kRunning) {
    run.state = RunState::kRunning;
    run.note.clear();
  }
  return run;
}

bool Lab::IsStarting(const fs::path& root) {
  const auto found = started_.find(root);
  if (found == started_.end()) return false;
  if (::waitpid(found->second, nullptr, WNOHANG) == 0) return true;
  started_.erase(found);
  return false;
}

RunLog Lab::Log(std::string_view name) {
  const fs::path path = Find(name).log();
  std::shared_ptr<KeptLog> kept;
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(logs_.begin(), logs_.end(),
                                    [&](const auto& log) { return log.first == path; });
    if (found != logs_.end()) {
      kept = found->second;
      logs_.erase(found);
    } else {
      kept = std::make_shared<KeptLog>(path);
      if (logs_.size() == kKeptLogs) logs_.erase(logs_.begin());
    }
    logs_.emplace_back(path, kept);
  }
  const std::lock_guard lock(kept->mutex);
  kept->log.Update();
  return kept->log;
}

void Lab::Begin(const NewRun& run) {
  if (!IsRunName(run.name)) {
    Fail(ErrorCode::kInvalidArgument,
         "a run's name has 1 to {} bytes, no slash, and begins with no point", kMaxNameBytes);
  }
  const RunFolder folder{folder_ / run.name};
  if (fs::exists(folder.recipe())) {
    Fail(ErrorCode::kInvalidArgument, "there is a run {} already; choose another name", run.name);
  }
  std::vector<std::string> arguments = {"train", "--run", folder.root.string()};
  for (std::string& argument : CheckedArguments(run)) arguments.push_back(std::move(argument));
  Launch(folder, arguments);
}

void Lab::Resume(std::string_view name) {
  const RunFolder folder = Find(name);
  const RunState state = SummarizeFolder(folder).state;
  if (state == RunState::kFinished) {
    Fail(ErrorCode::kInvalidArgument, "{} has finished; there is nothing left to train", name);
  }
  if (!fs::exists(folder.recipe())) {
    Fail(ErrorCode::kInvalidArgument, "{} has no recipe to go on with; begin it again", name);
  }
  Launch(folder, {"train", "--resume", "--run", folder.root.string()});
}

void Lab::Stop(std::string_view name) { StopTraining(Find(name)); }

void Lab::Launch(const RunFolder& folder, const std::vector<std::string>& arguments) {
  const std::lock_guard lock(mutex_);
  if (IsStarting(folder.root) || RunHolder(folder)) {
    Fail(ErrorCode::kInvalidArgument, "{} is being trained already",
         folder.root.filename().string());
  }
  started_[folder.root] = StartTraining(program_, arguments, folder);
}

}  // namespace pioneer::lab
