#include "eval/answer_rule.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "eval/pattern.h"
#include "eval/task.h"

namespace pioneer::eval {
namespace {

double Judge(AnswerKind kind, const std::string& expected, const std::string& answer) {
  return JudgeAnswer({kind, {expected}}, answer).at("exact_match");
}

TEST(AnswerRule, EachKindHasItsNotionOfRight) {
  EXPECT_EQ(Judge(AnswerKind::kExact, "Paris", " Paris\n"), 1);
  EXPECT_EQ(Judge(AnswerKind::kExact, "Paris", "paris"), 0);
  EXPECT_EQ(Judge(AnswerKind::kContains, "Paris", "It is Paris."), 1);
  EXPECT_EQ(Judge(AnswerKind::kContains, "Paris", "It is Rome."), 0);
  EXPECT_EQ(Judge(AnswerKind::kRegex, "(?i)\\bparis\\b", "It is PARIS."), 1);
  EXPECT_EQ(Judge(AnswerKind::kRegex, "^yes$", "yes, no"), 0);
  EXPECT_EQ(Judge(AnswerKind::kNumber, "1200", "7 times, so $1,200.00."), 1);
  EXPECT_EQ(Judge(AnswerKind::kNumber, "-3.5", "it is -3.50"), 1);
  EXPECT_EQ(Judge(AnswerKind::kNumber, "12", "12 of 13"), 0);
  EXPECT_EQ(Judge(AnswerKind::kNumber, "12", "twelve"), 0);
  EXPECT_EQ(JudgeAnswer({AnswerKind::kExact, {"a", "b"}}, "b").at("exact_match"), 1);
}

// By hand, with SQuAD's rules.
TEST(AnswerRule, SquadCountsCommonWords) {
  const auto judge = [](std::vector<std::string> expected, const std::string& answer) {
    const auto scores = JudgeAnswer({AnswerKind::kSquad, std::move(expected)}, answer);
    return std::pair(scores.at("exact_match"), scores.at("f1"));
  };
  EXPECT_EQ(judge({"the Eiffel Tower"}, "Eiffel tower."), std::pair(1.0, 1.0));
  EXPECT_EQ(judge({"30 seconds"}, "it is 30 seconds"), std::pair(0.0, 2.0 * 2 / (2 + 4)));
  EXPECT_EQ(judge({"no no"}, "no"), std::pair(0.0, 2.0 * 1 / (2 + 1)));
  EXPECT_EQ(judge({"left", "right side"}, "right"), std::pair(0.0, 2.0 * 1 / (2 + 1)));
  EXPECT_EQ(judge({"3층 회의실"}, "3층"), std::pair(0.0, 2.0 * 2 / (5 + 2)));
  EXPECT_EQ(judge({"오후 3시"}, "오후3시"), std::pair(1.0, 1.0));
  EXPECT_EQ(judge({"Paris"}, ""), std::pair(0.0, 0.0));
}

// Answers and what the harness's filters and exact_match make of them, worked out by hand from
// its gsm8k.yaml.
TEST(AnswerRule, Gsm8kAsTheHarness) {
  EXPECT_EQ(StrictGsm8kAnswer("so 5 + 7 = 12\n#### 12"), "12");
  EXPECT_EQ(StrictGsm8kAnswer("#### 1,200 and #### 3"), "1,200");
  EXPECT_EQ(StrictGsm8kAnswer("####12"), "[invalid]");
  EXPECT_EQ(StrictGsm8kAnswer("#### $12"), "[invalid]");
  EXPECT_EQ(FlexibleGsm8kAnswer("5 + 7 = 12"), "12");
  EXPECT_EQ(FlexibleGsm8kAnswer("He has 3 left, or so."), "3");
  EXPECT_EQ(FlexibleGsm8kAnswer("He has 3 left..."), "...");  // two of [$0-9.,] are enough
  EXPECT_EQ(FlexibleGsm8kAnswer("none"), "[invalid]");
  const AnswerRule rule = {AnswerKind::kGsm8k, {"It is 5 + 7.\n#### 1,200"}};
  const auto judge = [&](const std::string& answer) {
    const auto scores = JudgeAnswer(rule, answer);
    return std::pair(scores.at("exact_match_strict"), scores.at("exact_match_flexible"));
  };
  EXPECT_EQ(judge("#### 1200"), std::pair(1.0, 1.0));
  EXPECT_EQ(judge("The answer is $1,200."), std::pair(0.0, 1.0));
  EXPECT_EQ(judge("#### 1200\n\nor 7 of them"), std::pair(1.0, 0.0));
  EXPECT_EQ(judge("1,2,0,0."), std::pair(0.0, 1.0));
}

TEST(Pattern, FindsAsPythonDoes) {
  using Texts = std::vector<std::string>;
  EXPECT_EQ(Pattern("[0-9]+").FindAll("1 22 3"), (Texts{"1", "22", "3"}));
  EXPECT_EQ(Pattern("(a)|(b)").FindAll("ab"), (Texts{"a", "b"}));
  EXPECT_EQ(Pattern("x(.)y").FindAll("x한y"), Texts{"한"});
  EXPECT_EQ(Pattern("b*").Remove("abcb"), "ac");
}

TEST(Pattern, IsLimited) {
  EXPECT_THROW(Pattern("(a"), Error);
  EXPECT_THROW(Pattern("(a*)*b").Matches(std::string(100'000, 'a')), Error);
  EXPECT_THROW(Pattern("(a|b)*c").Matches(std::string(20'000'000, 'a')), Error);
}

// Log likelihoods and lengths by hand: 3 choices of 1, 4 and 2 characters, 1, 4 and 6 bytes.
TEST(JudgeChoice, AsTheHarness) {
  ChoiceQuestion question;
  question.choices = {"a", "abcd", "한글"};
  const std::vector<double> scores = {-3, -6, -4};  // by characters -3, -1.5, -2; by bytes the
  question.label = 0;                               // last has -0.67
  EXPECT_EQ(JudgeChoice(question, scores).at("acc"), 1);
  EXPECT_EQ(JudgeChoice(question, scores).at("acc_norm"), 0);
  question.label = 1;
  EXPECT_EQ(JudgeChoice(question, scores).at("acc_norm"), 1);
  question.label = 2;
  EXPECT_EQ(JudgeChoice(question, scores).at("acc_norm_bytes"), 1);
  question.label = 1;
  EXPECT_EQ(JudgeChoice(question, {-3, -3, -9}).at("acc"), 0);  // the first of equals
}

}  // namespace
}  // namespace pioneer::eval
