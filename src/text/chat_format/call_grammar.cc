#include "text/chat_format/call_grammar.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "text/chat_format/call_pattern.h"
#include "text/grammar/json_schema.h"

namespace pioneer::chat_format {
namespace {

using grammar::Expr;
using grammar::Grammar;
using grammar::kUnbounded;
using Kind = PatternPart::Kind;

class CallGrammarMaker {
 public:
  CallGrammarMaker(const ChatFormat& format, const ToolSet& tools,
                   const CallGrammarOptions& options)
      : format_(format), syntax_(format.calls), tools_(tools), options_(options) {}

  std::optional<Grammar> Make() {
    const std::string& lead =
        syntax_.section_begin.empty() ? syntax_.calls.front() : syntax_.section_begin;
    const std::string trigger(Trimmed(
        syntax_.section_begin.empty() ? LeadingLiteral(lead) : std::string(TrimmedFront(lead))));
    const bool open = !trigger.empty() && Trimmed(options_.prompt_end).ends_with(trigger);
    if (options_.required) {
      grammar_.SetStart(grammar_.Sequence({Markers(), Calls(open ? trigger : "")}));
    } else if (trigger.find_first_of("<[>") == std::string::npos || open) {
      return std::nullopt;  // a text may hold it by chance
    } else {
      grammar_.SetStart(FreeAnswer(trigger));
    }
    return std::move(grammar_);
  }

 private:
  // ---- texts with control tokens in them

  const ControlToken* TokenAt(std::string_view text) const {
    const ControlToken* longest = nullptr;
    for (const ControlToken& token : options_.control_tokens) {
      const bool here = !token.text.empty() && text.starts_with(token.text);
      if (here && (!longest || token.text.size() > longest->text.size())) longest = &token;
    }
    return longest;
  }

  // Bytes of text in front of the first control token.
  size_t PlainPrefix(std::string_view text) const {
    size_t n = 0;
    while (n < text.size() && !TokenAt(text.substr(n))) ++n;
    return n;
  }

  Expr Text(std::string_view text) {
    std::vector<Expr> parts;
    while (!text.empty()) {
      const size_t plain = PlainPrefix(text);
      if (plain > 0) parts.push_back(grammar_.Literal(text.substr(0, plain)));
      text.remove_prefix(plain);
      if (text.empty()) break;
      const ControlToken* token = TokenAt(text);
      if (!token->ends_answer) parts.push_back(grammar_.SpecialToken(token->id));
      text.remove_prefix(token->text.size());
    }
    return parts.empty() ? grammar_.Empty() : grammar_.Sequence(std::move(parts));
  }

  Expr AnyText() { return grammar_.Terminal(grammar_.regexes().AnyText()); }

  // ---- what stands beside calls

  // Markers in front of calls: of thoughts, of messages.
  std::vector<Expr> MarkerChoices(bool only_tokens) {
    std::vector<Expr> choices;
    std::vector<std::string> texts = format_.hidden;
    if (options_.thinks) texts.push_back(format_.reasoning_begin);
    for (const std::string& text : texts) {
      const bool plain = PlainPrefix(text) == text.size();
      if (!text.empty() && !(only_tokens && plain)) choices.push_back(Text(text));
    }
    return choices;
  }

  Expr Markers() {
    constexpr int kMaxMarkers = 8;
    std::vector<Expr> choices = MarkerChoices(false);
    if (choices.empty()) return grammar_.Empty();
    const Expr space = grammar_.Repeat(grammar_.Literal("\n"), 0, 2);
    return grammar_.Repeat(grammar_.Sequence({grammar_.Choice(std::move(choices)), space}), 0,
                           kMaxMarkers);
  }

  // Text, with the family's markers between its parts.
  Expr FreeText(Expr text) {
    std::vector<Expr> markers = MarkerChoices(true);
    if (markers.empty()) return text;
    return grammar_.RepeatSeparated(text, grammar_.Choice(std::move(markers)), 1, kUnbounded);
  }

  Expr FreeAnswer(const std::string& trigger) {
    const size_t plain = PlainPrefix(trigger);
    if (!options_.answer_schema.empty()) {
      const Expr answer = grammar::AddJsonSchema(grammar_, options_.answer_schema);
      return grammar_.Sequence({Markers(), grammar_.Choice({answer, Calls("")})});
    }
    if (plain == 0) {
      return grammar_.Sequence({FreeText(AnyText()), grammar_.Optional(Calls(""))});
    }
    // The text up to and with the marker is one terminal, so that no call begins unconstrained.
    const std::string marker = trigger.substr(0, plain);
    std::vector<Expr> markers = MarkerChoices(true);
    const Expr clean = grammar_.TextWithout({marker});
    const Expr until = grammar_.TextUntil({marker});
    const Expr calling = grammar_.Sequence({until, Calls(marker)});
    const Expr last = grammar_.Choice({clean, calling});
    if (markers.empty()) return last;
    const Expr front = grammar_.Repeat(
        grammar_.Sequence({grammar_.TextWithout({marker}), grammar_.Choice(std::move(markers))}), 0,
        kUnbounded);
    return grammar_.Sequence({front, last});
  }

  // ---- calls; `written`: the beginning that stands there already

  Expr Calls(std::string_view written) {
    const int max = options_.parallel ? kUnbounded : 1;
    if (!syntax_.section_begin.empty()) {
      const Expr calls = grammar_.RepeatSeparated(AnyCall(""), Text(syntax_.separator), 1, max);
      return grammar_.Sequence(
          {Text(Without(syntax_.section_begin, written)), calls, Text(syntax_.section_end)});
    }
    const Expr first = AnyCall(written);
    if (max == 1) return first;
    const Expr next = grammar_.Sequence({grammar_.Optional(grammar_.Literal("\n")), AnyCall("")});
    return grammar_.Sequence({first, grammar_.Repeat(next, 0, kUnbounded)});
  }

  // The text without its beginning, and without white space before that.
  static std::string_view Without(std::string_view text, std::string_view written) {
    if (written.empty()) return text;
    const size_t at = text.find(written);
    return at == std::string_view::npos ? text : text.substr(at + written.size());
  }

  Expr AnyCall(std::string_view written) {
    std::vector<Expr> calls;
    for (size_t i = 0; i < tools_.tools().size(); ++i) {
      const Tool& tool = tools_.tools()[i];
      if (options_.name.empty() || tool.name == options_.name) {
        calls.push_back(Call(tool, i, written));
      }
    }
    return grammar_.Choice(std::move(calls));
  }

  Expr Call(const Tool& tool, size_t index, std::string_view written) {
    std::vector<Expr> parts;
    const Pattern pattern = ParsePattern(syntax_.calls.front(), false);
    for (const PatternPart& part : pattern) {
      switch (part.kind) {
        case Kind::kLiteral:
          parts.push_back(Text(Without(part.text, std::exchange(written, ""))));
          break;
        case Kind::kName:
          parts.push_back(grammar_.Literal(tool.name));
          break;
        case Kind::kArguments:
          parts.push_back(Schema(ObjectSchema(tool), index, ""));
          break;
        case Kind::kParameters:
          parts.push_back(Parameters(tool, index));
          break;
        default:
          parts.push_back(Id());
          break;
      }
    }
    return grammar_.Sequence(std::move(parts));
  }

  Expr Id() {
    auto& regexes = grammar_.regexes();
    const auto letter = regexes.Chars({{'0', '9'}, {'a', 'z'}, {'A', 'Z'}});
    constexpr int kMaxIdBytes = 32;
    return grammar_.Terminal(regexes.Repeat(letter, 1, kMaxIdBytes));
  }

  static OrderedJson ObjectSchema(const Tool& tool) {
    OrderedJson schema = tool.parameters.is_object() ? tool.parameters : OrderedJson::object();
    if (!schema.contains("type")) schema["type"] = "object";
    return schema;
  }

  Expr Schema(const OrderedJson& schema, size_t index, const std::string& path,
              const grammar::JsonSchemaOptions& options = {}) {
    try {
      return grammar::AddJsonSchema(grammar_, DumpJson(schema), options);
    } catch (const Error& error) {
      Fail(error.code(), "tools[{}].function.parameters{}: {}", index, path, error.what());
    }
  }

  // ---- parameters one by one, in the schema's order

  // Built from the last one: what may follow where no parameter stands yet, and where one does.
  Expr Parameters(const Tool& tool, size_t index) {
    const OrderedJson schema = ObjectSchema(tool);
    const auto properties = schema.find("properties");
    if (properties == schema.end() || !properties->is_object()) return grammar_.Empty();
    std::vector<std::pair<Expr, bool>> parameters;  // and whether it must be there
    for (const auto& [key, property] : properties->items()) {
      parameters.emplace_back(Parameter(schema, key, property, index), IsRequired(schema, key));
    }
    const Expr separator = Text(syntax_.parameter_separator);
    Expr first = grammar_.Empty(), later = first;
    for (auto it = parameters.rbegin(); it != parameters.rend(); ++it) {
      const auto& [parameter, required] = *it;
      Expr begin = grammar_.Sequence({parameter, later});
      Expr go_on = grammar_.Sequence({separator, parameter, later});
      first = required ? begin : grammar_.Choice({begin, first});
      later = required ? go_on : grammar_.Choice({go_on, later});
    }
    return first;
  }

  static bool IsRequired(const OrderedJson& schema, const std::string& key) {
    const auto required = schema.find("required");
    return required != schema.end() && required->is_array() &&
           std::find(required->begin(), required->end(), OrderedJson(key)) != required->end();
  }

  Expr Parameter(const OrderedJson& schema, const std::string& key, const OrderedJson& property,
                 size_t index) {
    const Pattern pattern = ParsePattern(syntax_.parameter, false);
    const bool free = syntax_.values == ValueStyle::kTyped && IsText(property);
    std::vector<Expr> parts;
    for (size_t i = 0; i < pattern.size(); ++i) {
      switch (pattern[i].kind) {
        case Kind::kLiteral:
          parts.push_back(Text(pattern[i].text));
          break;
        case Kind::kValue:
          parts.push_back(free ? TextValue(property, i + 1 < pattern.size() ? pattern[i + 1].text
                                                                            : std::string())
                               : JsonValue(schema, key, property, index));
          break;
        case Kind::kType:
          parts.push_back(grammar_.Literal(TypeWord(property, free)));
          break;
        default:  // the key; MiniMax repeats it at the end
          parts.push_back(grammar_.Literal(key));
          break;
      }
    }
    return grammar_.Sequence(std::move(parts));
  }

  // Anything that may be a string is written as text.
  static bool IsText(const OrderedJson& property) {
    if (!property.is_object()) return true;
    const auto type = property.find("type");
    if (type == property.end()) return !property.contains("$ref") && !property.contains("enum");
    return *type == "string" ||
           (type->is_array() && std::find(type->begin(), type->end(), "string") != type->end());
  }

  // "string" is Kimi's word and "true" DeepSeek's.
  std::string TypeWord(const OrderedJson& property, bool free) const {
    if (syntax_.parameter.find("string=") != std::string::npos) return free ? "true" : "false";
    if (free) return "string";
    const auto type = property.find("type");
    const std::string word =
        type != property.end() && type->is_string() ? type->get<std::string>() : "object";
    return word == "integer" ? "number" : word;
  }

  Expr TextValue(const OrderedJson& property, std::string_view end) {
    if (property.is_object() && property.contains("enum") && property["enum"].is_array()) {
      std::vector<Expr> choices;
      for (const OrderedJson& value : property["enum"]) {
        choices.push_back(
            grammar_.Literal(value.is_string() ? value.get<std::string>() : DumpJson(value)));
      }
      if (!choices.empty()) return grammar_.Choice(std::move(choices));
    }
    end = Trimmed(end);
    const size_t plain = PlainPrefix(end);
    return plain == 0 ? AnyText() : grammar_.TextWithout({std::string(end.substr(0, plain))});
  }

  Expr JsonValue(const OrderedJson& schema, const std::string& key, OrderedJson property,
                 size_t index) {
    for (const char* definitions : {"$defs", "definitions"}) {
      if (schema.contains(definitions)) property[definitions] = schema[definitions];
    }
    return Schema(property, index, ".properties." + key, ValueOptions());
  }

  grammar::JsonSchemaOptions ValueOptions() {
    grammar::JsonSchemaOptions options;
    if (syntax_.values == ValueStyle::kPython) {
      options.notation.null = "None";
      options.notation.yes = "True";
      options.notation.no = "False";
      options.notation.unicode_escapes = false;
      options.notation.single_quotes = true;
    } else if (syntax_.values == ValueStyle::kGemma) {
      options.compact = true;
      options.notation.quote_text = "<|\"|>";
      options.notation.quote = Text(options.notation.quote_text);
      options.notation.bare_keys = true;
    }
    return options;
  }

  const ChatFormat& format_;
  const CallSyntax& syntax_;
  const ToolSet& tools_;
  const CallGrammarOptions& options_;
  Grammar grammar_;
};

}  // namespace

std::optional<Grammar> MakeCallGrammar(const ChatFormat& format, const ToolSet& tools,
                                       const CallGrammarOptions& options) {
  if (!format.has_calls() || tools.empty()) return std::nullopt;
  return CallGrammarMaker(format, tools, options).Make();
}

}  // namespace pioneer::chat_format
