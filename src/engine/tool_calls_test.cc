// Why: tools from the request to the events, through template, grammar and parser, on a model that
// would say anything.
#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/local_generator.h"
#include "engine/template_abilities.h"
#include "engine/test_model.h"

namespace pioneer {
namespace {

constexpr char kTools[] = R"([
  {"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{
    "city":{"type":"string","enum":["Oslo","Rome"]}},"required":["city"],
    "additionalProperties":false}}},
  {"type":"function","function":{"name":"now","parameters":{"type":"object","properties":{},
    "additionalProperties":false}}}])";

// Hermes' family.
constexpr char kTemplate[] =
    "{% if tools %}{{ tools | tojson }}{% endif %}{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{{ m.reasoning_content }}{{ m.content }}{% for c in m.tool_calls %}<tool_call>"
    "{{ c.function.name }}{{ c.function.arguments | tojson }}</tool_call>{% endfor %}<|im_end|>"
    "{% endfor %}<|im_start|>assistant>";

struct Answer {
  std::string text, thoughts;
  std::vector<ToolCallEvent> calls;
  FinishEvent finish;
  UsageEvent usage;
};

Answer Ask(const std::shared_ptr<TestModel>& model, const ChatRequest& request) {
  EngineOptions options;
  options.n_threads = 1;
  LocalGenerator generator(model, options);
  const auto generation = generator.Chat(request);
  Answer answer;
  while (auto event = generation->Next()) {
    if (auto* text = std::get_if<TextEvent>(&*event)) answer.text += text->text;
    if (auto* thoughts = std::get_if<ReasoningEvent>(&*event)) answer.thoughts += thoughts->text;
    if (auto* finish = std::get_if<FinishEvent>(&*event)) answer.finish = *finish;
    if (auto* usage = std::get_if<UsageEvent>(&*event)) answer.usage = *usage;
    auto* call = std::get_if<ToolCallEvent>(&*event);
    if (call == nullptr) continue;
    if (!call->name.empty()) {
      answer.calls.push_back(*call);
    } else {
      answer.calls.back().arguments += call->arguments;
      answer.calls.back().finished |= call->finished;
    }
  }
  return answer;
}

ChatRequest Request(ToolChoice choice) {
  ChatRequest request;
  request.messages.push_back({"user", "Hi", "", "", {}});
  request.tools_json = kTools;
  request.tool_choice = choice;
  request.options.sampling.seed = 7;
  return request;
}

std::shared_ptr<TestModel> Model(const std::string& says = "") {
  auto model = std::make_shared<TestModel>(
      4096, says.empty() ? TestModel::Program() : TestModel::Saying(says));
  model->chat_template_ = kTemplate;
  return model;
}

TEST(ToolCalls, ARequiredCallIsForcedOutOfAModelThatSaysAnything) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    ChatRequest request = Request(ToolChoice::kRequired);
    request.parallel_tool_calls = false;
    request.options.sampling.seed = seed;
    const Answer answer = Ask(Model(), request);
    ASSERT_EQ(answer.calls.size(), 1u) << answer.text << answer.finish.error;
    EXPECT_TRUE(answer.calls[0].name == "weather" || answer.calls[0].name == "now");
    EXPECT_TRUE(answer.calls[0].finished);
    EXPECT_TRUE(ParseJson(answer.calls[0].arguments).is_object());
    EXPECT_EQ(answer.text, "");
    EXPECT_EQ(answer.finish.reason, FinishReason::kToolCalls);
  }
}

TEST(ToolCalls, ANamedToolIsTheOneThatIsCalled) {
  ChatRequest request = Request(ToolChoice::kNamed);
  request.tool_name = "weather";
  request.parallel_tool_calls = false;
  const Answer answer = Ask(Model(), request);
  ASSERT_EQ(answer.calls.size(), 1u) << answer.text << answer.finish.error;
  EXPECT_EQ(answer.calls[0].name, "weather");
  const std::string city = ParseJson(answer.calls[0].arguments)["city"];
  EXPECT_TRUE(city == "Oslo" || city == "Rome") << city;
}

TEST(ToolCalls, AutoLeavesTextFreeAndReadsCalls) {
  EXPECT_EQ(Ask(Model("Just text."), Request(ToolChoice::kAuto)).text, "Just text.");
  // The test model says its text anew behind a '>' or ':', so the call is cut there by the grammar.
  ChatRequest request = Request(ToolChoice::kAuto);
  request.parallel_tool_calls = false;
  const Answer answer = Ask(Model("<tool_call>"), request);
  ASSERT_GE(answer.calls.size(), 1u) << answer.text << answer.finish.error;
  EXPECT_TRUE(answer.calls[0].finished);
  EXPECT_EQ(answer.finish.reason, FinishReason::kToolCalls);
}

TEST(ToolCalls, WithNoneACallIsText) {
  const Answer answer = Ask(Model("<tool_call"), Request(ToolChoice::kNone));
  EXPECT_EQ(answer.text, "<tool_call");
  EXPECT_TRUE(answer.calls.empty());
}

TEST(ToolCalls, ASchemaThatCannotBeHeldIsRefused) {
  ChatRequest request = Request(ToolChoice::kAuto);
  request.tools_json =
      R"([{"type":"function","function":{"name":"f","parameters":{"type":"nonsense"}}}])";
  try {
    Ask(Model(), request);
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("tools[0].function.parameters"))
        << error.what();
  }
}

TEST(ToolCalls, ThoughtsAreEventsOfTheirOwn) {
  auto model =
      std::make_shared<TestModel>(4096, [](const std::vector<int32_t>& history) -> int32_t {
        size_t last = history.size();
        while (last > 0 && history[last - 1] != TestTokenizer::kThink) --last;
        const size_t n = history.size() - last;
        const std::string says = "Hm.</think>Yes";
        return n < says.size() ? static_cast<uint8_t>(says[n]) : TestTokenizer::kEos;
      });
  model->chat_template_ =
      "{% for m in messages %}{{ m.content }}</think>{% endfor %}"
      "{% if enable_thinking is not defined or enable_thinking %}<think>{% endif %}";
  ChatRequest request = Request(ToolChoice::kAuto);
  request.tools_json.clear();
  const Answer answer = Ask(model, request);
  EXPECT_EQ(answer.thoughts, "Hm.");
  EXPECT_EQ(answer.text, "Yes");
  EXPECT_EQ(answer.finish.reason, FinishReason::kStop);
  EXPECT_GT(answer.usage.reasoning_tokens, 0);
  EXPECT_LT(answer.usage.reasoning_tokens, answer.usage.completion_tokens);
}

constexpr char kSpacedTemplate[] =
    "{% for m in messages %}<{{ m.role }}>{% if m.role == 'assistant' %}{{ ' ' }}{% endif %}"
    "{{ m.content }}{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}";

TEST(TemplateAbilities, ASpaceBeforeAnswersIsTheTemplates) {
  EXPECT_TRUE(ProbeTemplate(ChatTemplate(kSpacedTemplate)).space_before_answers);
  EXPECT_FALSE(ProbeTemplate(ChatTemplate(kDefaultChatTemplate)).space_before_answers);
  ChatRequest request = Request(ToolChoice::kNone);
  request.tools_json.clear();
  for (const auto& [says, text] : {std::pair{" Yes", "Yes"}, {"Yes, no", "Yes, no"}}) {
    auto model = Model(says);
    model->chat_template_ = kSpacedTemplate;
    EXPECT_EQ(Ask(model, request).text, text);
  }
}

TEST(TemplateAbilities, AreFoundByTrying) {
  const TemplateAbilities plain = ProbeTemplate(ChatTemplate(kDefaultChatTemplate));
  EXPECT_TRUE(plain.system);
  EXPECT_FALSE(plain.tools);
  const TemplateAbilities full = ProbeTemplate(ChatTemplate(kTemplate));
  EXPECT_TRUE(full.tools);
  EXPECT_FALSE(full.arguments_as_text);
  EXPECT_FALSE(full.calls_without_content);
  const TemplateAbilities odd = ProbeTemplate(ChatTemplate(
      "{{ tools | tojson }}{% for m in messages %}{% if m.role == 'system' %}"
      "{{ raise_exception('no') }}{% endif %}{% if m.content is none %}{% for c in m.tool_calls %}"
      "{{ '' + c.function.arguments }}{% endfor %}{% endif %}{% endfor %}"));
  EXPECT_FALSE(odd.system);
  EXPECT_TRUE(odd.tools);
  EXPECT_TRUE(odd.arguments_as_text);
  EXPECT_TRUE(odd.calls_without_content);
}

TEST(TemplateAbilities, WhatATemplateCannotIsSaidInMessages) {
  std::vector<ChatMessage> messages;
  messages.push_back({"user", "Weather?", "", "", {}});
  messages.push_back({"assistant", "Well.", "", "", {{"c1", "weather", "{\"city\": \"Oslo\"}"}}});
  messages.push_back({"tool", "cold", "weather", "c1", {}});
  const auto told = TellAboutTools(messages, ParseOrderedJson(kTools), true);
  ASSERT_EQ(told.size(), 4u);
  EXPECT_EQ(told[0].role, "system");
  EXPECT_NE(told[0].content.find("weather"), std::string::npos);
  EXPECT_EQ(told[2].content,
            "Well.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Oslo\"}}\n"
            "</tool_call>");
  EXPECT_EQ(told[3].role, "user");
  EXPECT_EQ(told[3].content, "<tool_response>\ncold\n</tool_response>");
  EXPECT_NE(TellAboutTools(messages, ParseOrderedJson(kTools), false)[0].content.find("weather"),
            std::string::npos);
}

}  // namespace
}  // namespace pioneer
