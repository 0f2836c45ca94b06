// Why: the measures of answers are those that their header says, on answers whose worth is plain.
#include "eval/answer_eval.h"

#include <gtest/gtest.h>

#include "eval/test_folder.h"

namespace pioneer::eval {
namespace {

// Three questions: one passage answers the first, the second's answer is in another passage than
// the set says, nothing answers the third.
SearchSet MakeSet() {
  SearchSet set;
  set.name = "inn";
  set.passages = {
      {"hours", "Opening hours", "The museum shop opens at nine o'clock in the morning."},
      {"bridge", "The bridge", "The wooden bridge was built by the carpenter Jonas Weber in 1832."},
      {"ferry", "The ferry", "The ferry across the lake costs four euros for grown-ups."}};
  set.questions = {{"1", "Who built the wooden bridge?", {"bridge"}, {"Jonas Weber"}},
                   {"2", "When does the museum shop open?", {"ferry"}, {"at ten"}},
                   {"3", "Which planets have rings of ice?", {}, {}}};
  return set;
}

TEST(AnswerEval, CountsWhatIsRightCitedAndNotSaid) {
  const TestFolder folder;
  const SearchSet set = MakeSet();
  const auto searcher = MakePioneerSearcher(set, folder.path(), nullptr, {});
  int64_t last = 0;
  const AnswerResult result =
      EvaluateAnswers(set, *searcher, {}, {}, [&](int64_t done) { last = done; });
  EXPECT_EQ(last, 3);
  EXPECT_EQ(result.questions, 3);
  EXPECT_EQ(result.found.n, 2);
  EXPECT_EQ(result.found.value, 1);
  EXPECT_EQ(result.holds.value, 0.5);
  EXPECT_EQ(result.citation_precision.value, 0.5);
  EXPECT_EQ(result.citation_recall.value, 0.5);
  // "Jonas Weber" is 2 words of the 10 of that answer.
  EXPECT_NEAR(result.f1.value, (2 * 2.0 / (2 + 10) + 2 * 1.0 / (2 + 9)) / 2, 0.1);
  // Without "bridge" the first is answered no more; the second still is; the third never.
  EXPECT_EQ(result.silent.n, 3);
  EXPECT_NEAR(result.silent.value, 2.0 / 3, 1e-9);
}

TEST(AnswerEval, AsksAFewAtEvenStepsAndOnlyWhoCanAnswer) {
  const TestFolder folder, other;
  const SearchSet set = MakeSet();
  const auto searcher = MakePioneerSearcher(set, folder.path(), nullptr, {});
  EXPECT_EQ(EvaluateAnswers(set, *searcher, {.limit = 1}, {}, [](int64_t) {}).questions, 1);
  const auto plain = MakePlainSearcher(set, other.path());
  EXPECT_THROW(EvaluateAnswers(set, *plain, {}, {}, [](int64_t) {}), Error);
}

}  // namespace
}  // namespace pioneer::eval
