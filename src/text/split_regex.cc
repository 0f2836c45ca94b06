#include "text/split_regex.h"

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace pioneer {
namespace {

constexpr int kMaxDepth = 40;
constexpr int kMaxRepeats = 1000;
constexpr size_t kMaxSteps = 8000;
constexpr size_t kMaxExpressionBytes = 1 << 16;

using Operation = SplitProgram::Operation;

struct Node {
  enum class Kind : uint8_t { kSet, kLook, kSequence, kChoice, kRepeat } kind = Kind::kSequence;
  int32_t set = -1;
  bool negated = false;  // kLook
  bool lazy = false;     // kRepeat
  int min = 0, max = 0;  // kRepeat; max -1 = no limit
  std::vector<Node> children;
};

class Parser {
 public:
  Parser(std::string_view expression, std::vector<icu::UnicodeSet>& sets)
      : text_(expression), sets_(sets) {}

  Node Parse() {
    if (text_.size() > kMaxExpressionBytes) Refuse("more than 65536 bytes");
    Node node = ParseChoice();
    if (!AtEnd()) Refuse("an unmatched \")\"");
    return node;
  }

 private:
  [[noreturn]] void Refuse(std::string_view what) const {
    Fail(ErrorCode::kUnsupported,
         "the pre-tokenizer's expression \"{}\" uses {} at byte {}, which is not supported",
         RepairUtf8(text_.substr(0, 300)), what, position_);
  }

  bool AtEnd() const { return position_ >= text_.size(); }
  bool Take(std::string_view token) {
    if (!text_.substr(std::min(position_, text_.size())).starts_with(token)) return false;
    position_ += token.size();
    return true;
  }
  char Peek() const { return AtEnd() ? '\0' : text_[position_]; }
  char32_t TakeCharacter() {
    if (AtEnd()) Refuse("an unfinished part");
    const DecodedChar c = DecodeUtf8(text_.substr(position_));
    if (!c.valid) Refuse("invalid UTF-8");
    position_ += c.length;
    return c.code_point;
  }

  int32_t AddSet(icu::UnicodeSet set) {
    if (any_case_) set.closeOver(USET_CASE_INSENSITIVE);
    for (size_t i = 0; i < sets_.size(); ++i) {
      if (sets_[i] == set) return static_cast<int32_t>(i);
    }
    sets_.push_back(std::move(set));
    return static_cast<int32_t>(sets_.size() - 1);
  }
  Node SetNode(icu::UnicodeSet set) {
    Node node;
    node.kind = Node::Kind::kSet;
    node.set = AddSet(std::move(set));
    return node;
  }

  Node ParseChoice() {
    if (++depth_ > kMaxDepth) Refuse("too many nested groups");
    Node choice;
    choice.kind = Node::Kind::kChoice;
    do {
      choice.children.push_back(ParseSequence());
    } while (Take("|"));
    --depth_;
    return choice.children.size() == 1 ? std::move(choice.children[0]) : std::move(choice);
  }

  Node ParseSequence() {
    Node sequence;
    while (!AtEnd() && Peek() != '|' && Peek() != ')') {
      sequence.children.push_back(ParseQuantified());
    }
    return sequence;
  }

  Node ParseQuantified() {
    Node atom = ParseAtom();
    for (std::optional<std::pair<int, int>> range; (range = TakeQuantifier());) {
      Node repeat;
      repeat.kind = Node::Kind::kRepeat;
      std::tie(repeat.min, repeat.max) = *range;
      repeat.lazy = Take("?");
      if (!repeat.lazy) Take("+");  // possessive
      repeat.children.push_back(std::move(atom));
      atom = std::move(repeat);
    }
    return atom;
  }

  std::optional<std::pair<int, int>> TakeQuantifier() {
    if (Take("?")) return {{0, 1}};
    if (Take("*")) return {{0, -1}};
    if (Take("+")) return {{1, -1}};
    if (!Take("{")) return std::nullopt;
    const int min = TakeNumber();
    int max = min;
    if (Take(",")) max = Peek() == '}' ? -1 : TakeNumber();
    if (!Take("}")) Refuse("an unknown quantifier");
    if (max >= 0 && max < min) Refuse("a quantifier that ends before it begins");
    return {{min, max}};
  }

  int TakeNumber() {
    int value = 0;
    if (Peek() < '0' || Peek() > '9') Refuse("an unknown quantifier");
    for (; Peek() >= '0' && Peek() <= '9'; ++position_) {
      value = value * 10 + (Peek() - '0');
      if (value > kMaxRepeats) Refuse("a number of repeats above 1000");
    }
    return value;
  }

  Node ParseAtom() {
    if (Take("(")) return ParseGroup();
    if (Take("[")) return SetNode(ParseClass());
    if (Take("$")) return Look(icu::UnicodeSet(0, 0x10FFFF), true);
    if (Take(".")) return SetNode(icu::UnicodeSet(0, 0x10FFFF).remove('\n'));
    if (Take("\\")) return SetNode(ParseEscape());
    const char c = Peek();
    if (c == '*' || c == '+' || c == '?' || c == '{' || c == '^') Refuse(std::string(1, c));
    return SetNode(icu::UnicodeSet().add(static_cast<UChar32>(TakeCharacter())));
  }

  Node Look(icu::UnicodeSet set, bool negated) {
    Node node = SetNode(std::move(set));
    node.kind = Node::Kind::kLook;
    node.negated = negated;
    return node;
  }

  Node ParseGroup() {
    const bool outer_case = any_case_;
    Node node;
    if (Take("?!")) {
      node = LookAhead(true);
    } else if (Take("?=")) {
      node = LookAhead(false);
    } else {
      if (Take("?i:")) {
        any_case_ = true;
      } else if (!Take("?:") && Peek() == '?') {
        Refuse("an unknown kind of group");
      }
      node = ParseChoice();
    }
    any_case_ = outer_case;
    if (!Take(")")) Refuse("an unfinished group");
    return node;
  }

  Node LookAhead(bool negated) {
    Node body = ParseChoice();
    while (body.kind == Node::Kind::kSequence && body.children.size() == 1) {
      Node only = std::move(body.children[0]);
      body = std::move(only);
    }
    if (body.kind != Node::Kind::kSet) Refuse("a look-ahead of more than one character");
    body.kind = Node::Kind::kLook;
    body.negated = negated;
    return body;
  }

  // Behind "[".
  icu::UnicodeSet ParseClass() {
    if (++depth_ > kMaxDepth) Refuse("too many nested classes");
    const bool negated = Take("^");
    icu::UnicodeSet set = ParseClassItems();
    while (Take("&&")) set.retainAll(ParseClassItems());
    if (!Take("]")) Refuse("an unfinished class");
    if (any_case_) set.closeOver(USET_CASE_INSENSITIVE);
    if (negated) set.complement();
    --depth_;
    return set;
  }

  icu::UnicodeSet ParseClassItems() {
    icu::UnicodeSet set;
    while (!AtEnd() && Peek() != ']' && !text_.substr(position_).starts_with("&&")) {
      if (Take("[")) {
        set.addAll(ParseClass());
        continue;
      }
      const icu::UnicodeSet first = ParseClassItem();
      const bool is_range = Peek() == '-' && position_ + 1 < text_.size() &&
                            text_[position_ + 1] != ']' && first.size() == 1;
      if (!is_range) {
        set.addAll(first);
        continue;
      }
      ++position_;
      const icu::UnicodeSet last = ParseClassItem();
      if (last.size() != 1 || last.charAt(0) < first.charAt(0)) Refuse("an unknown range");
      set.add(first.charAt(0), last.charAt(0));
    }
    return set;
  }

  icu::UnicodeSet ParseClassItem() {
    if (Take("\\")) return ParseEscape();
    return icu::UnicodeSet().add(static_cast<UChar32>(TakeCharacter()));
  }

  // Behind "\".
  icu::UnicodeSet ParseEscape() {
    const char32_t c = TakeCharacter();
    switch (c) {
      case 's':
        return Property("White_Space");
      case 'S':
        return Property("White_Space").complement();
      case 'd':
        return Property("Nd");
      case 'D':
        return Property("Nd").complement();
      case 'w':
      case 'W': {
        icu::UnicodeSet word = Property("Alphabetic");
        for (const char* name : {"M", "Nd", "Pc"}) word.addAll(Property(name));
        return c == 'w' ? word : word.complement();
      }
      case 'p':
      case 'P': {
        if (!Take("{")) Refuse("an unknown property");
        const size_t end = text_.find('}', position_);
        if (end == std::string_view::npos) Refuse("an unfinished property");
        icu::UnicodeSet set = Property(std::string(text_.substr(position_, end - position_)));
        position_ = end + 1;
        return c == 'p' ? set : set.complement();
      }
      case 'n':
        return One('\n');
      case 'r':
        return One('\r');
      case 't':
        return One('\t');
      case 'f':
        return One('\f');
      case 'v':
        return One('\v');
      case 'x':
      case 'u':
        return One(TakeHexadecimal());
      default:
        break;
    }
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter) Refuse("an unknown escape");
    return One(c);
  }

  icu::UnicodeSet One(char32_t c) const { return icu::UnicodeSet().add(static_cast<UChar32>(c)); }

  // {1F600} or exactly as many digits as \xNN and \uNNNN have.
  char32_t TakeHexadecimal() {
    const size_t n_digits = text_[position_ - 1] == 'x' ? 2 : 4;
    const bool braces = Take("{");
    char32_t value = 0;
    size_t n = 0;
    for (; n < (braces ? 6 : n_digits) && std::isxdigit(static_cast<unsigned char>(Peek())); ++n) {
      const char c = text_[position_++];
      value = value * 16 + static_cast<char32_t>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    if (n == 0 || (braces && !Take("}")) || value > 0x10FFFF) Refuse("an unknown code point");
    return value;
  }

  // A general category ("L", "Lu"), a script ("Han") or a binary property ("White_Space").
  icu::UnicodeSet Property(const std::string& name) const {
    UErrorCode status = U_ZERO_ERROR;
    icu::UnicodeSet set;
    const auto alias = icu::UnicodeString::fromUTF8(name);
    set.applyPropertyAlias(alias, icu::UnicodeString(), status);
    if (U_FAILURE(status)) {
      status = U_ZERO_ERROR;
      set.applyPropertyAlias(icu::UnicodeString("Script"), alias, status);
    }
    if (U_FAILURE(status)) Refuse("an unknown property");
    return set;
  }

  std::string_view text_;
  std::vector<icu::UnicodeSet>& sets_;
  size_t position_ = 0;
  int depth_ = 0;
  bool any_case_ = false;
};

// From the end to the start: every part is told where to go on.
class Compiler {
 public:
  SplitProgram Compile(const Node& root) {
    program_.start = Compile(root, Add({}));
    return std::move(program_);
  }

 private:
  int32_t Add(SplitProgram::Step step) {
    if (program_.steps.size() >= kMaxSteps) {
      Fail(ErrorCode::kUnsupported, "the pre-tokenizer's expression is too large");
    }
    program_.steps.push_back(step);
    return static_cast<int32_t>(program_.steps.size() - 1);
  }

  int32_t Compile(const Node& node, int32_t next) {
    switch (node.kind) {
      case Node::Kind::kSet:
        return Add({Operation::kCharacter, false, node.set, next, -1});
      case Node::Kind::kLook:
        return Add({Operation::kLook, node.negated, node.set, next, -1});
      case Node::Kind::kSequence:
        for (size_t i = node.children.size(); i-- > 0;) next = Compile(node.children[i], next);
        return next;
      case Node::Kind::kChoice: {
        int32_t entry = Compile(node.children.back(), next);
        for (size_t i = node.children.size() - 1; i-- > 0;) {
          entry = Fork(Compile(node.children[i], next), entry, false);
        }
        return entry;
      }
      case Node::Kind::kRepeat:
        return CompileRepeat(node, next);
    }
    return next;
  }

  int32_t Fork(int32_t first, int32_t second, bool swapped) {
    if (swapped) std::swap(first, second);
    return Add({Operation::kFork, false, -1, first, second});
  }

  int32_t CompileRepeat(const Node& node, int32_t next) {
    const Node& body = node.children[0];
    int32_t entry = next;
    if (node.max < 0) {
      entry = Fork(-1, next, node.lazy);
      const int32_t again = Compile(body, entry);
      (node.lazy ? program_.steps[entry].other : program_.steps[entry].next) = again;
    }
    for (int i = node.min; i < node.max; ++i) entry = Fork(Compile(body, entry), next, node.lazy);
    for (int i = 0; i < node.min; ++i) entry = Compile(body, entry);
    return entry;
  }

  SplitProgram program_;
};

}  // namespace

SplitProgram ParseSplitRegex(std::string_view expression, std::vector<icu::UnicodeSet>& sets) {
  return Compiler().Compile(Parser(expression, sets).Parse());
}

}  // namespace pioneer
