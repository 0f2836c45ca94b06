#include "text/grammar/gbnf.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "text/grammar/text_cursor.h"

namespace pioneer::grammar {
namespace {

constexpr int kMaxNesting = 200;
// A rule of at most so many parts that refers to no other kind of rule becomes one terminal.
constexpr int kMaxTerminalParts = 1000;

struct Part {
  enum class Kind { kChars, kLiteral, kToken, kRef, kSequence, kChoice, kRepeat };
  Kind kind = Kind::kSequence;
  CharSet chars;
  std::string text;  // kLiteral; kRef: the rule's name
  int32_t token = 0;
  std::vector<Part> children;
  int min = 0, max = 0;
  size_t place = 0;
};

class Reader : private TextCursor {
 public:
  using TextCursor::TextCursor;

  std::map<std::string, Part> Rules() {
    std::map<std::string, Part> rules;
    for (SkipSpace(true); at_ < source_.size(); SkipSpace(true)) {
      const size_t place = at_;
      const std::string name = Name();
      SkipSpace(false);
      if (!TakeAll("::=")) FailAt(at_, "expected ::= behind the rule's name");
      SkipSpace(true);
      Part body = Choice(0);
      if (at_ < source_.size() && Peek() != '\n' && Peek() != '\r') {
        FailAt(at_, Peek() == ')' ? "a ) without its (" : "something that is no part of a rule");
      }
      if (!rules.emplace(name, std::move(body)).second) {
        FailAt(place, "the rule " + name + " is defined twice");
      }
    }
    return rules;
  }

  [[noreturn]] void FailAt(size_t place, const std::string& what) const {
    const auto line =
        1 + std::count(source_.begin(), source_.begin() + static_cast<ptrdiff_t>(place), '\n');
    Fail(ErrorCode::kInvalidArgument, "the GBNF grammar is wrong in line {}: {}", line,
         RepairUtf8(what));
  }

 private:
  void SkipSpace(bool over_lines) {
    for (; at_ < source_.size(); ++at_) {
      const char c = source_[at_];
      if (c == '#') {
        while (at_ + 1 < source_.size() && source_[at_ + 1] != '\n') ++at_;
      } else if (c != ' ' && c != '\t' && !(over_lines && (c == '\n' || c == '\r'))) {
        return;
      }
    }
  }

  static bool IsNameChar(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  }

  std::string Name() {
    const size_t begin = at_;
    while (at_ < source_.size() && IsNameChar(source_[at_])) ++at_;
    if (at_ == begin) FailAt(at_, "expected the name of a rule");
    return std::string(source_.substr(begin, at_ - begin));
  }

  Part Choice(int depth) {
    if (depth > kMaxNesting) FailAt(at_, "groups nested too deep");
    Part choice;
    choice.kind = Part::Kind::kChoice;
    do {
      SkipSpace(true);
      choice.children.push_back(Sequence(depth));
      if (NextLineGoesOn()) SkipSpace(true);
    } while (Take('|'));
    return choice.children.size() == 1 ? std::move(choice.children.front()) : std::move(choice);
  }

  // A | at the beginning of the next line.
  bool NextLineGoesOn() {
    const size_t begin = at_;
    SkipSpace(true);
    const bool goes_on = Peek() == '|';
    at_ = begin;
    return goes_on;
  }

  Part Sequence(int depth) {
    Part sequence;
    sequence.place = at_;
    for (;;) {
      SkipSpace(depth > 0);
      std::optional<Part> part = Item(depth);
      if (!part) break;
      SkipSpace(depth > 0);
      Repetitions(*part, depth);
      sequence.children.push_back(std::move(*part));
    }
    return sequence.children.size() == 1 ? std::move(sequence.children.front())
                                         : std::move(sequence);
  }

  std::optional<Part> Item(int depth) {
    Part part;
    part.place = at_;
    const char c = Peek();
    if (Take('"')) {
      part.kind = Part::Kind::kLiteral;
      while (!Take('"')) AppendUtf8(part.text, Char(part.place, "a literal without its \""));
    } else if (Take('[')) {
      part.kind = Part::Kind::kChars;
      part.chars = Class(part.place);
    } else if (Take('.')) {
      part.kind = Part::Kind::kChars;
      part.chars = CharSet::All();
    } else if (Take('(')) {
      part = Choice(depth + 1);
      SkipSpace(true);
      if (!Take(')')) FailAt(part.place, "a ( without its )");
    } else if (Take('<')) {
      part.kind = Part::Kind::kToken;
      part.token = Token(part.place);
    } else if (c == '!') {
      FailAt(at_, "tokens excluded by ! are not supported");
    } else if (IsNameChar(c)) {
      part.kind = Part::Kind::kRef;
      part.text = Name();
      // The beginning of the next rule, where this one ends with an empty line's lack.
      const size_t behind = at_;
      SkipSpace(false);
      if (source_.substr(at_).starts_with("::=")) {
        at_ = part.place;
        return std::nullopt;
      }
      at_ = behind;
    } else {
      return std::nullopt;
    }
    return part;
  }

  int32_t Token(size_t place) {
    if (!Take('[')) FailAt(place, "a token by its name is not supported; give its number, <[id]>");
    const std::optional<int> id = Number();
    if (!id || !TakeAll("]>")) FailAt(place, "a token is written <[id]>");
    return *id;
  }

  CharSet Class(size_t place) {
    const bool negated = Take('^');
    std::vector<CharSet::Range> ranges;
    while (!Take(']')) {
      const char32_t first = Char(place, "a [ without its ]");
      char32_t last = first;
      if (Peek() == '-' && Peek(1) != ']') {
        ++at_;
        last = Char(place, "a [ without its ]");
      }
      if (last < first) FailAt(place, "a range whose end is before its start");
      ranges.emplace_back(first, last);
    }
    const CharSet set(std::move(ranges));
    return negated ? set.Complement() : set;
  }

  char32_t Char(size_t place, const char* unfinished) {
    if (at_ >= source_.size()) FailAt(place, unfinished);
    if (!Take('\\')) {
      const DecodedChar c = DecodeUtf8(source_.substr(at_));
      if (!c.valid) FailAt(at_, "text that is not valid UTF-8");
      at_ += static_cast<size_t>(c.length);
      return c.code_point;
    }
    if (at_ >= source_.size()) FailAt(place, unfinished);
    const char c = source_[at_++];
    switch (c) {
      case 'x':
        return Hex(2);
      case 'u':
        return Hex(4);
      case 'U':
        return Hex(8);
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case 'n':
        return '\n';
      case '\\':
      case '"':
      case '[':
      case ']':
      case '-':
      case '^':
      case '/':
        return static_cast<char32_t>(c);
      default:
        FailAt(at_ - 1, std::string("an unknown escape \\") + c);
    }
  }

  char32_t Hex(int n_digits) {
    char32_t value = 0;
    for (int i = 0; i < n_digits; ++i) {
      const char c = Peek();
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9') {
        value = value * 16 + static_cast<char32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        value = value * 16 + static_cast<char32_t>(lower - 'a' + 10);
      } else {
        FailAt(at_, "an escape with too few digits");
      }
      ++at_;
    }
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value > 0x10FFFF || surrogate) FailAt(at_, "an escape that is no character");
    return value;
  }

  std::optional<int> Number() {
    const size_t begin = at_;
    int64_t value = 0;
    for (; Peek() >= '0' && Peek() <= '9'; ++at_) {
      value = std::min<int64_t>(value * 10 + (Peek() - '0'), 1 << 30);
    }
    if (at_ == begin) return std::nullopt;
    return static_cast<int>(value);
  }

  void Repetitions(Part& part, int depth) {
    for (int n = 0; n < kMaxNesting; ++n) {
      int min = 0, max = kUnbounded;
      const size_t place = at_;
      if (Take('*')) {
      } else if (Take('+')) {
        min = 1;
      } else if (Take('?')) {
        max = 1;
      } else if (Take('{')) {
        Bounds(place, min, max);
      } else {
        return;
      }
      Part repeat;
      repeat.kind = Part::Kind::kRepeat;
      repeat.place = place;
      repeat.min = min;
      repeat.max = max;
      repeat.children.push_back(std::move(part));
      part = std::move(repeat);
      SkipSpace(depth > 0);
    }
    FailAt(at_, "too many repetitions of a repetition");
  }

  void Bounds(size_t place, int& min, int& max) {
    SkipSpace(true);
    const std::optional<int> first = Number();
    SkipSpace(true);
    const bool comma = Take(',');
    SkipSpace(true);
    const std::optional<int> second = comma ? Number() : first;
    SkipSpace(true);
    if (!Take('}') || (!first && !second))
      FailAt(place, "a repetition is {m}, {m,}, {m,n} or {,n}");
    min = first.value_or(0);
    max = second.value_or(kUnbounded);
    if (max != kUnbounded && max < min) FailAt(place, "a repetition whose end is before its start");
  }
};

class Lowering {
 public:
  Lowering(const Reader& reader, const std::map<std::string, Part>& rules)
      : reader_(reader), rules_(rules) {
    for (const auto& [name, body] : rules_) {
      ids_.emplace(name, grammar_.AddRule(name));
      FindSize(name, 0);
    }
  }

  Grammar Run() {
    for (const auto& [name, body] : rules_) grammar_.Define(ids_.at(name), Lower(body));
    grammar_.SetStart(grammar_.Ref(ids_.at("root")));
    return std::move(grammar_);
  }

 private:
  static constexpr int kNoTerminal = kMaxTerminalParts + 1;

  // Number of parts when all references are written out; kNoTerminal when that is too many, or when
  // the rule refers to itself or to tokens.
  int FindSize(const std::string& name, int depth) {
    const auto [found, is_new] = sizes_.try_emplace(name, kNoTerminal);  // while it is looked at
    if (!is_new || depth > kMaxNesting) return found->second;
    const auto rule = rules_.find(name);
    if (rule == rules_.end()) return kNoTerminal;
    const int size = Size(rule->second, depth + 1);
    return sizes_[name] = size;
  }

  int Size(const Part& part, int depth) {
    if (part.kind == Part::Kind::kToken) return kNoTerminal;
    if (part.kind == Part::Kind::kRef) return FindSize(part.text, depth);
    int64_t size = 1 + static_cast<int64_t>(part.text.size());
    for (const Part& child : part.children) size += Size(child, depth + 1);
    return static_cast<int>(std::min<int64_t>(size, kNoTerminal));
  }

  bool IsTerminal(const Part& part) { return Size(part, 0) <= kMaxTerminalParts; }

  Regex LowerTerminal(const Part& part) {
    RegexStore& store = grammar_.regexes();
    switch (part.kind) {
      case Part::Kind::kChars:
        return store.Chars(part.chars);
      case Part::Kind::kLiteral:
        return store.Literal(part.text);
      case Part::Kind::kRef:
        return LowerTerminal(rules_.at(part.text));
      case Part::Kind::kRepeat:
        return store.Repeat(LowerTerminal(part.children.front()), part.min, part.max);
      case Part::Kind::kToken:
      case Part::Kind::kSequence:
      case Part::Kind::kChoice:
        break;
    }
    std::vector<Regex> parts;
    for (const Part& child : part.children) parts.push_back(LowerTerminal(child));
    return part.kind == Part::Kind::kChoice ? store.Or(std::move(parts)) : store.Concat(parts);
  }

  Expr Lower(const Part& part) {
    if (IsTerminal(part)) return grammar_.Terminal(LowerTerminal(part));
    std::vector<Expr> parts;
    switch (part.kind) {
      case Part::Kind::kChars:
        return grammar_.Terminal(grammar_.regexes().Chars(part.chars));
      case Part::Kind::kLiteral:
        return grammar_.Literal(part.text);
      case Part::Kind::kToken:
        return grammar_.SpecialToken(part.token);
      case Part::Kind::kRef: {
        const auto found = ids_.find(part.text);
        if (found == ids_.end()) {
          reader_.FailAt(part.place, "the rule " + part.text + " is not defined");
        }
        return grammar_.Ref(found->second);
      }
      case Part::Kind::kRepeat:
        return grammar_.Repeat(Lower(part.children.front()), part.min, part.max);
      case Part::Kind::kSequence:
      case Part::Kind::kChoice:
        for (const Part& child : part.children) parts.push_back(Lower(child));
        break;
    }
    return part.kind == Part::Kind::kChoice ? grammar_.Choice(std::move(parts))
                                            : grammar_.Sequence(std::move(parts));
  }

  const Reader& reader_;
  const std::map<std::string, Part>& rules_;
  Grammar grammar_;
  std::map<std::string, RuleId> ids_;
  std::map<std::string, int> sizes_;
};

}  // namespace

Grammar ParseGbnf(std::string_view source) {
  if (source.size() > kMaxGrammarBytes) {
    Fail(ErrorCode::kInvalidArgument, "the GBNF grammar is {} bytes long; at most {} are allowed",
         source.size(), kMaxGrammarBytes);
  }
  Reader reader(source);
  const std::map<std::string, Part> rules = reader.Rules();
  if (!rules.contains("root")) {
    Fail(ErrorCode::kInvalidArgument,
         "the GBNF grammar has no rule \"root\", with which it begins");
  }
  return Lowering(reader, rules).Run();
}

}  // namespace pioneer::grammar
