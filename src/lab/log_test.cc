// Why: logs are read while they grow, after they were cut, and whatever is in them.
#include <sys/stat.h>

#include "lab/run_log.h"
#include "lab/samples.h"
#include "lab/test_run.h"

namespace pioneer::lab {
namespace {

class LogTest : public LabTest {
 protected:
  std::vector<std::string> ReadLines(LineTail& tail) {
    std::vector<std::string> lines;
    tail.Read([&] { lines.emplace_back("(again)"); },
              [&](std::string_view line) { lines.emplace_back(line); });
    return lines;
  }
  const fs::path path_ = folder_ / "log";
  using Lines = std::vector<std::string>;
};

TEST_F(LogTest, LinesComeOnceAndWhole) {
  LineTail tail(path_);
  EXPECT_EQ(ReadLines(tail), Lines());
  Append(path_, "one\ntw");
  EXPECT_EQ(ReadLines(tail), Lines({"one"}));
  EXPECT_EQ(ReadLines(tail), Lines());
  Append(path_, "o\n\nth");
  LineTail copy = tail;
  EXPECT_EQ(ReadLines(tail), Lines({"two", ""}));
  Append(path_, "ree\n");
  EXPECT_EQ(ReadLines(tail), Lines({"three"}));
  EXPECT_EQ(ReadLines(copy), Lines({"two", "", "three"}));
}

TEST_F(LogTest, AReplacedOrCutFileComesAgain) {
  LineTail tail(path_);
  Append(path_, "one\ntwo\n");
  ReadLines(tail);
  WriteFileAtomically(path_, "one\n2nd\n3rd\n");
  EXPECT_EQ(ReadLines(tail), Lines({"(again)", "one", "2nd", "3rd"}));
  fs::resize_file(path_, 4);
  EXPECT_EQ(ReadLines(tail), Lines({"(again)", "one"}));
  fs::remove(path_);
  EXPECT_EQ(ReadLines(tail), Lines({"(again)"}));
  EXPECT_EQ(ReadLines(tail), Lines());
}

TEST_F(LogTest, LinesWithoutEndTakeNoMemory) {
  LineTail tail(path_);
  for (int i = 0; i < 5; ++i) {
    Append(path_, std::string(LineTail::kMaxLineBytes, 'x'));
    EXPECT_EQ(ReadLines(tail), Lines());
  }
  Append(path_, "\nshort\n");
  EXPECT_EQ(ReadLines(tail), Lines({"short"}));
}

TEST_F(LogTest, WhatIsNoPlainFileIsMissing) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  LineTail pipe(path_);
  EXPECT_EQ(ReadLines(pipe), Lines());  // and did not wait
  LineTail folder(folder_);
  EXPECT_EQ(ReadLines(folder), Lines());
}

TEST_F(LogTest, EveryPointKeepsItsSpikes) {
  LogSeries series(10);
  for (int64_t step = 1; step <= 1000; ++step) series.Add(Entry(step, step == 777 ? 99.0 : 1.0));
  EXPECT_LE(series.points().size(), 10u);
  EXPECT_GT(series.points().size(), 5u);
  int64_t steps = 0, previous = 0;
  double max = 0, min = 100;
  for (const SeriesPoint& point : series.points()) {
    steps += point.loss.count;
    max = std::max(max, point.loss.max);
    min = std::min(min, point.loss.min);
    EXPECT_GT(point.place.step, previous);
    previous = point.place.step;
  }
  EXPECT_EQ(steps, 1000);
  EXPECT_EQ(max, 99);
  EXPECT_EQ(min, 1);
  EXPECT_EQ(series.points().back().place.step, 1000);
  EXPECT_EQ(series.points().back().place.tokens, 64'000);
}

TEST_F(LogTest, FewStepsStayAsTheyAre) {
  LogSeries series;
  for (int64_t step = 1; step <= 50; ++step)
    series.Add(Entry(step, 1.0 / static_cast<double>(step)));
  ASSERT_EQ(series.points().size(), 50u);
  EXPECT_EQ(series.steps_per_point(), 1);
  EXPECT_EQ(series.points()[9].loss.mean(), 0.1);
}

TEST_F(LogTest, HeldOutStagesAndSkippedStepsAreKept) {
  LogSeries series(4);
  for (int64_t step = 1; step <= 400; ++step) {
    TrainLogEntry entry = Entry(step, step == 5 ? std::nan("") : 2.0);
    entry.stage = step <= 200 ? "text" : "talk";
    if (step % 10 == 0) entry.validation_loss = 3;
    entry.skipped = step % 2 == 0;
    entry.why_skipped = std::to_string(step) + std::string(1000, '!');
    series.Add(entry);
  }
  EXPECT_LE(series.held_out().size(), 4u);
  EXPECT_EQ(series.held_out().back().place.step, 400);
  ASSERT_EQ(series.stages().size(), 2u);
  EXPECT_EQ(series.stages()[1].text, "talk");
  EXPECT_EQ(series.stages()[1].place.step, 201);
  EXPECT_EQ(series.n_skipped(), 200);
  ASSERT_EQ(series.skipped().size(), LogSeries::kMaxMarks);
  EXPECT_EQ(series.skipped().back().place.step, 400);
  EXPECT_LE(series.skipped().back().text.size(), LogSeries::kMaxMarkBytes);
}

TEST_F(LogTest, GarbageIsPassedOver) {
  const RunFolder run = MakeRun("garbage");
  LogSteps(run, 1, 3);
  Append(run.log(), "\n{}\nnull\n[1,2]\n{\"step\":\"4\",\"stage\":\"text\",\"tokens\":1}\n");
  Append(run.log(), "{\"step\":4,\"stage\":\"text\",\"tokens\":1e3}\n\xff\xfe\x00\n");
  Append(run.log(), "{\"step\":18446744073709551615,\"stage\":\"text\",\"tokens\":1}\n");
  Append(run.log(), std::string(100'000, '[') + "\n");
  Append(run.log(), "{\"step\":2,\"stage\":\"text\",\"tokens\":1,\"loss\":7}\n");  // of the past
  LogSteps(run, 5, 6);
  Append(run.log(), "{\"step\":7,\"stage\":\"te");  // cut short
  RunLog log(run.log());
  log.Update();
  EXPECT_EQ(log.series().n_entries(), 5);
  EXPECT_EQ(log.series().end().step, 6);
  EXPECT_EQ(ReadLog(run.log()).size(), 6u);  // the trainer's own reader has no order
  EXPECT_EQ(GlanceAtLog(run.log(), 10).last->step, 6);
}

TEST_F(LogTest, WhatALineSaysIsReadBack) {
  const RunFolder run = MakeRun("line");
  TrainLogEntry entry = Entry(3, std::nan(""));
  entry.stage = "\"é\\";
  entry.validation_loss = 2.5;
  entry.validation_bits_per_byte = 1.25;
  entry.skipped = true;
  entry.why_skipped = "a\nb";
  AppendLog(run.log(), entry);
  const auto entries = ReadLog(run.log());
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].stage, entry.stage);
  EXPECT_TRUE(std::isnan(entries[0].loss));
  EXPECT_EQ(entries[0].validation_loss, 2.5);
  EXPECT_EQ(entries[0].validation_bits_per_byte, 1.25);
  EXPECT_EQ(entries[0].tokens, 192);
  EXPECT_EQ(entries[0].seconds, entry.seconds);
  EXPECT_EQ(entries[0].why_skipped, "a\nb");
  EXPECT_FALSE(ParseLogLine(R"({"step":1,"stage":"a"})"));
  EXPECT_TRUE(ParseLogLine(R"({"step":1,"stage":"a","tokens":2,"more":{"step":9,"x":[1]}})"));
}

TEST_F(LogTest, ALogGrowsAndGoesBack) {
  const RunFolder run = MakeRun("grows");
  RunLog log(run.log());
  LogSteps(run, 1, 20);
  EXPECT_EQ(log.TakeNews().entries.size(), 20u);
  LogSteps(run, 21, 25);
  RunLog::News news = log.TakeNews();
  EXPECT_FALSE(news.restarted);
  EXPECT_EQ(news.entries.size(), 5u);
  TruncateLog(run.log(), 10);
  LogSteps(run, 11, 12);
  news = log.TakeNews();
  EXPECT_TRUE(news.restarted);
  EXPECT_EQ(news.entries.size(), 12u);
  EXPECT_EQ(log.series().end().step, 12);
}

// As long a log as a month of training writes, made quickly.
class LongLogTest : public LogTest {
 protected:
  static constexpr int64_t kSteps = 200'000;
  LongLogTest() {
    std::ofstream file(path_, std::ios::binary);
    for (int64_t step = 1; step <= kSteps; ++step) {
      file << fmt::format(
          R"({{"step":{},"stage":"text","tokens":{},"loss":{},"lr":0.001,"grad_norm":1.5,)"
          R"("tokens_per_second":12345.6,"seconds":{}}})"
          "\n",
          step, step * 64, step == 123'456 ? 50.0 : 3.0, step);
    }
  }
};

TEST_F(LongLogTest, IsReadInPieces) {
  RunLog log(path_);
  log.Update();
  EXPECT_EQ(log.series().n_entries(), kSteps);
  EXPECT_LE(log.series().points().size(), kMaxPoints);
  const LogSeries window = ReadLogWindow(path_, 123'400, 123'500);
  EXPECT_EQ(window.n_entries(), 101);
  EXPECT_EQ(window.points().front().place.step, 123'400);
  EXPECT_EQ(window.points()[56].loss.max, 50);
  EXPECT_EQ(ReadLogWindow(path_, 1, 1).n_entries(), 1);
  EXPECT_EQ(ReadLogWindow(path_, kSteps, kSteps + 5).n_entries(), 1);
  EXPECT_EQ(ReadLogWindow(path_, kSteps + 1, kSteps + 5).n_entries(), 0);
  EXPECT_EQ(ReadLogWindow(folder_ / "none", 1, 5).n_entries(), 0);
  const LogGlance glance = GlanceAtLog(path_, 20);
  EXPECT_EQ(glance.last->step, kSteps);
  EXPECT_EQ(glance.losses.size(), 20u);
}

TEST_F(LogTest, SamplesAreThinnedAndTheLatestStays) {
  SampleBook book(path_);
  for (int64_t step = 1; step <= 1000; ++step) {
    for (const char* prompt : {"Once", "The"}) {
      Append(path_, DumpJson(Json{{"step", step},
                                  {"tokens", step},
                                  {"prompt", prompt},
                                  {"text", std::to_string(step)}}) +
                        "\n");
    }
  }
  Append(path_, "garbage\n{\"step\":5}\n{\"step\":1001,\"pro");
  EXPECT_TRUE(book.Update());
  EXPECT_FALSE(book.Update());
  EXPECT_LE(book.steps().size(), SampleBook::kMaxSteps);
  EXPECT_EQ(book.steps().back().step, 1000);
  ASSERT_EQ(book.steps().back().samples.size(), 2u);
  EXPECT_EQ(book.steps().back().samples[1].text, "1000");
  // The run went back to a checkpoint.
  Append(path_, "\n{\"step\":990,\"prompt\":\"Once\",\"text\":\"new\"}\n");
  book.Update();
  EXPECT_EQ(book.steps().back().step, 990);
}

}  // namespace
}  // namespace pioneer::lab
