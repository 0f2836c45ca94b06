// Why: answers under a grammar, on a model that would say anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/json.h"
#include "engine/local_generator.h"
#include "engine/test_model.h"

namespace pioneer {
namespace {

using Kind = OutputGrammar::Kind;

constexpr const char* kSchema = R"({"type": "object", "additionalProperties": false,
  "properties": {"temperature_celsius": {"type": "integer", "minimum": 0, "maximum": 50},
                 "comment_of_the_day": {"type": "string", "maxLength": 8}},
  "required": ["temperature_celsius", "comment_of_the_day"]})";

EngineOptions Options() {
  EngineOptions options;
  options.n_threads = 1;
  return options;
}

CompletionRequest Under(Kind kind, const std::string& source, uint64_t seed = 1) {
  CompletionRequest request;
  request.prompt = "Answer:";
  request.options.grammar = {kind, source};
  request.options.sampling.seed = seed;
  return request;
}

std::string ErrorOf(LocalGenerator& generator, const CompletionRequest& request) {
  try {
    generator.Complete(request);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "accepted";
}

TEST(ConstrainedGeneration, AnswersAreInstancesOfTheSchema) {
  LocalGenerator generator(std::make_shared<TestModel>(4000), Options());
  for (uint64_t seed = 0; seed < 10; ++seed) {
    const Collected all = Collect(*generator.Complete(Under(Kind::kJsonSchema, kSchema, seed)));
    EXPECT_EQ(all.reason(), FinishReason::kStop);
    const Json answer = ParseJson(all.texts.at(0));
    ASSERT_EQ(answer.size(), 2u);
    EXPECT_GE(answer.at("temperature_celsius").get<int>(), 0);
    EXPECT_LE(answer.at("temperature_celsius").get<int>(), 50);
    EXPECT_TRUE(answer.at("comment_of_the_day").is_string());
  }
}

TEST(ConstrainedGeneration, EveryKindOfGrammar) {
  LocalGenerator generator(std::make_shared<TestModel>(4000), Options());
  const auto answer = [&](Kind kind, const std::string& source) {
    const Collected all = Collect(*generator.Complete(Under(kind, source)));
    EXPECT_EQ(all.reason(), FinishReason::kStop);
    return all.texts.at(0);
  };
  EXPECT_THAT(answer(Kind::kRegex, "(yes|no), [0-9]{3}"),
              testing::MatchesRegex("(yes|no), [0-9]+"));
  EXPECT_EQ(answer(Kind::kGbnf, "root ::= \"fixed\" \" text\""), "fixed text");
  EXPECT_THAT(answer(Kind::kLark, "start: (\"a\" | \"b\")~2..2 \"!\""),
              testing::MatchesRegex("(a|b)(a|b)!"));
  EXPECT_TRUE(ParseJson(answer(Kind::kJsonSchema, "{\"enum\": [null, [1, 2]]}")).size() < 3);
}

TEST(ConstrainedGeneration, ForcedTokensNeedNoStepsOfTheirOwn) {
  const auto model = std::make_shared<TestModel>(4000);
  LocalGenerator generator(model, Options());
  CompletionRequest request = Under(Kind::kJsonSchema, kSchema);
  request.options.sampling.temperature = 0;
  const Collected forced = Collect(*generator.Complete(request));
  const int n_steps = model->n_steps.exchange(0);
  EXPECT_LT(n_steps, forced.usage.completion_tokens / 2);
  // With log probabilities every token is run by itself; the answer is the same.
  request.options.logprobs = true;
  const Collected single = Collect(*generator.Complete(request));
  EXPECT_EQ(single.texts.at(0), forced.texts.at(0));
  EXPECT_EQ(single.usage.completion_tokens, forced.usage.completion_tokens);
  EXPECT_GE(model->n_steps, single.usage.completion_tokens - 1);
}

TEST(ConstrainedGeneration, TheSameAnswerWhateverElseRuns) {
  LocalGenerator generator(std::make_shared<TestModel>(4000), Options());
  const std::string alone =
      Collect(*generator.Complete(Under(Kind::kJsonSchema, kSchema, 5))).texts.at(0);
  CompletionRequest free;
  free.prompt = "Speak:";
  free.options.limits.max_tokens = 200;
  const auto other = generator.Complete(free);
  const auto third = generator.Complete(Under(Kind::kJsonObject, ""));
  const auto same = generator.Complete(Under(Kind::kJsonSchema, kSchema, 5));
  EXPECT_EQ(Collect(*same).texts.at(0), alone);
  third->Cancel();
  Collect(*other);
}

TEST(ConstrainedGeneration, LimitsHoldInsideForcedText) {
  LocalGenerator generator(std::make_shared<TestModel>(4000), Options());
  CompletionRequest request = Under(Kind::kGbnf, "root ::= \"0123456789\"");
  request.options.limits.max_tokens = 4;
  const Collected cut = Collect(*generator.Complete(request));
  EXPECT_EQ(cut.texts.at(0), "0123");
  EXPECT_EQ(cut.reason(), FinishReason::kLength);
  request.options.limits.max_tokens = 10;
  EXPECT_EQ(Collect(*generator.Complete(request)).reason(), FinishReason::kStop);
  request.options.limits.stop = {"567"};
  const Collected stopped = Collect(*generator.Complete(request));
  EXPECT_EQ(stopped.texts.at(0), "01234");
  EXPECT_EQ(stopped.finishes.at(0).stop_sequence, "567");
}

TEST(ConstrainedGeneration, AGrammarThatCannotBeHeldIsRefusedAtOnce) {
  LocalGenerator generator(std::make_shared<TestModel>(400), Options());
  EXPECT_THAT(ErrorOf(generator, Under(Kind::kRegex, "a(")), testing::HasSubstr("( without its )"));
  EXPECT_THAT(ErrorOf(generator, Under(Kind::kGbnf, "root ::= x")),
              testing::HasSubstr("not defined"));
  EXPECT_THAT(ErrorOf(generator, Under(Kind::kLark, "a: b")), testing::HasSubstr("\"start\""));
  EXPECT_THAT(ErrorOf(generator, Under(Kind::kGbnf, "root ::= \"a\" root")),
              testing::HasSubstr("matches nothing"));
  EXPECT_EQ(generator.stats().running, 0);
}

}  // namespace
}  // namespace pioneer
