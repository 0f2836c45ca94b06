#include "text/chat_template.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace pioneer {
namespace {

const fs::path kCases = fs::path(PIONEER_SOURCE_DIR) / "tests/cases/chat_template";
const fs::path kTemplates = fs::path(PIONEER_SOURCE_DIR) / "../shared/data/templates";
constexpr std::string_view kSeparator = "\n=====\n";

ChatTemplateInput ReadInput(std::string_view json) {
  ChatTemplateInput input;
  OrderedJson given = ParseOrderedJson(json);
  if (given.contains("messages")) input.messages = given["messages"];
  if (given.contains("tools")) input.tools = given["tools"];
  if (given.contains("extra")) input.extra = given["extra"];
  input.add_generation_prompt = given.value("add_generation_prompt", true);
  input.bos_token = "<s>";
  input.eos_token = "</s>";
  return input;
}

std::string RenderOrError(std::string_view source, const ChatTemplateInput& input) {
  try {
    return ChatTemplate(source).Render(input);
  } catch (const Error& error) {
    return std::string("ERROR ") + ErrorCodeName(error.code()) + ": " + error.what();
  }
}

std::string Render(std::string_view source) {
  return RenderOrError(source, ReadInput(R"({"messages": [{"role": "user", "content": "hi"}]})"));
}

// Each case is a file: template, input as JSON, expected text, with lines of "=====" between. With
// PIONEER_UPDATE_CASES=1 the expected texts are written anew.
TEST(ChatTemplateCases, GiveTheExpectedText) {
  int n = 0;
  for (const auto& entry : fs::directory_iterator(kCases)) {
    const std::string file = ReadFile(entry.path());
    const size_t first = file.find(kSeparator);
    const size_t second = file.find(kSeparator, first + 1);
    ASSERT_NE(second, std::string::npos) << entry.path();
    const std::string head = file.substr(0, second + kSeparator.size());
    const std::string text = RenderOrError(
        file.substr(0, first), ReadInput(file.substr(first + kSeparator.size(), second - first)
                                             .substr(0, second - first - kSeparator.size())));
    if (std::getenv("PIONEER_UPDATE_CASES") != nullptr) {
      WriteFileAtomically(entry.path(), head + text + "\n");
    } else {
      EXPECT_EQ(text + "\n", file.substr(head.size())) << entry.path();
    }
    ++n;
  }
  EXPECT_GE(n, 8);
}

TEST(ChatTemplate, DefaultIsChatMl) {
  EXPECT_EQ(Render(kDefaultChatTemplate),
            "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatTemplate, MistakesNameTheLine) {
  EXPECT_EQ(Render("a\n{% if %}"),
            "ERROR invalid_argument: chat template, line 2: an expression is missing");
  EXPECT_EQ(Render("a\n\n{{ x.y }}"),
            "ERROR invalid_argument: chat template, line 3: 'x' is undefined: it has no attribute "
            "'y'");
  EXPECT_EQ(Render("{{ raise_exception('no tools here') }}"),
            "ERROR invalid_argument: no tools here");
  for (const char* source : {"{% for x in %}", "{{ 'a }}", "{{ (1 }}", "{% if 1 %}", "{% endif %}",
                             "{{ 1 | nonsense }}", "{{ 1 is nonsense }}", "{# open", "{% raw %}",
                             "{% break %}", "{{ 1 // 0 }}", "{{ 'a' + 1 }}", "{{ [1][:'a'] }}"}) {
    EXPECT_EQ(Render(source).substr(0, 22), "ERROR invalid_argument") << source;
  }
}

TEST(ChatTemplate, HostileTemplatesMeetALimit) {
  const std::string limit = "ERROR out_of_memory";
  for (const std::string source :
       {"{% for i in range(1000000000) %}{% endfor %}",
        "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(100) %}"
        "{% set ns.s = ns.s + ns.s %}{% endfor %}",
        "{{ 'a' * 10000000000 }}", "{{ [0] * 10000000000 }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{% set l = [] %}{{ l.append(l) }}{{ l }}",
        "{% set l = [] %}{{ l.append(l) }}{{ l | tojson }}",
        "{% set l = [] %}{% set m = [] %}{{ l.append(l) }}{{ m.append(m) }}{{ l == m }}",
        "{% set ns = namespace(l=[]) %}{% for i in range(90) %}{% set ns.l = [ns.l, ns.l] %}"
        "{% endfor %}{{ ns.l }}",
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% for i in range(100000) %}{{ '%-500s' }}{{ 'a' * 1000 }}{% endfor %}"}) {
    EXPECT_EQ(Render(source).substr(0, limit.size()), limit) << source;
  }
}

TEST(ChatTemplate, DeepNestingIsRefused) {
  const std::string refused = "ERROR invalid_argument";
  const auto repeat = [](std::string_view text, int n) {
    std::string all;
    for (int i = 0; i < n; ++i) all += text;
    return all;
  };
  EXPECT_EQ(Render("{{ " + repeat("(", 100000)).substr(0, 22), refused);
  EXPECT_EQ(Render("{{ " + repeat("[", 100000)).substr(0, 22), refused);
  EXPECT_EQ(Render("{{ " + repeat("not ", 100000)).substr(0, 22), refused);
  EXPECT_EQ(Render("{{ " + repeat("-", 100000)).substr(0, 22), refused);
  EXPECT_EQ(Render("{{ 1" + repeat("+1", 100000) + "}}").substr(0, 22), refused);
  EXPECT_EQ(Render("{{ a" + repeat(".a", 100000) + "}}").substr(0, 22), refused);
  EXPECT_EQ(Render(repeat("{% if 1 %}", 100000)).substr(0, 22), refused);
}

TEST(ChatTemplate, PublishedTemplatesRender) {
  if (!fs::exists(kTemplates)) GTEST_SKIP() << "no templates in ../shared/data/templates";
  const ChatTemplateInput input =
      ReadInput(R"({"messages": [{"role": "user", "content": "Hello 안녕"}]})");
  int n_rendered = 0;
  for (const auto& entry : fs::directory_iterator(kTemplates)) {
    const ChatTemplate chat_template(ReadFile(entry.path()));
    try {
      const std::string text = chat_template.Render(input);
      EXPECT_NE(text.find("Hello 안녕"), std::string::npos) << entry.path();
      ++n_rendered;
    } catch (const Error& error) {  // a few ask for variables of their own
      EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument) << entry.path();
    }
  }
  EXPECT_GE(n_rendered, 65);
}

}  // namespace
}  // namespace pioneer
