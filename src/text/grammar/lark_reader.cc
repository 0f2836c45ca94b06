#include <algorithm>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/utf8.h"
#include "text/grammar/gbnf.h"
#include "text/grammar/lark_ast.h"
#include "text/grammar/regex.h"
#include "text/grammar/text_cursor.h"

namespace pioneer::grammar {
namespace {

using Kind = LarkPart::Kind;

constexpr int kMaxGroupNesting = 200;

bool IsNameChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

bool IsTerminalName(std::string_view name) {
  const size_t letter = name.find_first_not_of('_');
  return letter != std::string_view::npos && name[letter] >= 'A' && name[letter] <= 'Z';
}

class Reader : private TextCursor {
 public:
  using TextCursor::TextCursor;

  LarkGrammar Read() {
    for (SkipLines(); at_ < source_.size(); SkipLines()) Statement();
    return std::move(grammar_);
  }

 private:
  [[noreturn]] void FailAt(size_t place, std::string_view what) const {
    FailLark(source_, place, what);
  }
  void SkipComment() {
    while (at_ < source_.size() && source_[at_] != '\n') ++at_;
  }
  // To the next thing in this line, or in any line.
  void SkipInline() {
    for (;; ++at_) {
      if (Peek() == '#' || (Peek() == '/' && Peek(1) == '/')) SkipComment();
      if (Peek() != ' ' && Peek() != '\t' && Peek() != '\r') return;
    }
  }
  void SkipLines() {
    for (SkipInline(); Peek() == '\n'; SkipInline()) ++at_;
  }
  // The end of a line ends a statement, unless the next one begins with |.
  void Skip(int depth) {
    if (depth > 0) return SkipLines();
    SkipInline();
    const size_t end = at_;
    SkipLines();
    if (Peek() != '|') at_ = end;
  }

  std::string Name() {
    const size_t begin = at_;
    while (at_ < source_.size() && IsNameChar(source_[at_])) ++at_;
    if (at_ == begin) FailAt(at_, "expected a name");
    return std::string(source_.substr(begin, at_ - begin));
  }

  void Statement() {
    const size_t place = at_;
    if (Peek() == '%') return Directive();
    while (Peek() == '?' || Peek() == '!') ++at_;
    const std::string name = Name();
    LarkDefinition definition;
    definition.place = place;
    std::optional<LarkPart> suffix;
    if (Peek() == '{') FailAt(at_, "a template, which is not supported");
    if (Take('[')) Attributes(definition, suffix);
    SkipInline();
    if (Take('.')) {  // a priority
      Take('-');
      if (!Number()) FailAt(at_, "a priority is a number");
      SkipInline();
    }
    if (!Take(':')) FailAt(at_, "expected : behind a name");
    definition.body = Choice(0);
    if (suffix) {
      LarkPart with_suffix;
      with_suffix.place = place;
      with_suffix.children.push_back(std::move(definition.body));
      with_suffix.children.push_back(std::move(*suffix));
      definition.body = std::move(with_suffix);
    }
    EndOfStatement();
    auto& definitions = IsTerminalName(name) ? grammar_.terminals : grammar_.rules;
    if (!definitions.emplace(name, std::move(definition)).second) {
      FailAt(place, name + " is defined twice");
    }
  }

  void EndOfStatement() {
    SkipInline();
    if (at_ >= source_.size() || Peek() == '\n') return;
    FailAt(at_, Peek() == ')' ? "a ) without its (" : "something that is no part of a rule");
  }

  void Attributes(LarkDefinition& definition, std::optional<LarkPart>& suffix) {
    do {
      SkipLines();
      const size_t place = at_;
      const std::string name = Name();
      SkipLines();
      std::optional<LarkPart> value;
      if (Take('=')) {
        SkipLines();
        value = Atom(1);
        if (!value) FailAt(at_, "an attribute without its value");
      }
      if (name == "lazy" && !value) {
        definition.lazy = true;
      } else if (name == "suffix" && value) {
        definition.lazy = true;
        suffix = std::move(value);
      } else if (name != "capture") {
        FailAt(place, "the attribute \"" + name + "\", which is not supported");
      }
      SkipLines();
    } while (Take(','));
    if (!Take(']')) FailAt(at_, "a [ without its ]");
  }

  void Directive() {
    const size_t place = at_;
    if (TakeAll("%ignore")) {
      grammar_.ignored.push_back(Choice(0));
    } else if (TakeAll("%import")) {
      Import(place);
    } else {
      ++at_;
      FailAt(place, "the directive %" + Name() + ", which is not supported here");
    }
    EndOfStatement();
  }

  // %import common.NAME [-> ALIAS], %import common (NAME, ...)
  void Import(size_t place) {
    SkipInline();
    if (!TakeAll("common")) FailAt(place, "an import; only those from `common` are supported");
    SkipInline();
    if (Take('.')) {
      const std::string name = Name();
      SkipInline();
      std::string alias = name;
      if (TakeAll("->")) {
        SkipInline();
        alias = Name();
      }
      return AddCommon(place, name, alias);
    }
    if (!Take('(')) FailAt(place, "an import is `common.NAME` or `common (NAME, ...)`");
    do {
      SkipLines();
      const std::string name = Name();
      AddCommon(place, name, name);
      SkipLines();
    } while (Take(','));
    if (!Take(')')) FailAt(place, "a ( without its )");
  }

  void AddCommon(size_t place, const std::string& name, const std::string& alias) {
    LarkDefinition definition;
    definition.place = place;
    definition.body.kind = Kind::kRegex;
    definition.body.place = place;
    definition.body.text = LarkCommonTerminal(name);
    if (definition.body.text.empty()) FailAt(place, "common." + name + " does not exist");
    if (!grammar_.terminals.emplace(alias, std::move(definition)).second) {
      FailAt(place, alias + " is defined twice");
    }
  }

  LarkPart List(Kind kind, std::vector<LarkPart> parts, size_t place) {
    if (parts.size() == 1) return std::move(parts.front());
    LarkPart part;
    part.kind = kind;
    part.place = place;
    part.children = std::move(parts);
    return part;
  }

  LarkPart Choice(int depth) {
    if (depth > kMaxGroupNesting) FailAt(at_, "groups nested too deep");
    const size_t place = at_;
    std::vector<LarkPart> parts;
    Skip(depth);
    Take('|');  // before the first alternative
    do {
      parts.push_back(Sequence(depth));
      Skip(depth);
      if (TakeAll("->")) {  // the name of the alternative
        SkipInline();
        Name();
        Skip(depth);
      }
    } while (Take('|'));
    return List(Kind::kChoice, std::move(parts), place);
  }

  LarkPart Sequence(int depth) {
    const size_t place = at_;
    std::vector<LarkPart> parts;
    for (;;) {
      Skip(depth);
      std::optional<LarkPart> part = Intersection(depth);
      if (!part) break;
      parts.push_back(std::move(*part));
    }
    return List(Kind::kSequence, std::move(parts), place);
  }

  std::optional<LarkPart> Intersection(int depth) {
    const size_t place = at_;
    std::optional<LarkPart> first = Repeated(depth);
    if (!first) return first;
    std::vector<LarkPart> parts;
    parts.push_back(std::move(*first));
    for (Skip(depth); Take('&'); Skip(depth)) {
      Skip(depth);
      std::optional<LarkPart> next = Repeated(depth);
      if (!next) FailAt(at_, "an & without its second part");
      parts.push_back(std::move(*next));
    }
    return List(Kind::kAnd, std::move(parts), place);
  }

  std::optional<LarkPart> Repeated(int depth) {
    std::optional<LarkPart> part = Atom(depth);
    for (int n = 0; part; ++n) {
      int min = 0, max = kUnbounded;
      const size_t place = at_;
      if (Take('*')) {
      } else if (Take('+')) {
        min = 1;
      } else if (Take('?')) {
        max = 1;
      } else if (!Bounds(depth, min, max)) {
        break;
      }
      if (n > kMaxGroupNesting) FailAt(place, "too many repetitions of a repetition");
      LarkPart repeat;
      repeat.kind = Kind::kRepeat;
      repeat.place = place;
      repeat.min = min;
      repeat.max = max;
      repeat.children.push_back(std::move(*part));
      part = std::move(repeat);
    }
    return part;
  }

  // {m,n} or ~m..n
  bool Bounds(int depth, int& min, int& max) {
    const size_t place = at_;
    Skip(depth);
    const bool tilde = Take('~');
    if (!tilde && !Take('{')) {
      at_ = place;
      return false;
    }
    SkipInline();
    const std::optional<int> first = Number();
    SkipInline();
    const bool more = tilde ? TakeAll("..") : Take(',');
    SkipInline();
    const std::optional<int> second = more ? Number() : first;
    SkipInline();
    if (tilde && !first) {  // a negation in the next item
      at_ = place;
      return false;
    }
    if ((!tilde && !Take('}')) || (!first && !second) || (tilde && !second)) {
      FailAt(place, "a repetition is {m}, {m,}, {m,n}, {,n}, ~m or ~m..n");
    }
    min = first.value_or(0);
    max = second.value_or(kUnbounded);
    if (max != kUnbounded && max < min) FailAt(place, "a repetition whose end is before its start");
    return true;
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

  std::optional<LarkPart> Atom(int depth) {
    LarkPart part;
    part.place = at_;
    if (depth > kMaxGroupNesting) FailAt(at_, "parts nested too deep");
    const char c = Peek();
    if (c == '"') {
      String(part);
    } else if (c == '/') {
      part.kind = Kind::kRegex;
      ++at_;
      part.text = RegexText(part.place);
      part.flags = Flags();
    } else if (Take('(')) {
      part = Choice(depth + 1);
      SkipLines();
      if (!Take(')')) FailAt(part.place, "a ( without its )");
    } else if (Take('[')) {
      part.kind = Kind::kRepeat;
      part.max = 1;
      part.children.push_back(Choice(depth + 1));
      SkipLines();
      if (!Take(']')) FailAt(part.place, "a [ without its ]");
    } else if (Take('~')) {
      SkipInline();
      std::optional<LarkPart> inner = Atom(depth + 1);
      if (!inner) FailAt(part.place, "a ~ without what it excludes");
      part.kind = Kind::kNot;
      part.children.push_back(std::move(*inner));
    } else if (Take('<')) {
      part.kind = Kind::kSpecial;
      while (at_ < source_.size() && Peek() != '>' && Peek() != '\n') part.text += source_[at_++];
      if (!Take('>')) FailAt(part.place, "a < without its >");
    } else if (c == '%') {
      Inline(part);
    } else if (IsNameChar(c) && c != '-') {
      part.kind = Kind::kName;
      part.text = Name();
      if (Peek() == '{' && !(Peek(1) >= '0' && Peek(1) <= '9') && Peek(1) != ',') {
        FailAt(at_, "a template, which is not supported");
      }
    } else {
      return std::nullopt;
    }
    return part;
  }

  void Inline(LarkPart& part) {
    if (!TakeAll("%json")) {
      ++at_;
      FailAt(part.place, "%" + Name() + ", which is not supported");
    }
    SkipLines();
    part.kind = Kind::kJson;
    const size_t begin = at_;
    int depth = 0;
    bool in_string = false;
    for (; at_ < source_.size(); ++at_) {
      const char c = source_[at_];
      if (in_string) {
        if (c == '\\') ++at_;
        if (c == '"') in_string = false;
      } else if (c == '"') {
        in_string = true;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if ((c == '}' || c == ']') && --depth == 0) {
        ++at_;
        part.text = source_.substr(begin, at_ - begin);
        return;
      }
    }
    FailAt(part.place, "a schema without its end");
  }

  void String(LarkPart& part) {
    part.kind = Kind::kString;
    part.text = Quoted(part.place);
    part.flags = Flags();
    const size_t behind = at_;
    SkipInline();
    if (!TakeAll("..")) {
      at_ = behind;
      return;
    }
    SkipInline();
    if (Peek() != '"') FailAt(at_, "a range without its end");
    part.kind = Kind::kRange;
    part.flags = Quoted(at_);
  }

  std::string Flags() {
    std::string flags;
    while (Peek() >= 'a' && Peek() <= 'z') flags += source_[at_++];
    return flags;
  }

  std::string RegexText(size_t place) {
    std::string text;
    bool in_class = false;
    for (;; ++at_) {
      if (at_ >= source_.size() || Peek() == '\n') FailAt(place, "a regex without its /");
      if (Peek() == '/' && !in_class) break;
      if (Peek() == '[') in_class = true;
      if (Peek() == ']') in_class = false;
      if (Peek() == '\\') {
        ++at_;
        if (at_ >= source_.size()) FailAt(place, "a regex without its /");
        if (Peek() != '/') text += '\\';
      }
      text += source_[at_];
    }
    ++at_;
    return text;
  }

  std::string Quoted(size_t place) {
    std::string text;
    ++at_;
    while (!Take('"')) {
      if (at_ >= source_.size() || Peek() == '\n') FailAt(place, "a string without its \"");
      if (!Take('\\')) {
        text += source_[at_++];
        continue;
      }
      const char c = at_ < source_.size() ? source_[at_++] : '\0';
      switch (c) {
        case 'n':
          text += '\n';
          break;
        case 't':
          text += '\t';
          break;
        case 'r':
          text += '\r';
          break;
        case 'f':
          text += '\f';
          break;
        case 'x':
          AppendUtf8(text, Hex(2));
          break;
        case 'u':
          AppendUtf8(text, Hex(4));
          break;
        case 'U':
          AppendUtf8(text, Hex(8));
          break;
        case '"':
        case '\\':
        case '/':
        case '\'':
          text += c;
          break;
        default:
          FailAt(at_ - 1, std::string("an unknown escape \\") + c);
      }
    }
    return text;
  }

  char32_t Hex(int n_digits) {
    char32_t value = 0;
    for (int i = 0; i < n_digits; ++i, ++at_) {
      const char c = Peek();
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9') {
        value = value * 16 + static_cast<char32_t>(c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        value = value * 16 + static_cast<char32_t>(lower - 'a' + 10);
      } else {
        FailAt(at_, "an escape with too few digits");
      }
    }
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value > 0x10FFFF || surrogate) FailAt(at_, "an escape that is no character");
    return value;
  }

  LarkGrammar grammar_;
};

}  // namespace

void FailLark(std::string_view source, size_t place, std::string_view what) {
  const auto end = source.begin() + static_cast<ptrdiff_t>(std::min(place, source.size()));
  Fail(ErrorCode::kInvalidArgument, "the Lark grammar is wrong in line {}: {}",
       1 + std::count(source.begin(), end, '\n'), RepairUtf8(what));
}

LarkGrammar ReadLark(std::string_view source) {
  if (source.size() > kMaxGrammarBytes) {
    Fail(ErrorCode::kInvalidArgument, "the Lark grammar is {} bytes long; at most {} are allowed",
         source.size(), kMaxGrammarBytes);
  }
  if (!IsValidUtf8(source)) {
    Fail(ErrorCode::kInvalidArgument, "the Lark grammar is not valid UTF-8");
  }
  return Reader(source).Read();
}

}  // namespace pioneer::grammar
