// The reader of patterns; regex_lowering.cc makes terms of what it finds.
#include "text/grammar/regex_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "text/grammar/regex_ast.h"
#include "text/grammar/regex_classes.h"

namespace pioneer::grammar {
namespace {

using Kind = RegexAst::Kind;

constexpr int kMaxGroupDepth = 100;
constexpr char32_t kNoChar = 0xFFFFFFFF;

struct Flags {
  bool ignore_case, dot_all;
};

class Reader {
 public:
  Reader(std::string_view pattern, const RegexSyntax& syntax)
      : pattern_(pattern),
        text_(Utf8ToCodePoints(pattern)),
        ecma_(syntax.ecma),
        flags_{syntax.ignore_case, syntax.dot_matches_newline} {}

  RegexAst Read() {
    RegexAst ast = Alternatives(0);
    if (at_ < text_.size()) FailAt(at_, "a ) without its (");
    return ast;
  }

 private:
  [[noreturn]] void FailAt(size_t place, std::string_view what) const {
    FailPattern(pattern_, place, what);
  }
  char32_t Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : kNoChar;
  }
  bool Take(char32_t c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  bool TakeAll(std::u32string_view what) {
    for (size_t i = 0; i < what.size(); ++i) {
      if (Peek(i) != what[i]) return false;
    }
    at_ += what.size();
    return true;
  }

  RegexAst Make(Kind kind, std::vector<RegexAst> children, size_t place) const {
    RegexAst ast;
    ast.kind = kind;
    ast.place = place;
    ast.asserts = kind == Kind::kBegin || kind == Kind::kEnd || kind == Kind::kLookAhead;
    for (const RegexAst& child : children) ast.asserts |= child.asserts;
    ast.children = std::move(children);
    return ast;
  }
  RegexAst MakeChars(CharSet set, size_t place) const {
    RegexAst ast = Make(Kind::kChars, {}, place);
    ast.chars = flags_.ignore_case ? set.IgnoringCase() : std::move(set);
    return ast;
  }

  RegexAst Alternatives(int depth) {
    if (depth > kMaxGroupDepth) FailAt(at_, "groups nested too deep");
    const size_t place = at_;
    const Flags outer = flags_;
    std::vector<RegexAst> parts;
    do {
      parts.push_back(Sequence(depth));
    } while (Take('|'));
    flags_ = outer;
    return parts.size() == 1 ? std::move(parts.front()) : Make(Kind::kOr, std::move(parts), place);
  }

  RegexAst Sequence(int depth) {
    const size_t place = at_;
    std::vector<RegexAst> parts;
    while (at_ < text_.size() && Peek() != '|' && Peek() != ')') {
      const size_t begin = at_;
      std::optional<RegexAst> atom = Atom(depth);
      if (!atom) continue;
      Repetitions(*atom, begin);
      parts.push_back(std::move(*atom));
    }
    return parts.size() == 1 ? std::move(parts.front())
                             : Make(Kind::kConcat, std::move(parts), place);
  }

  // Nothing for a comment or a flag.
  std::optional<RegexAst> Atom(int depth) {
    const size_t place = at_;
    const char32_t c = text_[at_++];
    switch (c) {
      case '(':
        return Group(place, depth);
      case '[':
        return MakeChars(Class(place), place);
      case '.':
        return MakeChars(flags_.dot_all ? CharSet::All() : LineEnds(ecma_).Complement(), place);
      case '^':
        return Make(Kind::kBegin, {}, place);
      case '$':
        return Make(Kind::kEnd, {}, place);
      case '\\':
        return Escape(place);
      case '*':
      case '+':
      case '?':
        FailAt(place, "a repetition of nothing");
      default:
        return MakeChars(CharSet::Of(c), place);
    }
  }

  std::optional<RegexAst> Group(size_t place, int depth) {
    if (TakeAll(U"?#")) {
      while (at_ < text_.size() && Peek() != ')') ++at_;
      Close(place);
      return std::nullopt;
    }
    const bool positive = TakeAll(U"?=");
    const bool negative = !positive && TakeAll(U"?!");
    if (TakeAll(U"?<=") || TakeAll(U"?<!")) FailAt(place, "look-behind, which is not supported");
    if (TakeAll(U"?>")) FailAt(place, "an atomic group, which is not supported");
    if (TakeAll(U"?P=") || TakeAll(U"?P>"))
      FailAt(place, "a back reference, which is not supported");
    const Flags outer = flags_;
    if (TakeAll(U"?P<") || TakeAll(U"?<")) {
      while (at_ < text_.size() && Peek() != '>' && Peek() != ')') ++at_;
      if (!Take('>')) FailAt(place, "a group's name without its end");
    } else if (!positive && !negative && Take('?')) {
      if (ReadFlags(place)) return std::nullopt;
    }
    RegexAst inner = Alternatives(depth + 1);
    flags_ = outer;
    Close(place);
    if (!positive && !negative) return inner;
    RegexAst look = Make(Kind::kLookAhead, {}, place);
    look.children.push_back(std::move(inner));
    look.negated = negative;
    return look;
  }

  // Behind "(?". True when the flags stand for themselves, "(?i)"; they hold to the group's end.
  bool ReadFlags(size_t place) {
    bool on = true;
    for (; Peek() != ':' && Peek() != ')'; ++at_) {
      switch (Peek()) {
        case '-':
          on = false;
          break;
        case 'i':
          flags_.ignore_case = on;
          break;
        case 's':
          flags_.dot_all = on;
          break;
        case 'u':
          break;
        default:
          FailAt(place,
                 "a group or flag that is not supported; known are (?:, (?=, (?!, (?<name>, "
                 "(?i) and (?s)");
      }
    }
    return text_[at_++] == ')';
  }

  void Close(size_t place) {
    if (!Take(')')) FailAt(place, "a ( without its )");
  }

  void Repetitions(RegexAst& atom, size_t place) {
    for (int n = 0;; ++n) {
      int min = 0, max = kUnbounded;
      const size_t begin = at_;
      if (Take('*')) {
      } else if (Take('+')) {
        min = 1;
      } else if (Take('?')) {
        max = 1;
      } else if (!Braces(min, max)) {
        return;
      }
      if (n >= kMaxGroupDepth) FailAt(begin, "too many repetitions of a repetition");
      if (max != kUnbounded && max < min)
        FailAt(begin, "a repetition whose end is before its start");
      if (Peek() == '+') FailAt(at_, "a possessive repetition, which is not supported");
      Take('?');  // lazy
      std::vector<RegexAst> children;
      children.push_back(std::move(atom));
      atom = Make(Kind::kRepeat, std::move(children), place);
      atom.min = min;
      atom.max = max;
    }
  }

  // {m}, {m,}, {m,n}, {,n}; anything else between braces is text.
  bool Braces(int& min, int& max) {
    const size_t begin = at_;
    if (!Take('{')) return false;
    const std::optional<int> first = Number();
    const bool comma = Take(',');
    const std::optional<int> second = comma ? Number() : first;
    if (!Take('}') || (!first && !second)) {
      at_ = begin;
      return false;
    }
    min = first.value_or(0);
    max = second.value_or(kUnbounded);
    return true;
  }

  std::optional<int> Number() {
    const size_t begin = at_;
    int64_t value = 0;
    for (; Peek() >= '0' && Peek() <= '9'; ++at_) {
      value = std::min<int64_t>(value * 10 + static_cast<int64_t>(Peek() - '0'), 1 << 30);
    }
    if (at_ == begin) return std::nullopt;
    return static_cast<int>(value);
  }

  RegexAst Escape(size_t place) {
    const char32_t c = Peek();
    if (c == 'A' || c == 'z' || c == 'Z') {
      ++at_;
      return Make(c == 'A' ? Kind::kBegin : Kind::kEnd, {}, place);
    }
    if (c == 'b' || c == 'B') FailAt(place, "a word boundary, which is not supported");
    return MakeChars(EscapedChars(place), place);
  }

  // Behind the backslash, outside and inside of classes.
  CharSet EscapedChars(size_t place) {
    if (at_ == text_.size()) FailAt(place, "a backslash at the end");
    const char32_t c = text_[at_++];
    switch (c) {
      case 'd':
        return DigitChars();
      case 'D':
        return DigitChars().Complement();
      case 'w':
        return WordChars();
      case 'W':
        return WordChars().Complement();
      case 's':
        return SpaceChars();
      case 'S':
        return SpaceChars().Complement();
      case 'p':
        return Property(place);
      case 'P':
        return Property(place).Complement();
      default:
        return CharSet::Of(EscapedChar(c, place));
    }
  }

  char32_t EscapedChar(char32_t c, size_t place) {
    switch (c) {
      case 'a':
        return 0x07;
      case 'e':
        return 0x1B;
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'v':
        return '\v';
      case '0':
        return 0;
      case 'c': {
        const char32_t letter = Peek();
        if ((letter | 0x20) < 'a' || (letter | 0x20) > 'z') FailAt(place, "\\c without a letter");
        ++at_;
        return letter & 0x1F;
      }
      case 'x':
        return Hex(2, place);
      case 'u':
        return Utf16(place);
      case 'U':
        return Hex(8, place);
      default:
        break;
    }
    if ((c >= '1' && c <= '9') || c == 'k')
      FailAt(place, "a back reference, which is not supported");
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) FailAt(place, "an unknown escape");
    return c;
  }

  // {H...}, or just so many digits.
  char32_t Hex(int n_digits, size_t place) {
    const bool braces = Take('{');
    char32_t value = 0;
    int n = 0;
    for (; n < (braces ? 8 : n_digits); ++n, ++at_) {
      const char32_t c = Peek(), lower = c | 0x20;
      if (c >= '0' && c <= '9') {
        value = value * 16 + (c - '0');
      } else if (lower >= 'a' && lower <= 'f') {
        value = value * 16 + (lower - 'a' + 10);
      } else {
        break;
      }
    }
    const bool complete = braces ? n > 0 && Take('}') : n == n_digits;
    if (!complete || value > 0x10FFFF) FailAt(place, "an escape that is no code point");
    return value;
  }

  char32_t Utf16(size_t place) {
    const char32_t first = Hex(4, place);
    if (first < 0xD800 || first > 0xDFFF) return first;
    if (first < 0xDC00 && TakeAll(U"\\u")) {
      const char32_t second = Hex(4, place);
      if (second >= 0xDC00 && second <= 0xDFFF) {
        return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
      }
    }
    FailAt(place, "half of a surrogate pair");
  }

  CharSet Property(size_t place) {
    std::string name;
    if (Take('{')) {
      const bool negated = Take('^');
      while (at_ < text_.size() && Peek() != '}') AppendUtf8(name, text_[at_++]);
      if (!Take('}')) FailAt(place, "\\p{ without its }");
      CharSet set = PropertyChars(name);
      if (set.empty()) FailAt(place, "an unknown Unicode property");
      return negated ? set.Complement() : set;
    }
    if (at_ < text_.size()) AppendUtf8(name, text_[at_++]);
    const CharSet set = PropertyChars(name);
    if (set.empty()) FailAt(place, "an unknown Unicode property");
    return set;
  }

  CharSet Class(size_t place) {
    const bool negated = Take('^');
    CharSet set;
    std::vector<CharSet::Range> ranges;
    for (bool first = true;; first = false) {
      if (at_ == text_.size()) FailAt(place, "a [ without its ]");
      if (Peek() == ']' && !(first && !ecma_)) break;
      if (Peek() == '[' && Peek(1) == ':') {
        set.Add(Posix(place));
        continue;
      }
      const CharSet low = ClassAtom(place);
      const bool is_range = Peek() == '-' && Peek(1) != ']' && Peek(1) != kNoChar && IsOne(low);
      if (!is_range) {
        AddTo(low, ranges, set);
        continue;
      }
      ++at_;
      const CharSet high = ClassAtom(place);
      if (!IsOne(high)) {
        AddTo(low, ranges, set);
        ranges.emplace_back('-', '-');
        AddTo(high, ranges, set);
        continue;
      }
      const char32_t from = low.ranges().front().first, to = high.ranges().front().first;
      if (from > to) FailAt(place, "a range whose end is before its start");
      ranges.emplace_back(from, to);
    }
    ++at_;
    set.Add(CharSet(std::move(ranges)));
    if (flags_.ignore_case) set = set.IgnoringCase();
    return negated ? set.Complement() : set;
  }

  static bool IsOne(const CharSet& set) {
    return set.ranges().size() == 1 && set.ranges().front().first == set.ranges().front().second;
  }
  static void AddTo(const CharSet& part, std::vector<CharSet::Range>& ranges, CharSet& set) {
    if (IsOne(part)) {
      ranges.push_back(part.ranges().front());
    } else {
      set.Add(part);
    }
  }

  CharSet ClassAtom(size_t place) {
    if (!Take('\\')) return CharSet::Of(text_[at_++]);
    if (Take('b')) return CharSet::Of(0x08);
    return EscapedChars(place);
  }

  CharSet Posix(size_t place) {
    at_ += 2;
    const bool negated = Take('^');
    std::string name;
    while (at_ < text_.size() && Peek() != ':') AppendUtf8(name, text_[at_++]);
    const CharSet set = PosixChars(name);
    if (set.empty() || !TakeAll(U":]")) FailAt(place, "an unknown class [:name:]");
    return negated ? set.Complement() : set;
  }

  const std::string_view pattern_;
  const std::vector<char32_t> text_;
  const bool ecma_;
  Flags flags_;
  size_t at_ = 0;
};

}  // namespace

void FailPattern(std::string_view pattern, size_t place, std::string_view what) {
  constexpr size_t kShown = 200;
  const std::string shown = RepairUtf8(pattern.substr(0, kShown));
  Fail(ErrorCode::kInvalidArgument, "the pattern \"{}{}\" has {} (character {})", shown,
       pattern.size() > kShown ? "..." : "", what, place + 1);
}

RegexAst ParseRegexAst(std::string_view pattern, const RegexSyntax& syntax) {
  if (pattern.size() > kMaxPatternBytes) {
    Fail(ErrorCode::kInvalidArgument, "a pattern is {} bytes long; at most {} are allowed",
         pattern.size(), kMaxPatternBytes);
  }
  if (!IsValidUtf8(pattern)) {
    Fail(ErrorCode::kInvalidArgument, "a pattern is not valid UTF-8");
  }
  return Reader(pattern, syntax).Read();
}

}  // namespace pioneer::grammar
