#include "tune/tune_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "tune/arithmetic_tasks.h"
#include "tune/test_tuning.h"
#include "tune/tune_method.h"

namespace pioneer::tune {
namespace {

using ::testing::HasSubstr;

class TuneDataTest : public ::testing::Test {
 protected:
  std::vector<TuneExample> Read(const std::string& text, Method method) {
    WriteFileAtomically(folder_ / "data.jsonl", text);
    return ReadTuneData(folder_ / "data.jsonl", method);
  }
  std::string ErrorOf(const std::string& text, Method method) {
    try {
      Read(text, method);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  TuneFolder folder_;
};

TEST_F(TuneDataTest, ReadsWhatEachMethodNeeds) {
  const std::string calls = R"([{"id": "1", "function": {"name": "f", "arguments": {"x": 1}}}])";
  const auto sft = Read(R"({"messages": [{"role": "user", "content": "a"},)"
                        R"({"role": "assistant", "content": null, "tool_calls": )" +
                            calls + R"(}], "tools": [{"type": "function"}]})",
                        Method::kSft);
  ASSERT_EQ(sft.size(), 1u);
  EXPECT_EQ(sft[0].messages[1].tool_calls[0].arguments_json, R"({"x":1})");
  EXPECT_EQ(sft[0].tools_json, R"([{"type":"function"}])");
  const auto dpo = Read(R"({"prompt": "a", "chosen": "b", "rejected": )"
                        R"([{"role": "assistant", "content": "c"}]})",
                        Method::kDpo);
  EXPECT_EQ(dpo[0].messages[0].role, "user");
  EXPECT_EQ(dpo[0].chosen[0].content, "b");
  EXPECT_EQ(dpo[0].rejected[0].content, "c");
}

TEST_F(TuneDataTest, NamesTheLineOfAFault) {
  const std::string good =
      R"({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]})"
      "\n\n";
  EXPECT_EQ(Read(good, Method::kSft).size(), 1u);
  const std::pair<const char*, const char*> faults[] = {
      {"{", "data.jsonl:3: "},
      {"[]", "must be a JSON object"},
      {R"({"messages": []})", "1 to"},
      {R"({"messages": [{"role": "user", "content": "a"}]})", "\"assistant\" to learn"},
      {R"({"messages": [{"role": "robot", "content": "a"}]})", "\"robot\""},
      {R"({"messages": [{"role": "assistant", "content": 5}]})", "\"content\" must be a text"},
      {R"({"messages": [{"role": "assistant", "tool_calls": [1]}]})", "\"function\""},
      {R"({"prompt": "a"})", "\"messages\" is missing"}};
  for (const auto& [line, words] : faults) {
    const std::string error = ErrorOf(good + line, Method::kSft);
    EXPECT_THAT(error, HasSubstr("data.jsonl:3: "));
    EXPECT_THAT(error, HasSubstr(words));
  }
  EXPECT_THAT(ErrorOf(R"({"prompt": "a", "chosen": "b"})", Method::kDpo),
              HasSubstr("\"rejected\" is missing"));
  EXPECT_THAT(ErrorOf(R"({"prompt": "a"})", Method::kGrpo), HasSubstr("\"answer\" is missing"));
  EXPECT_THAT(ErrorOf(R"({"prompt": "a", "answer": "(", "match": "regex"})", Method::kGrpo),
              HasSubstr("data.jsonl:1: "));
  EXPECT_THAT(ErrorOf(R"({"prompt": "a", "answer": 1, "match": "magic"})", Method::kGrpo),
              HasSubstr("\"magic\""));
  EXPECT_THAT(ErrorOf("\n\n", Method::kSft), HasSubstr("no examples"));
}

TEST_F(TuneDataTest, AnswersAreComparedAsTheirKindSays) {
  const auto tasks = Read(
      "{\"prompt\": \"1+1\", \"answer\": 2}\n{\"prompt\": \"x\", \"answer\": \"Paris\"}\n"
      "{\"prompt\": \"x\", \"answer\": [\"a\", \"b\"], \"match\": \"contains\"}\n",
      Method::kGrpo);
  ASSERT_EQ(tasks.size(), 3u);
  EXPECT_EQ(tasks[0].answer.kind, eval::AnswerKind::kNumber);
  EXPECT_EQ(tasks[1].answer.kind, eval::AnswerKind::kExact);
  EXPECT_EQ(tasks[2].answer.kind, eval::AnswerKind::kContains);
  EXPECT_EQ(tasks[2].answer.expected.size(), 2u);
}

TEST_F(TuneDataTest, SumsServeSftAndGrpo) {
  const std::string text = ArithmeticTasks({.count = 50, .largest = 9});
  EXPECT_EQ(text, ArithmeticTasks({.count = 50, .largest = 9}));
  const auto talks = Read(text, Method::kSft), tasks = Read(text, Method::kGrpo);
  ASSERT_EQ(talks.size(), 50u);
  for (size_t i = 0; i < talks.size(); ++i) {
    EXPECT_EQ(talks[i].messages[0].content, tasks[i].messages[0].content);
    const std::string& answer = talks[i].messages[1].content;
    EXPECT_EQ(eval::JudgeAnswer(tasks[i].answer, answer).at("exact_match"), 1);
    EXPECT_EQ(eval::JudgeAnswer(tasks[i].answer, answer + "1").at("exact_match"), 0);
  }
}

TEST(ExampleOrder, DealsEachOnceAPassAndGoesOnWhereItWas) {
  ExampleOrder order({0, 1, 2, 3, 4}, 7), other({0, 1, 2, 3, 4}, 7);
  std::vector<size_t> first;
  for (int i = 0; i < 5; ++i) first.push_back(order.Next());
  std::sort(first.begin(), first.end());
  EXPECT_EQ(first, (std::vector<size_t>{0, 1, 2, 3, 4}));
  order.Next();
  other.SetPosition(order.Position());
  for (int i = 0; i < 12; ++i) EXPECT_EQ(order.Next(), other.Next());
  EXPECT_THROW(other.SetPosition(Json{{"pass", 0}, {"next", 6}}), Error);
}

TEST(SplitExamples, HoldsOutAShareOfMany) {
  EXPECT_TRUE(SplitExamples(19, 0.5, 100, 1).held_out.empty());
  const ExampleSplit split = SplitExamples(100, 0.05, 100, 1);
  EXPECT_EQ(split.held_out.size(), 5u);
  EXPECT_EQ(split.learned.size(), 95u);
  EXPECT_EQ(SplitExamples(1000, 0.5, 10, 1).held_out.size(), 10u);
}

TEST(Pack, KeepsGroupsTogetherWithinTheContext) {
  const TokenText five{{1, 2, 3, 4, 5, 6}, {0, 1, 1, 1, 1, 1}}, two{{7, 8, 9}, {0, 0, 1}};
  const TextGroup groups[] = {{{&five, &two}, 0}, {{&five}, 2}, {{&two}, 3}};
  const auto packs = Pack(groups, 9);
  ASSERT_EQ(packs.size(), 2u);
  EXPECT_EQ(packs[0].texts, (std::vector<int32_t>{0, 1, 3}));
  EXPECT_EQ(packs[0].inputs, (std::vector<int32_t>{1, 2, 3, 4, 5, 7, 8, 7, 8}));
  EXPECT_EQ(packs[0].targets, (std::vector<int32_t>{2, 3, 4, 5, 6, 8, 9, 8, 9}));
  EXPECT_EQ(packs[0].counted, (std::vector<uint8_t>{1, 1, 1, 1, 1, 0, 1, 0, 1}));
  EXPECT_EQ(packs[0].begins, (std::vector<int64_t>{0, 5, 7}));
  EXPECT_EQ(packs[1].texts, (std::vector<int32_t>{2}));
}

}  // namespace
}  // namespace pioneer::tune
