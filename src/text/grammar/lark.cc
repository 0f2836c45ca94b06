#include "text/grammar/lark.h"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "text/grammar/json_schema.h"
#include "text/grammar/lark_ast.h"
#include "text/grammar/regex_parser.h"

namespace pioneer::grammar {
namespace {

using Kind = LarkPart::Kind;

constexpr int kMaxRuleNesting = 400;
constexpr int kMaxTokensInRange = 10'000;

class Lowering {
 public:
  Lowering(std::string_view source, const LarkGrammar& lark, const FindSpecialToken& find_token)
      : source_(source), lark_(lark), find_token_(find_token) {}

  Grammar Run() {
    for (const auto& [name, rule] : lark_.rules) ids_.emplace(name, grammar_.AddRule(name));
    if (!lark_.ignored.empty()) {
      std::vector<Regex> parts;
      for (const LarkPart& part : lark_.ignored) parts.push_back(Terminal(part, 0));
      ignored_ =
          grammar_.Terminal(grammar_.regexes().Star(grammar_.regexes().Or(std::move(parts))));
    }
    for (const auto& [name, rule] : lark_.rules) {
      const Expr body = rule.lazy ? Lexeme(Lazy(Terminal(rule.body, 0))) : Rule(rule.body, 0);
      grammar_.Define(ids_.at(name), body);
    }
    grammar_.SetStart(grammar_.Ref(ids_.at("start")));
    return std::move(grammar_);
  }

 private:
  [[noreturn]] void FailAt(const LarkPart& part, std::string_view what) const {
    FailLark(source_, part.place, what);
  }
  void CheckDepth(const LarkPart& part, int depth) const {
    if (depth > kMaxRuleNesting)
      FailAt(part, "parts nested too deep, or a terminal that contains itself");
  }

  // What may be ignored may stand behind it.
  Expr Lexeme(Regex regex) {
    const Expr terminal = grammar_.Terminal(regex);
    return ignored_ ? grammar_.Sequence({terminal, *ignored_}) : terminal;
  }

  Expr Rule(const LarkPart& part, int depth) {
    CheckDepth(part, depth);
    std::vector<Expr> parts;
    switch (part.kind) {
      case Kind::kSequence:
      case Kind::kChoice:
        for (const LarkPart& child : part.children) parts.push_back(Rule(child, depth + 1));
        return part.kind == Kind::kChoice ? grammar_.Choice(std::move(parts))
                                          : grammar_.Sequence(std::move(parts));
      case Kind::kRepeat:
        return grammar_.Repeat(Rule(part.children.front(), depth + 1), part.min, part.max);
      case Kind::kName:
        if (const auto rule = ids_.find(part.text); rule != ids_.end()) {
          return grammar_.Ref(rule->second);
        }
        return Lexeme(Terminal(part, depth));
      case Kind::kSpecial:
        return Special(part);
      case Kind::kJson:
        return AddJsonSchema(grammar_, part.text);
      case Kind::kString:
      case Kind::kRegex:
      case Kind::kRange:
      case Kind::kAnd:
      case Kind::kNot:
        break;
    }
    return Lexeme(Terminal(part, depth));
  }

  Regex Terminal(const LarkPart& part, int depth) {
    CheckDepth(part, depth);
    RegexStore& store = grammar_.regexes();
    switch (part.kind) {
      case Kind::kString:
        return String(part);
      case Kind::kRegex:
        return Pattern(part);
      case Kind::kRange:
        return Range(part);
      case Kind::kName:
        return Named(part, depth);
      case Kind::kRepeat:
        return store.Repeat(Terminal(part.children.front(), depth + 1), part.min, part.max);
      case Kind::kNot:
        return store.Not(Terminal(part.children.front(), depth + 1));
      case Kind::kSpecial:
      case Kind::kJson:
        FailAt(part, "special tokens and schemas cannot stand in terminals");
      case Kind::kSequence:
      case Kind::kChoice:
      case Kind::kAnd:
        break;
    }
    std::vector<Regex> parts;
    for (const LarkPart& child : part.children) parts.push_back(Terminal(child, depth + 1));
    if (part.kind == Kind::kSequence) return store.Concat(parts);
    return part.kind == Kind::kChoice ? store.Or(std::move(parts)) : store.And(std::move(parts));
  }

  Regex Named(const LarkPart& part, int depth) {
    if (const auto known = terminals_.find(part.text); known != terminals_.end()) {
      if (!known->second) FailAt(part, "the terminal " + part.text + " contains itself");
      return *known->second;
    }
    const auto definition = lark_.terminals.find(part.text);
    if (definition == lark_.terminals.end()) {
      FailAt(part, lark_.rules.contains(part.text)
                       ? "the rule " + part.text + " cannot stand in a terminal"
                       : part.text + " is not defined");
    }
    terminals_[part.text] = std::nullopt;  // while it is made
    Regex made = Terminal(definition->second.body, depth + 1);
    if (definition->second.lazy) made = Lazy(made);
    terminals_[part.text] = made;
    return made;
  }

  Regex String(const LarkPart& part) {
    RegexStore& store = grammar_.regexes();
    if (part.flags.empty()) return store.Literal(part.text);
    if (part.flags != "i") FailAt(part, "a string's flag can only be i");
    std::vector<Regex> chars;
    for (const char32_t c : Utf8ToCodePoints(part.text)) {
      chars.push_back(store.Chars(CharSet::Of(c).IgnoringCase()));
    }
    return store.Concat(chars);
  }

  Regex Pattern(const LarkPart& part) {
    RegexSyntax syntax;
    for (const char flag : part.flags) {
      if (flag == 'i') {
        syntax.ignore_case = true;
      } else if (flag == 's') {
        syntax.dot_matches_newline = true;
      } else if (flag != 'u') {
        FailAt(part, std::string("the regex flag ") + flag + ", which is not supported");
      }
    }
    try {
      return ParseRegex(grammar_.regexes(), part.text, syntax);
    } catch (const Error& error) {
      FailAt(part, error.what());
    }
  }

  Regex Range(const LarkPart& part) {
    const std::vector<char32_t> first = Utf8ToCodePoints(part.text);
    const std::vector<char32_t> last = Utf8ToCodePoints(part.flags);
    if (first.size() != 1 || last.size() != 1 || last.front() < first.front()) {
      FailAt(part, "a range goes from one character to a later one");
    }
    return grammar_.regexes().Chars({{first.front(), last.front()}});
  }

  // Only strings no beginning of which is already one.
  Regex Lazy(Regex regex) {
    RegexStore& store = grammar_.regexes();
    const Regex longer =
        store.Concat({regex, store.Bytes(ByteSet::Range(0, 0xFE)), store.AnyBytes()});
    return store.And({regex, store.Not(longer)});
  }

  Expr Special(const LarkPart& part) {
    const std::string_view text = part.text;
    if (text.starts_with('[') && text.ends_with(']')) return TokenList(part);
    const std::string name = "<" + part.text + ">";
    const int32_t token = find_token_ ? find_token_(name) : -1;
    if (token < 0) FailAt(part, "this model has no special token " + name);
    return grammar_.SpecialToken(token);
  }

  // <[1,5-9]>
  Expr TokenList(const LarkPart& part) {
    std::vector<Expr> tokens;
    size_t at = 1;
    const auto number = [&] {
      int64_t value = 0;
      const size_t begin = at;
      for (; part.text[at] >= '0' && part.text[at] <= '9'; ++at) {
        value = std::min<int64_t>(value * 10 + (part.text[at] - '0'), 1 << 30);
      }
      if (at == begin) FailAt(part, "tokens are written <[id]> or <[id,first-last]>");
      return static_cast<int32_t>(value);
    };
    for (;; ++at) {
      const int32_t first = number();
      int32_t last = first;
      if (part.text[at] == '-') {
        ++at;
        last = number();
      }
      if (last - first >= kMaxTokensInRange) FailAt(part, "too many tokens in a range");
      for (int32_t token = first; token <= last; ++token) {
        tokens.push_back(grammar_.SpecialToken(token));
      }
      if (part.text[at] != ',') break;
    }
    if (at + 1 != part.text.size()) FailAt(part, "tokens are written <[id]> or <[id,first-last]>");
    return grammar_.Choice(std::move(tokens));
  }

  const std::string_view source_;
  const LarkGrammar& lark_;
  const FindSpecialToken& find_token_;
  Grammar grammar_;
  std::optional<Expr> ignored_;
  std::map<std::string, RuleId> ids_;
  std::map<std::string, std::optional<Regex>> terminals_;
};

}  // namespace

Grammar ParseLark(std::string_view source, const FindSpecialToken& find_token) {
  const LarkGrammar lark = ReadLark(source);
  if (!lark.rules.contains("start")) {
    Fail(ErrorCode::kInvalidArgument,
         "the Lark grammar has no rule \"start\", with which it begins");
  }
  return Lowering(source, lark, find_token).Run();
}

}  // namespace pioneer::grammar
