// Why: what is language is tested by data: follow-ups, dates, and whether a passage carries a
// sentence (tests/cases/search).
#include <gtest/gtest.h>
#include <stdlib.h>

#include <ctime>
#include <map>

#include "base/file.h"
#include "search/answer/dates.h"
#include "search/answer/follow_up.h"
#include "search/answer/support.h"

namespace pioneer::search::answer {
namespace {

fs::path CaseFile(const char* name) {
  return fs::path(PIONEER_SOURCE_DIR) / "tests/cases/search" / name;
}

std::vector<std::string> LinesOf(const fs::path& file) {
  const std::string text = ReadFile(file);
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (text[at] != '#') lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::vector<std::string> CaseLines(const char* name) { return LinesOf(CaseFile(name)); }

TEST(SearchCases, FollowUpsBecomeStandalone) {
  std::vector<EarlierTurn> earlier;
  std::string question;
  int n = 0;
  for (const std::string& line : CaseLines("follow_ups.txt")) {
    if (line.empty()) {
      earlier.clear();
    } else if (line.starts_with("? ")) {
      if (!question.empty()) earlier.push_back({question, ""});
      question = line.substr(2);
    } else if (line.starts_with("! ")) {
      earlier.push_back({question, line.substr(2)});
      question.clear();
    } else if (line.starts_with("= ")) {
      EXPECT_EQ(StandaloneByRules(question, earlier), line.substr(2)) << question;
      question.clear();
      ++n;
    }
  }
  EXPECT_GE(n, 20);
}

TEST(SearchCases, QuestionsFallIntoParts) {
  std::string question;
  for (const std::string& line : CaseLines("question_parts.txt")) {
    if (line.starts_with("? ")) question = line.substr(2);
    if (line.starts_with("= ")) {
      EXPECT_EQ(fmt::format("{}", fmt::join(QuestionParts(question), " | ")), line.substr(2))
          << question;
    }
  }
}

std::string DateText(const std::optional<int64_t>& ms) {
  if (!ms) return "-";
  const time_t seconds = static_cast<time_t>(*ms / 1000);
  std::tm tm = {};
  gmtime_r(&seconds, &tm);
  return fmt::format("{:04}-{:02}-{:02}", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

// On Wednesday, 2025-03-12, 10:00, in a time zone without surprises.
TEST(SearchCases, DatesAreUnderstood) {
  setenv("TZ", "UTC", 1);
  tzset();
  constexpr int64_t kNowMs = 1'741'773'600'000;
  std::string question;
  int n = 0;
  for (const std::string& line : CaseLines("dates.txt")) {
    if (line.starts_with("? ")) question = line.substr(2);
    if (!line.starts_with("= ")) continue;
    const DatesRead dates = ReadDates(question, kNowMs);
    EXPECT_EQ(fmt::format("{} {}{}", DateText(dates.from_ms), DateText(dates.until_ms),
                          dates.recent ? " recent" : ""),
              line.substr(2))
        << question;
    ++n;
  }
  EXPECT_GE(n, 20);
}

struct SupportFigures {
  int true_sentences = 0, shown_true = 0, inventions = 0, caught = 0;
  std::map<std::string, std::pair<int, int>> kinds;  // caught, of
  double precision() const {
    return static_cast<double>(shown_true) / std::max(1, shown_true + inventions - caught);
  }
  double share_caught() const { return static_cast<double>(caught) / std::max(1, inventions); }
  double recall() const { return static_cast<double>(shown_true) / std::max(1, true_sentences); }
};

// Shown is what has `least` or better.
SupportFigures CheckLabelled(const fs::path& file, Support least, bool tell) {
  SupportFigures figures;
  std::vector<RankedPassage> passages(1);
  for (const std::string& line : LinesOf(file)) {
    if (line.starts_with("title: ")) passages[0].passage.title = line.substr(7);
    if (line.starts_with("passage: ")) passages[0].passage.text = line.substr(9);
    if (!line.starts_with("+ ") && !line.starts_with("- ")) continue;
    const bool is_true = line[0] == '+';
    const std::string sentence = is_true ? line.substr(2) : line.substr(line.find(" | ") + 3);
    const auto verdict = SupportChecker(passages).Check(sentence, {0});
    const bool shown = verdict && verdict->support <= least;
    figures.true_sentences += is_true;
    figures.shown_true += is_true && shown;
    if (!is_true) {
      auto& kind = figures.kinds[line.substr(2, line.find(" | ") - 2)];
      ++figures.inventions;
      figures.caught += !shown;
      kind.first += !shown;
      ++kind.second;
    }
    if (tell && shown != is_true) {
      fmt::print("  {} [{}] {}\n", shown ? "shown" : "doubted",
                 verdict ? DescribeMismatch(verdict->mismatch) : "", line);
    }
  }
  std::string kinds;
  for (const auto& [kind, counts] : figures.kinds)
    kinds += fmt::format(", {} {}/{}", kind, counts.first, counts.second);
  fmt::print(
      "{}: precision of what is shown as {} {:.3f}, inventions caught {:.3f} ({}/{}), true "
      "sentences shown {:.3f} ({}/{}){}\n",
      file.filename().string(), SupportName(least), figures.precision(), figures.share_caught(),
      figures.caught, figures.inventions, figures.recall(), figures.shown_true,
      figures.true_sentences, kinds);
  return figures;
}

TEST(SearchCases, InventionsAreCaughtAndTruthIsShown) {
  CheckLabelled(CaseFile("support_dev.txt"), Support::kSupported, true);
  const SupportFigures test =
      CheckLabelled(CaseFile("support_test.txt"), Support::kSupported, false);
  EXPECT_GE(test.precision(), 0.95);
  EXPECT_GE(test.share_caught(), 0.90);
  EXPECT_GE(test.recall(), 0.85);
}

// bench/search/labelled.py makes such a file of real passages.
TEST(SearchCases, InTheFileThatIsNamed) {
  const char* file = std::getenv("PIONEER_LABELLED");
  if (file == nullptr) GTEST_SKIP() << "PIONEER_LABELLED names no file of labelled sentences";
  const bool tell = std::getenv("PIONEER_TELL") != nullptr;
  CheckLabelled(file, Support::kSupported, tell);
  const SupportFigures figures = CheckLabelled(file, Support::kPartly, tell);
  EXPECT_GT(figures.true_sentences + figures.inventions, 0);
}

// What is true is never more than "partly", as a model has to confirm it; inventions that can be
// seen without knowing both languages are not even that.
TEST(SearchCases, AcrossLanguagesNumbersNamesAndDenialsMustBeThere) {
  std::vector<RankedPassage> passages(1);
  int n = 0;
  for (const std::string& line : CaseLines("support_across.txt")) {
    if (line.starts_with("passage: ")) passages[0].passage.text = line.substr(9);
    if (!line.starts_with("+ ") && !line.starts_with("- ")) continue;
    const std::string sentence =
        line[0] == '+' ? line.substr(2) : line.substr(line.find(" | ") + 3);
    const auto verdict = SupportChecker(passages).Check(sentence, {0});
    ASSERT_TRUE(verdict.has_value()) << line;
    const bool is_true = line[0] == '+';
    EXPECT_EQ(verdict->support, is_true ? Support::kPartly : Support::kUnsupported)
        << line << ": " << DescribeMismatch(verdict->mismatch);
    EXPECT_TRUE(verdict->other_language || !is_true) << line;
    ++n;
  }
  EXPECT_GE(n, 25);
}

}  // namespace
}  // namespace pioneer::search::answer
