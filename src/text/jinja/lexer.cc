#include "text/jinja/lexer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "base/error.h"
#include "base/utf8.h"

namespace pioneer::jinja {
namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Longer ones first.
constexpr std::array<std::string_view, 28> kOperators = {
    "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">",
    "=",  "|",  ".",  ",",  ":",  ";",  "(", ")", "[", "]", "{", "}", "!", "&"};

// "\r\n" and "\r" become "\n"; one line break at the very end goes.
std::string NormalizeNewlines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r') {
      out += '\n';
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    } else {
      out += source[i];
    }
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class Lexer {
 public:
  explicit Lexer(std::string_view source) : source_(source) {}

  std::vector<Token> Run() {
    while (at_ < source_.size()) {
      LexText();
      if (at_ < source_.size()) LexTag();
    }
    Push(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  [[noreturn]] void FailHere(const std::string& reason) const {
    Fail(ErrorCode::kInvalidArgument, "chat template, line {}: {}", line_, reason);
  }

  char Peek(size_t ahead = 0) const {
    return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
  }

  bool StartsWith(std::string_view text) const { return source_.substr(at_).starts_with(text); }

  void Advance(size_t n) {
    line_ += static_cast<int>(std::count(source_.begin() + at_, source_.begin() + at_ + n, '\n'));
    at_ += n;
  }

  void Push(TokenKind kind, std::string text) {
    Token token;
    token.kind = kind;
    token.text = std::move(text);
    token.line = line_;
    tokens_.push_back(std::move(token));
  }

  void PushText(std::string_view text) {
    if (!text.empty()) Push(TokenKind::kText, std::string(text));
  }

  // The next "{{", "{%" or "{#".
  size_t FindTag() const {
    size_t at = at_;
    while ((at = source_.find('{', at)) != std::string_view::npos) {
      const char next = at + 1 < source_.size() ? source_[at + 1] : '\0';
      if (next == '{' || next == '%' || next == '#') return at;
      ++at;
    }
    return source_.size();
  }

  // The text before the tag at `end`, shortened as "-" or lstrip_blocks ask for.
  std::string_view TextBeforeTag(size_t begin, size_t end) const {
    std::string_view text = source_.substr(begin, end - begin);
    const char kind = end + 1 < source_.size() ? source_[end + 1] : '\0';
    const char sign = end + 2 < source_.size() ? source_[end + 2] : '\0';
    if (sign == '-') {
      while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
      return text;
    }
    if (kind == '{' || sign == '+') return text;
    const size_t line_begin = text.rfind('\n') + 1;  // npos + 1 = 0
    if (line_begin == 0 && !at_line_begin_) return text;
    const std::string_view last_line = text.substr(line_begin);
    const bool blank = std::all_of(last_line.begin(), last_line.end(), IsSpace);
    return blank ? text.substr(0, line_begin) : text;
  }

  void LexText() {
    const size_t end = FindTag();
    PushText(end < source_.size() ? TextBeforeTag(at_, end) : source_.substr(at_));
    Advance(end - at_);
    at_line_begin_ = false;
  }

  void LexTag() {
    const char kind = source_[at_ + 1];
    if (kind == '#') return SkipComment();
    if (kind == '%' && LexRaw()) return;
    Push(kind == '%' ? TokenKind::kBlockBegin : TokenKind::kVariableBegin, "");
    Advance(2);
    if (Peek() == '-' || (kind == '%' && Peek() == '+')) Advance(1);
    LexInsideTag(kind == '%' ? "%}" : "}}");
  }

  void SkipComment() {
    const size_t end = source_.find("#}", at_ + 2);
    if (end == std::string_view::npos) FailHere("a comment {# is not closed by #}");
    const char sign = end > at_ + 2 ? source_[end - 1] : '\0';
    Advance(end - at_);
    FinishTag(sign, true);
  }

  // Behind the sign, at the two characters that end a tag.
  void FinishTag(char sign, bool trims_newline) {
    Advance(2);
    at_line_begin_ = false;
    if (sign == '-') {
      while (at_ < source_.size() && IsSpace(source_[at_])) Advance(1);
    } else if (trims_newline && sign != '+' && Peek() == '\n') {
      Advance(1);
      at_line_begin_ = true;
    }
  }

  void LexInsideTag(std::string_view close) {
    int open_brackets = 0;  // "}}" inside {{ {'a': {}} }} closes dicts
    while (true) {
      while (IsSpace(Peek()) && at_ < source_.size()) Advance(1);
      if (at_ >= source_.size()) FailHere("a tag is not closed");
      if (open_brackets == 0) {
        const bool has_sign = (Peek() == '-' || (Peek() == '+' && close == "%}")) &&
                              source_.substr(at_ + 1).starts_with(close);
        if (has_sign || StartsWith(close)) {
          const char sign = has_sign ? Peek() : '\0';
          Push(close == "%}" ? TokenKind::kBlockEnd : TokenKind::kVariableEnd, "");
          Advance(has_sign ? 1 : 0);
          return FinishTag(sign, close == "%}");
        }
      }
      LexExpressionToken(open_brackets);
    }
  }

  void LexExpressionToken(int& open_brackets) {
    const char c = Peek();
    if (IsNameStart(c)) return LexName();
    if (IsDigit(c)) return LexNumber();
    if (c == '\'' || c == '"') return LexString(c);
    for (const std::string_view text : kOperators) {
      if (!StartsWith(text)) continue;
      if (text == "(" || text == "[" || text == "{") ++open_brackets;
      if (text == ")" || text == "]" || text == "}") --open_brackets;
      Push(TokenKind::kOperator, std::string(text));
      return Advance(text.size());
    }
    FailHere(fmt::format("the character '{}' has no meaning here", c));
  }

  void LexName() {
    size_t end = at_;
    while (end < source_.size() && (IsNameStart(source_[end]) || IsDigit(source_[end]))) ++end;
    Push(TokenKind::kName, std::string(source_.substr(at_, end - at_)));
    Advance(end - at_);
  }

  void LexNumber() {
    std::string digits;
    bool is_float = false;
    while (true) {
      const char c = Peek();
      if (IsDigit(c)) {
        digits += c;
      } else if (c == '.' && !is_float && IsDigit(Peek(1))) {
        is_float = true;
        digits += c;
      } else if ((c == 'e' || c == 'E') &&
                 (IsDigit(Peek(1)) || ((Peek(1) == '-' || Peek(1) == '+') && IsDigit(Peek(2))))) {
        is_float = true;
        digits += c;
        digits += Peek(1);
        Advance(1);
      } else if (c != '_' || !IsDigit(Peek(1))) {
        break;
      }
      Advance(1);
    }
    Push(is_float ? TokenKind::kFloat : TokenKind::kInt, digits);
    Token& token = tokens_.back();
    if (is_float) {
      token.number = std::strtod(digits.c_str(), nullptr);
    } else if (std::from_chars(digits.data(), digits.data() + digits.size(), token.integer).ec !=
               std::errc()) {
      FailHere("the number " + digits + " is too large");
    }
  }

  void LexString(char quote) {
    Advance(1);
    std::string text;
    while (at_ < source_.size() && Peek() != quote) {
      if (Peek() == '\\') {
        LexEscape(text);
      } else {
        text += Peek();
        Advance(1);
      }
    }
    if (at_ >= source_.size()) FailHere("a string is not closed");
    Advance(1);
    Push(TokenKind::kString, std::move(text));
  }

  // Python's escapes; an unknown one stays as it is.
  void LexEscape(std::string& text) {
    static constexpr std::string_view kFrom = "ntrbfav0\\'\"", kTo = {"\n\t\r\b\f\a\v\0\\'\"", 11};
    const char c = Peek(1);
    if (c == 'x' || c == 'u' || c == 'U') {
      const size_t n = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      const std::string_view digits = source_.substr(std::min(at_ + 2, source_.size()), n);
      uint32_t code = 0;
      const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
      if (digits.size() != n || parsed.ptr != digits.data() + n || code > 0x10FFFF ||
          (code >= 0xD800 && code < 0xE000)) {
        FailHere("a string has a broken escape sequence");
      }
      AppendUtf8(text, code);
      return Advance(2 + n);
    }
    const size_t known = c == '\0' ? std::string_view::npos : kFrom.find(c);
    if (known != std::string_view::npos) {
      text += kTo[known];
    } else if (c != '\n') {
      text += '\\';
      return Advance(1);
    }
    Advance(2);
  }

  // Reads "WORD" between optional spaces, then an optional sign and "%}". Returns the position of
  // the sign or of "%}", npos when it is something else.
  size_t MatchKeywordTag(size_t at, std::string_view word) const {
    const auto skip_spaces = [&] {
      while (at < source_.size() && IsSpace(source_[at])) ++at;
    };
    skip_spaces();
    if (!source_.substr(at).starts_with(word)) return std::string_view::npos;
    at += word.size();
    skip_spaces();
    const size_t sign = at < source_.size() && (source_[at] == '-' || source_[at] == '+') ? 1 : 0;
    return source_.substr(std::min(at + sign, source_.size())).starts_with("%}")
               ? at
               : std::string_view::npos;
  }

  static size_t AfterSign(std::string_view source, size_t at) {
    return at < source.size() && (source[at] == '-' || source[at] == '+') ? at + 1 : at;
  }

  // {% raw %} ... {% endraw %}; false when the tag is another one.
  bool LexRaw() {
    const size_t close = MatchKeywordTag(AfterSign(source_, at_ + 2), "raw");
    if (close == std::string_view::npos) return false;
    const char sign = source_[close];
    Advance(close - at_ + (sign == '%' ? 0 : 1));
    FinishTag(sign, false);
    for (size_t tag = source_.find("{%", at_); tag != std::string_view::npos;
         tag = source_.find("{%", tag + 2)) {
      const size_t end = MatchKeywordTag(AfterSign(source_, tag + 2), "endraw");
      if (end == std::string_view::npos) continue;
      PushText(TextBeforeTag(at_, tag));
      const char end_sign = source_[end];
      Advance(end - at_ + (end_sign == '%' ? 0 : 1));
      FinishTag(end_sign, true);
      return true;
    }
    FailHere("{% raw %} is not closed by {% endraw %}");
  }

  std::string_view source_;
  size_t at_ = 0;
  int line_ = 1;
  bool at_line_begin_ = true;  // what lies before at_ is the start of a line, for lstrip_blocks
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> Tokenize(std::string_view source) {
  if (source.size() > kMaxTemplateBytes) {
    Fail(ErrorCode::kInvalidArgument, "the chat template is {} bytes long; at most {} are allowed",
         source.size(), kMaxTemplateBytes);
  }
  const std::string normalized = NormalizeNewlines(source);
  return Lexer(normalized).Run();
}

}  // namespace pioneer::jinja
