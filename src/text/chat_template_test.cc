#include "text/chat_template.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <sstream>
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
    if (!entry.is_regular_file()) continue;
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
  EXPECT_EQ(Render("a\n\n{{ x.y + 1 }}"),
            "ERROR invalid_argument: chat template, line 3: 'y' is undefined");
  EXPECT_EQ(Render("{{ raise_exception('no tools here') }}"),
            "ERROR invalid_argument: no tools here");
  for (const char* source :
       {"{% for x in %}", "{{ 'a }}", "{{ (1 }}", "{% if 1 %}", "{% endif %}", "{{ 1 | nonsense }}",
        "{{ 1 is nonsense }}", "{# open", "{% raw %}", "{% break %}", "{{ 1 // 0 }}",
        "{{ none + 'a' }}", "{{ [1][:'a'] }}"}) {
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

// ---- the published templates against npm @huggingface/jinja: see render.mjs beside the cases

std::string Fnv1a(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return fmt::format("{:016x}", hash);
}

std::vector<std::string> SplitWords(const std::string& line) {
  std::istringstream words(line);
  return {std::istream_iterator<std::string>(words), {}};
}

// The rendering; what it failed with, after "!", when the template refused, else after "-".
std::string RenderPublished(const ChatTemplate& chat_template, const OrderedJson& cases,
                            const std::string& name, bool add_generation_prompt) {
  const OrderedJson& conversation = cases["conversations"][name];
  ChatTemplateInput input;
  input.messages = conversation["messages"];
  if (conversation.contains("tools")) input.tools = cases["tools"];
  if (conversation.contains("extra")) input.extra = conversation["extra"];
  input.add_generation_prompt = add_generation_prompt;
  input.bos_token = "<s>";
  input.eos_token = "</s>";
  input.now_unix_s = 1772625600;
  try {
    return chat_template.Render(input);
  } catch (const Error& error) {
    const std::string message = error.what();
    return (message.starts_with("chat template, line") ? "-" : "!") + message;
  }
}

// Where the package itself fails ("-"), because it lacks what Jinja has, we may do better.
void ExpectAsPublished(const std::string& got, const std::string& expected,
                       const std::string& where) {
  const bool refused = got.starts_with('!'), failed = got.starts_with('-');
  if (expected == "-") return;
  if (expected == "!") {
    EXPECT_TRUE(refused) << where << ": " << got;
  } else {
    EXPECT_TRUE(!refused && !failed && Fnv1a(got) == expected) << where << ": " << got;
  }
}

TEST(ChatTemplate, PublishedTemplatesRenderAsTheReferenceDoes) {
  if (!fs::exists(kTemplates)) GTEST_SKIP() << "no templates in ../shared/data/templates";
  const OrderedJson cases = ParseOrderedJson(ReadFile(kCases / "published/conversations.json"));
  std::istringstream lines(ReadFile(kCases / "published/renderings.txt"));
  std::string line;
  std::getline(lines, line);
  const std::vector<std::string> names = SplitWords(line);
  int n_templates = 0;
  for (; std::getline(lines, line); ++n_templates) {
    const std::vector<std::string> cells = SplitWords(line);
    ASSERT_EQ(cells.size(), names.size());
    const ChatTemplate chat_template(ReadFile(kTemplates / cells[0]));
    for (size_t i = 1; i < cells.size(); ++i) {
      const size_t slash = cells[i].find('/');
      const std::string where = cells[0] + " " + names[i];
      ExpectAsPublished(RenderPublished(chat_template, cases, names[i], false),
                        cells[i].substr(0, slash), where);
      ExpectAsPublished(RenderPublished(chat_template, cases, names[i], true),
                        cells[i].substr(slash + 1), where + "+");
    }
  }
  EXPECT_EQ(n_templates, 70);
}

}  // namespace
}  // namespace pioneer
