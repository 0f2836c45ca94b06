// Every family's syntax is tested on samples: tests/cases/tool_calls/*.txt hold what models write
// and what becomes of it. PIONEER_UPDATE_CASES=1 writes this build's results into the files.
//
// A case: "=== FAMILY: name", then optionally "--- prompt" and the end of the prompt, "--- output",
// what the model writes, "--- events", what comes of it. Each output is read whole, in pieces of
// one token and of one byte; the result must be the same. A name that ends with "(late)" is only
// tested with arguments that go out when they are whole.
#include "text/chat_format/answer_parser.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/utf8.h"
#include "text/chat_template.h"

namespace pioneer::chat_format {
namespace {

const fs::path kCases = fs::path(PIONEER_SOURCE_DIR) / "tests/cases/tool_calls";
const fs::path kTemplates = fs::path(PIONEER_SOURCE_DIR) / "../shared/data/templates";

constexpr char kTools[] = R"([
  {"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{
    "city":{"type":"string"},"days":{"type":"integer"},"urgent":{"type":"boolean"},
    "l":{"type":"array"},"note":{"type":["string","null"]}},"required":["city"]}}},
  {"type":"function","function":{"name":"now"}},
  {"type":"function","function":{"name":"write_file","parameters":{"type":"object","properties":{
    "path":{"type":"string"},"text":{"type":"string"}}}}}])";

struct Case {
  std::string name, prompt, output, events;
};

std::vector<Case> ReadCases(const std::string& text) {
  std::vector<Case> cases;
  std::string* part = nullptr;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), "", "", ""});
      part = nullptr;
    } else if (line == "--- prompt") {
      part = &cases.back().prompt;
    } else if (line == "--- output") {
      part = &cases.back().output;
    } else if (line == "--- events") {
      part = &cases.back().events;
    } else if (part) {
      *part += line + "\n";
    }
  }
  for (Case& one : cases) {
    for (std::string* text_part : {&one.prompt, &one.output, &one.events}) {
      if (text_part->ends_with('\n')) text_part->pop_back();
    }
  }
  return cases;
}

void WriteCases(const fs::path& path, const std::vector<Case>& cases) {
  std::string text;
  for (const Case& one : cases) {
    text += "=== " + one.name + "\n";
    if (!one.prompt.empty()) text += "--- prompt\n" + one.prompt + "\n";
    text += "--- output\n" + one.output + "\n--- events\n" + one.events + "\n";
  }
  WriteFileAtomically(path, text);
}

// Markers and words, as vocabularies have them.
std::vector<std::string> SplitTokens(const std::string& text) {
  std::vector<std::string> tokens;
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    end = begin + 1;
    const size_t close = text.find('>', begin);
    if (text[begin] == '<' && close != std::string::npos && close - begin < 40) {
      end = close + 1;
    } else if (std::isalnum(static_cast<unsigned char>(text[begin])) || text[begin] == ' ') {
      while (end < text.size() && std::isalnum(static_cast<unsigned char>(text[end]))) ++end;
    }
    tokens.push_back(text.substr(begin, end - begin));
  }
  return tokens;
}

std::vector<std::string> SplitBytes(const std::string& text) {
  std::vector<std::string> bytes;
  for (const char c : text) bytes.emplace_back(1, c);
  return bytes;
}

// Neighbours of one kind joined, one line each.
class EventPrinter {
 public:
  void Add(const std::vector<AnswerPiece>& pieces) {
    for (const AnswerPiece& piece : pieces) Add(piece);
  }
  std::string Take() {
    Flush();
    if (out_.ends_with('\n')) out_.pop_back();
    return out_;
  }

 private:
  void Add(const AnswerPiece& piece) {
    using Kind = AnswerPiece::Kind;
    if (piece.kind != kind_ || piece.kind == Kind::kCallBegin) Flush();
    kind_ = piece.kind;
    if (piece.kind == Kind::kCallBegin) {
      out_ += fmt::format("call {} {} {}\n", piece.call, piece.name, piece.id);
    } else if (piece.kind == Kind::kCallEnd) {
      out_ += piece.complete ? "end\n" : "end incomplete\n";
    } else {
      text_ += piece.text;
    }
  }
  void Flush() {
    if (text_.empty()) return;
    const bool arguments = kind_ == AnswerPiece::Kind::kCallArguments;
    out_ += arguments ? "arguments " : kind_ == AnswerPiece::Kind::kText ? "text " : "reasoning ";
    out_ += (arguments ? text_ : DumpJson(OrderedJson(text_))) + "\n";
    text_.clear();
  }

  AnswerPiece::Kind kind_ = AnswerPiece::Kind::kText;
  std::string text_, out_;
};

AnswerParser MakeParser(const ChatFormat& format, const std::string& prompt, bool stream) {
  AnswerParserOptions options;
  options.tools = std::make_shared<ToolSet>(kTools);
  options.prompt_end = prompt;
  options.stream_arguments = stream;
  options.new_id = [n = 0]() mutable { return "id" + std::to_string(n++); };
  return {std::make_shared<ChatFormat>(format), std::move(options)};
}

std::string Parse(AnswerParser parser, const std::vector<std::string>& pieces) {
  EventPrinter printer;
  std::string waiting;
  for (const std::string& piece : pieces) {
    waiting += piece;
    const size_t whole = CompleteUtf8Prefix(waiting);
    printer.Add(parser.Push(waiting.substr(0, whole)));
    waiting.erase(0, whole);
  }
  printer.Add(parser.Finish());
  return printer.Take();
}

const ChatFormat& FindFormat(const std::string& name) {
  for (const ChatFormat& format : ChatFormats()) {
    if (format.name == name) return format;
  }
  Fail(ErrorCode::kInvalidArgument, "no format is called {}", name);
}

void CheckCase(Case& one, bool update, const fs::path& path) {
  const ChatFormat& format = FindFormat(one.name.substr(0, one.name.find(':')));
  const std::string whole = Parse(MakeParser(format, one.prompt, false), {one.output});
  if (update) one.events = whole;
  EXPECT_EQ(whole, one.events) << path.filename() << ": " << one.name;
  for (const bool stream : {false, true}) {
    if (stream && one.name.ends_with("(late)")) continue;
    EXPECT_EQ(Parse(MakeParser(format, one.prompt, stream), SplitTokens(one.output)), one.events)
        << path.filename() << ": " << one.name << ", tokens, stream " << stream;
    EXPECT_EQ(Parse(MakeParser(format, one.prompt, stream), SplitBytes(one.output)), one.events)
        << path.filename() << ": " << one.name << ", bytes, stream " << stream;
  }
}

TEST(AnswerParserCases, AllFiles) {
  const bool update = std::getenv("PIONEER_UPDATE_CASES") != nullptr;
  int n = 0;
  std::set<std::string> families;
  for (const auto& entry : fs::directory_iterator(kCases)) {
    std::vector<Case> cases = ReadCases(ReadFile(entry.path()));
    for (Case& one : cases) {
      CheckCase(one, update, entry.path());
      families.insert(one.name.substr(0, one.name.find(':')));
      ++n;
    }
    if (update) WriteCases(entry.path(), cases);
  }
  for (const ChatFormat& format : ChatFormats()) {
    EXPECT_TRUE(families.contains(format.name)) << "no sample of " << format.name;
  }
  EXPECT_GT(n, 60);
}

// ---- what published templates write of a call is what models write: it must be read back

constexpr char kCallArguments[] = R"({"city": "Oslo", "days": 2, "urgent": true})";

std::string RenderOr(const ChatTemplate& chat_template, const OrderedJson& messages, bool prompt) {
  ChatTemplateInput input;
  input.messages = messages;
  input.tools = ParseOrderedJson(kTools);
  for (OrderedJson& tool : input.tools) {
    tool["function"]["description"] = "d";
    if (!tool["function"].contains("parameters")) {
      tool["function"]["parameters"] = {{"type", "object"}, {"properties", OrderedJson::object()}};
    }
    for (auto& parameter : tool["function"]["parameters"]["properties"]) {
      parameter["description"] = "d";
    }
  }
  input.extra["functions"] = "[]";
  input.extra["datetime"] = "now";
  input.add_generation_prompt = prompt;
  input.eos_token = "</s>";
  try {
    return chat_template.Render(input);
  } catch (const Error&) {
    return "";
  }
}

// The call in the template's words: what stands behind the prompt.
std::string RenderCall(const ChatTemplate& chat_template, std::string* prompt) {
  const OrderedJson user = {{"role", "user"}, {"content", "Weather?"}};
  *prompt = RenderOr(chat_template, OrderedJson::array({user}), true);
  for (const bool without_content : {false, true}) {
    for (const bool as_text : {false, true}) {
      const OrderedJson arguments =
          as_text ? OrderedJson(kCallArguments) : ParseOrderedJson(kCallArguments);
      const OrderedJson call = {{"id", "call12345"},
                                {"type", "function"},
                                {"function", {{"name", "get_weather"}, {"arguments", arguments}}}};
      const OrderedJson assistant = {
          {"role", "assistant"},
          {"content", without_content ? OrderedJson(nullptr) : OrderedJson("")},
          {"tool_calls", OrderedJson::array({call})}};
      std::string text = RenderOr(chat_template, OrderedJson::array({user, assistant}), false);
      const size_t question = text.find("Weather?");
      if (text.find("Oslo", question) == std::string::npos) continue;
      size_t same = 0;
      while (same < std::min(text.size(), prompt->size()) && text[same] == (*prompt)[same]) ++same;
      // Not inside of a marker that both begin alike.
      const size_t open = text.rfind('<', same == 0 ? 0 : same - 1);
      if (open < same && text.find_first_of("> \n", open) >= same) same = open;
      prompt->resize(same);
      return text.substr(same);
    }
  }
  return "";
}

std::string WithoutEnd(std::string text) {
  for (bool cut = true; cut;) {
    cut = false;
    for (const std::string_view end : {"<|im_end|>",
                                       "</s>",
                                       "<|eot_id|>",
                                       "<|eom_id|>",
                                       "<|end_of_text|>",
                                       "<|eot|>",
                                       "[e~[",
                                       "<|END_OF_TURN_TOKEN|>",
                                       "<end_of_sentence>",
                                       "<seed:eos>",
                                       "<turn|>",
                                       "<|end|>",
                                       "<｜end▁of▁sentence｜>",
                                       "<|role_end|>",
                                       "<SPECIAL_12>",
                                       "<|assistant_end|>",
                                       "<｜hy_eos:opensource｜>",
                                       "<sep>",
                                       "</assistant>",
                                       "<|message_sep|>",
                                       "\n"}) {
      if (!text.ends_with(end)) continue;
      text.resize(text.size() - end.size());
      cut = true;
    }
  }
  return text;
}

TEST(AnswerParser, ReadsWhatPublishedTemplatesWrite) {
  if (!fs::exists(kTemplates)) GTEST_SKIP() << "no templates in ../shared/data/templates";
  int n_read = 0, n_written = 0;
  for (const auto& entry : fs::directory_iterator(kTemplates)) {
    const std::string source = ReadFile(entry.path());
    std::string prompt;
    const std::string output = WithoutEnd(RenderCall(ChatTemplate(source), &prompt));
    if (output.empty()) continue;
    ++n_written;
    const ChatFormat format = DetectChatFormat(source);
    const std::string events = Parse(MakeParser(format, prompt, false), {output});
    std::istringstream lines(events);
    std::string name, arguments;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("call 0 ")) name = line.substr(7, line.find(' ', 7) - 7);
      if (line.starts_with("arguments ")) arguments = line.substr(10);
    }
    const bool same = name == "get_weather" && !arguments.empty() &&
                      ParseJson(arguments) == ParseJson(kCallArguments);
    n_read += same ? 1 : 0;
    EXPECT_TRUE(same) << entry.path().filename() << " (" << format.name << ")\n"
                      << output << "\n->\n"
                      << events;
  }
  EXPECT_GE(n_written, 55);
  EXPECT_EQ(n_read, n_written);
}

}  // namespace
}  // namespace pioneer::chat_format
