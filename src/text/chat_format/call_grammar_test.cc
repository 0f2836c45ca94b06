// Under each family's grammar goes exactly what its parser reads as a call.
#include "text/chat_format/call_grammar.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/chat_format/answer_parser.h"
#include "text/chat_format/call_pattern.h"
#include "text/grammar/constraint.h"

namespace pioneer::chat_format {
namespace {

constexpr char kTools[] = R"([
  {"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{
    "city":{"type":"string"},"days":{"type":"integer"}},"required":["city"]}}},
  {"type":"function","function":{"name":"now"}}])";

// A vocabulary of single bytes.
std::shared_ptr<const grammar::TokenTrie> ByteTrie() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 255; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  return std::make_shared<grammar::TokenTrie>(tokens, std::vector<int32_t>());
}

struct Compiled {
  std::shared_ptr<const grammar::Constraint> constraint;
  bool Takes(std::string_view text) const {
    grammar::ConstraintState state(constraint);
    return state.AcceptBytes(text) && state.CanEnd();
  }
  bool Begins(std::string_view text) const {
    return grammar::ConstraintState(constraint).AcceptBytes(text);
  }
};

const ChatFormat& FindFormat(std::string_view name) {
  for (const ChatFormat& format : ChatFormats()) {
    if (format.name == name) return format;
  }
  Fail(ErrorCode::kInvalidArgument, "no format is called {}", name);
}

Compiled Compile(std::string_view family, const CallGrammarOptions& options) {
  auto made = MakeCallGrammar(FindFormat(family), ToolSet(kTools), options);
  if (!made) return {};
  return {grammar::Constraint::Compile(std::move(*made), ByteTrie())};
}

TEST(CallGrammar, AnswersAreFreeUntilACallBegins) {
  const Compiled hermes = Compile("hermes", {});
  EXPECT_TRUE(hermes.Takes("Hello <tool> & <tool_cal"));
  EXPECT_TRUE(
      hermes.Takes("Well.\n<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>"));
  EXPECT_TRUE(
      hermes.Begins("<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"O"));
  EXPECT_FALSE(hermes.Begins("<tool_call>\n{\"name\": \"fly\""));
  EXPECT_FALSE(
      hermes.Begins("<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": 1"));
  EXPECT_FALSE(hermes.Takes("<tool_call>\n{\"name\": \"now\", \"arguments\": {}}"));
}

TEST(CallGrammar, RequiredAndNamedCallsAreForced) {
  CallGrammarOptions options;
  options.required = true;
  const std::string now = "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>";
  EXPECT_TRUE(Compile("hermes", options).Takes(now));
  EXPECT_TRUE(Compile("hermes", options).Takes(now + "\n" + now));
  EXPECT_FALSE(Compile("hermes", options).Begins("Well"));
  options.parallel = false;
  EXPECT_FALSE(Compile("hermes", options).Begins(now + "\n" + now));
  options.name = "get_weather";
  EXPECT_FALSE(Compile("hermes", options).Begins(now));
}

// What each family's grammar lets through at its shortest is what its parser reads as that call.
TEST(CallGrammar, EveryFamilyReadsWhatItForces) {
  CallGrammarOptions options;
  options.required = true;
  options.name = "get_weather";
  options.parallel = false;
  for (const ChatFormat& format : ChatFormats()) {
    const Compiled compiled = Compile(format.name, options);
    ASSERT_TRUE(compiled.constraint) << format.name;
    grammar::ConstraintState state(compiled.constraint);
    // Follow what is forced; where there is a choice, the first of these that fits, each once.
    const CallSyntax& calls = format.calls;
    const std::string& lead =
        calls.section_begin.empty() ? LeadingLiteral(calls.calls.front()) : calls.section_begin;
    std::vector<std::string> wanted = {"{\"name\"", "{\"city\":", "\"city\":", "get_weather"};
    if (calls.values == ValueStyle::kPython) wanted = {"'Oslo')]<|tool_call_end|>"};
    if (calls.values == ValueStyle::kGemma) wanted = {"Oslo<|\"|>}<tool_call|>"};
    if (!calls.parameter.empty() && calls.values == ValueStyle::kTyped) {
      std::string value = "Oslo" + calls.parameter.substr(calls.parameter.find("%v") + 2);
      if (const size_t key = value.find("%i"); key != std::string::npos)
        value.replace(key, 2, "city");
      wanted.insert(wanted.begin(), value);
      const std::string& call = calls.calls.front();
      const std::string end = call.substr(call.find("%p") + 2);
      for (size_t i = 0; i < end.size(); ++i) wanted.push_back(end.substr(i));
    }
    for (const char* more : {"7", "\"Oslo", "Oslo", "\"}", "\"", "}", "<|tool_call:n",
                             "<|tool_call_arg", "\n</", "</", "<|close", "]<]mini", "["}) {
      wanted.push_back(more);
    }
    std::string text;
    for (const std::string& begin : {std::string(TrimmedFront(lead)), lead, " " + lead}) {
      if (text.empty() && state.AcceptBytes(begin)) text = begin;
    }
    while (!(state.CanEnd() && text.find("Oslo") != std::string::npos)) {
      std::string next = state.ForcedBytes();
      for (std::string& one : wanted) {
        if (!next.empty()) break;
        grammar::ConstraintState probe = state;
        if (!one.empty() && probe.AcceptBytes(one)) next = std::exchange(one, "");
      }
      if (next.empty() || !state.AcceptBytes(next)) break;
      text += next;
    }
    AnswerParserOptions parse;
    parse.tools = std::make_shared<ToolSet>(kTools);
    AnswerParser parser(std::make_shared<ChatFormat>(format), std::move(parse));
    std::vector<AnswerPiece> pieces = parser.Push(text);
    for (AnswerPiece& piece : parser.Finish()) pieces.push_back(std::move(piece));
    ASSERT_TRUE(parser.has_calls()) << format.name << ": " << text;
    EXPECT_EQ(pieces.back().kind, AnswerPiece::Kind::kCallEnd) << format.name << ": " << text;
    EXPECT_TRUE(pieces.back().complete) << format.name << ": " << text;
  }
}

TEST(CallGrammar, CallsWithoutAMarkerAreForcedOnlyWhenRequired) {
  EXPECT_FALSE(Compile("llama-3", {}).constraint);
  CallGrammarOptions options;
  options.required = true;
  EXPECT_TRUE(Compile("llama-3", options).Takes("{\"name\": \"now\", \"parameters\": {}}"));
}

TEST(CallGrammar, ParametersFollowTheSchema) {
  const Compiled coder = Compile("qwen3-coder", {});
  const std::string begin = "<tool_call>\n<function=get_weather>\n";
  EXPECT_TRUE(coder.Takes(begin + "<parameter=city>\na < b\n</parameter>\n<parameter=days>\n2\n"
                                  "</parameter>\n</function>\n</tool_call>"));
  EXPECT_FALSE(coder.Begins(begin + "</function>"));  // city is required
  EXPECT_FALSE(coder.Begins(begin + "<parameter=colour>"));
  EXPECT_FALSE(coder.Begins(begin + "<parameter=city>\nx\n</parameter>\n<parameter=days>\nmany"));
}

constexpr char kOrderTools[] = R"([{"type":"function","function":{"name":"order","parameters":{
  "type":"object","properties":{
    "size":{"enum":["small","large"]},
    "count":{"type":"integer","minimum":1,"maximum":9},
    "gift":{"type":"boolean"},
    "extras":{"type":"array","items":{"type":"string","pattern":"^[a-z]+$"},"maxItems":2},
    "to":{"type":"object","properties":{"street":{"type":"string"},"floor":{"type":["integer","null"]}},
          "required":["street"],"additionalProperties":false}},
  "required":["size","extras"]}}}])";

Compiled CompileOrder(std::string_view family) {
  CallGrammarOptions options;
  options.required = true;
  auto made = MakeCallGrammar(FindFormat(family), ToolSet(kOrderTools), options);
  return {grammar::Constraint::Compile(std::move(*made), ByteTrie())};
}

// What the parser makes of the call's arguments.
std::string ArgumentsOf(std::string_view family, std::string_view text) {
  AnswerParserOptions parse;
  parse.tools = std::make_shared<ToolSet>(kOrderTools);
  AnswerParser parser(std::make_shared<ChatFormat>(FindFormat(family)), std::move(parse));
  std::vector<AnswerPiece> pieces = parser.Push(text);
  for (AnswerPiece& piece : parser.Finish()) pieces.push_back(std::move(piece));
  std::string arguments;
  for (const AnswerPiece& piece : pieces) {
    if (piece.kind == AnswerPiece::Kind::kCallArguments) arguments += piece.text;
  }
  return DumpJson(ParseOrderedJson(arguments));
}

// A call with all arguments is taken and read as `parsed`; none of the beginnings is one of a call.
void ExpectHeld(std::string_view family, const std::string& begin, const std::string& end,
                const std::string& arguments, std::string_view parsed,
                const std::vector<std::string>& wrong_beginnings) {
  const Compiled grammar = CompileOrder(family);
  EXPECT_TRUE(grammar.Takes(begin + arguments + end));
  EXPECT_EQ(ArgumentsOf(family, begin + arguments + end), parsed);
  for (const std::string& wrong : wrong_beginnings) {
    EXPECT_FALSE(grammar.Begins(begin + wrong)) << wrong;
  }
}

TEST(CallGrammar, PythonsValuesFollowTheSchema) {
  const std::string begin = "<|tool_call_start|>[order(", end = ")]<|tool_call_end|>";
  ExpectHeld("lfm2", begin, end,
             R"(size="large", count=2, gift=True, extras=['nuts', "milk"], )"
             R"(to={"street": "A \"b\"", "floor": None})",
             R"({"size":"large","count":2,"gift":true,"extras":["nuts","milk"],)"
             R"("to":{"street":"A \"b\"","floor":null}})",
             {"size='medium'", "size=\"small\", count=0", "size=\"small\", count=10,",
              "size=\"small\", gift=true", "extras=[]", "size='small')", "size='small', extras=['A",
              "size='small', extras=['a', 'b', ", "size='small', extras=[], to={'floor': 1}",
              "size='small', extras=[], to={\"street\": \"\\u"});
  EXPECT_TRUE(CompileOrder("lfm2").Takes(begin + "size='small', extras=[]" + end));
}

TEST(CallGrammar, GemmasValuesFollowTheSchema) {
  ExpectHeld(
      "gemma-4", "<|tool_call>call:order{", "}<tool_call|>",
      "size:<|\"|>large<|\"|>,count:2,gift:true,extras:[<|\"|>nuts<|\"|>,<|\"|>milk<|\"|>],"
      "to:{street:<|\"|>A \"b\"\n<|\"|>,floor:null}",
      R"({"size":"large","count":2,"gift":true,"extras":["nuts","milk"],)"
      R"("to":{"street":"A \"b\"\n","floor":null}})",
      {"size:<|\"|>medium", "size:\"small", "size:<|\"|>small<|\"|>,count:10,", "extras:[]",
       "size:<|\"|>small<|\"|>,extras:[<|\"|>A", "size:<|\"|>small<|\"|>,extras:[],to:{floor",
       "size:<|\"|>small<|\"|>,extras:[],to:{\"street"});
}

TEST(CallGrammar, SchemasThatCannotBeHeldAreNamed) {
  const ToolSet tools(
      R"([{"type":"function","function":{"name":"f","parameters":{"type":"nonsense"}}}])");
  try {
    MakeCallGrammar(FindFormat("hermes"), tools, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("tools[0].function.parameters"))
        << error.what();
  }
}

}  // namespace
}  // namespace pioneer::chat_format
