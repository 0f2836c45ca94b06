#include "eval/call_rule.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace pioneer::eval {
namespace {

CallRule Rule() {
  return {ParseJson(R"([{"type":"function","function":{"name":"timer","parameters":{
            "type":"object","properties":{"minutes":{"type":"integer"},"name":{"type":"string"}},
            "required":["minutes"]}}}])"),
          ParseJson(R"({"name":"timer","arguments":{"minutes":5}})")};
}

std::pair<double, double> Judge(const std::vector<ToolUse>& calls) {
  const auto scores = JudgeCall(Rule(), calls);
  return {scores.at("exact_match"), scores.at("valid_call")};
}

TEST(CallRule, ComparesAsJson) {
  EXPECT_EQ(Judge({{"timer", R"({ "minutes" : 5 })"}}), std::pair(1.0, 1.0));
  EXPECT_EQ(Judge({{"timer", R"({"minutes":6})"}}), std::pair(0.0, 1.0));
  EXPECT_EQ(Judge({{"timer", R"({"minutes":5,"name":"tea"})"}}), std::pair(0.0, 1.0));
}

TEST(CallRule, SaysWhatNoProgramCouldUse) {
  EXPECT_EQ(Judge({}), std::pair(0.0, 0.0));
  EXPECT_EQ(Judge({{"timer", R"({"minutes":5})"}, {"timer", R"({"minutes":5})"}}),
            std::pair(0.0, 0.0));
  EXPECT_EQ(Judge({{"clock", R"({"minutes":5})"}}), std::pair(0.0, 0.0));
  EXPECT_EQ(Judge({{"timer", R"({"minutes":"5"})"}}), std::pair(0.0, 0.0));
  EXPECT_EQ(Judge({{"timer", R"({"minutes":5,"more":1})"}}), std::pair(0.0, 0.0));
  EXPECT_EQ(Judge({{"timer", R"({"name":"tea"})"}}), std::pair(0.0, 0.0));
  EXPECT_EQ(Judge({{"timer", "[5]"}}), std::pair(0.0, 0.0));
  EXPECT_EQ(Judge({{"timer", "{5"}}), std::pair(0.0, 0.0));
}

TEST(CallRule, IsChecked) {
  EXPECT_NO_THROW(CheckCallRule(Rule()));
  for (const char* tools : {"[]", "{}", "[{}]", R"([{"function":{"name":1}}])"}) {
    CallRule rule = Rule();
    rule.tools = ParseJson(tools);
    EXPECT_THROW(CheckCallRule(rule), Error) << tools;
  }
  for (const char* expected :
       {"1", "{}", R"({"name":"clock","arguments":{}})", R"({"name":"timer","arguments":5})"}) {
    CallRule rule = Rule();
    rule.expected = ParseJson(expected);
    EXPECT_THROW(CheckCallRule(rule), Error) << expected;
  }
}

}  // namespace
}  // namespace pioneer::eval
