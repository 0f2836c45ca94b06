#include "text/pre_tokenizer.h"

#include <array>
#include <cstdint>

#include "base/error.h"
#include "text/unicode.h"

namespace pioneer {
namespace {

struct NamedPreTokenizer {
  std::string_view name;
  PreTokenizer value;
};

constexpr std::array kPreTokenizers = {
    NamedPreTokenizer{"default", {NextPieceDefault, false}},
    NamedPreTokenizer{"gpt-2", {NextPieceGpt2, false}},
    NamedPreTokenizer{"phi-2", {NextPieceGpt2, false}},
    NamedPreTokenizer{"llama-bpe", {NextPieceLlama3, true}},
    NamedPreTokenizer{"llama3", {NextPieceLlama3, true}},
    NamedPreTokenizer{"llama-v3", {NextPieceLlama3, true}},
    NamedPreTokenizer{"qwen2", {NextPieceQwen2, false}},
    NamedPreTokenizer{"deepseek-r1-qwen", {NextPieceQwen2, false}},
};

size_t SkipClass(std::string_view text, size_t position, uint8_t any_of) {
  for (TextChar c = CharAt(text, position); c.Is(any_of); c = CharAt(text, position)) {
    position += c.length;
  }
  return position;
}

size_t SkipOther(std::string_view text, size_t position) {
  for (TextChar c = CharAt(text, position); c.IsOther(); c = CharAt(text, position)) {
    position += c.length;
  }
  return position;
}

size_t SkipNewlines(std::string_view text, size_t position) {
  while (position < text.size() && (text[position] == '\r' || text[position] == '\n')) ++position;
  return position;
}

// \s+(?!\S)|\s+ : a run of spaces leaves its last one to the word behind it.
size_t WhitespaceEnd(std::string_view text, size_t begin) {
  size_t last = begin, end = begin;
  for (TextChar c = CharAt(text, begin); c.Is(kSpace); c = CharAt(text, end)) {
    last = end;
    end += c.length;
  }
  return end == text.size() || last == begin ? end : last;
}

// \s*[\r\n]+ : the end of the last line break in the run of spaces; `begin` when there is none.
size_t LastNewlineEnd(std::string_view text, size_t begin) {
  size_t position = begin, found = begin;
  for (TextChar c = CharAt(text, begin); c.Is(kSpace); c = CharAt(text, position)) {
    position += c.length;
    if (c.IsNewline()) found = position;
  }
  return found;
}

// U+017F, the long s, is an "s" where case does not count.
char LowerAscii(const TextChar& c) {
  if (c.code_point == 0x17F) return 's';
  if (c.code_point >= 'A' && c.code_point <= 'Z') return static_cast<char>(c.code_point + 32);
  return c.code_point < 0x80 ? static_cast<char>(c.code_point) : '\0';
}

// Length of 's, 't, 're, 've, 'm, 'll or 'd at `begin`; 0 when there is none.
size_t ContractionLength(std::string_view text, size_t begin, bool any_case) {
  if (text[begin] != '\'') return 0;
  const auto letter = [&](const TextChar& c) {
    if (any_case) return LowerAscii(c);
    return c.code_point < 0x80 ? static_cast<char>(c.code_point) : '\0';
  };
  const TextChar first = CharAt(text, begin + 1);
  if (first.at_end()) return 0;
  const char a = letter(first);
  if (a == 's' || a == 't' || a == 'm' || a == 'd') return 1u + first.length;
  const TextChar second = CharAt(text, begin + 1 + first.length);
  if (second.at_end()) return 0;
  const char b = letter(second);
  const bool two = (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l');
  return two ? 1u + first.length + second.length : 0;
}

size_t SkipNumbers(std::string_view text, size_t position, int max_chars) {
  for (int i = 0; i < max_chars; ++i) {
    const TextChar c = CharAt(text, position);
    if (!c.Is(kNumber)) break;
    position += c.length;
  }
  return position;
}

// Llama 3's expression with \p{N}{1,max_digits}.
size_t NextPieceByLines(std::string_view text, size_t begin, int max_digits) {
  if (const size_t n = ContractionLength(text, begin, true)) return begin + n;
  const TextChar first = CharAt(text, begin);
  if (first.Is(kLetter)) return SkipClass(text, begin, kLetter);
  if (first.Is(kNumber)) return SkipNumbers(text, begin, max_digits);
  const size_t second_begin = begin + first.length;
  const TextChar second = CharAt(text, second_begin);
  if (!first.IsNewline() && second.Is(kLetter)) return SkipClass(text, second_begin, kLetter);
  if (first.IsOther()) return SkipNewlines(text, SkipOther(text, begin));
  if (first.code_point == ' ' && second.IsOther()) {
    return SkipNewlines(text, SkipOther(text, second_begin));
  }
  const size_t newline_end = LastNewlineEnd(text, begin);
  return newline_end > begin ? newline_end : WhitespaceEnd(text, begin);
}

// [\p{P}$+<=>^~|]
bool IsCutOut(const TextChar& c) {
  return c.Is(kPunctuation) ||
         (c.code_point < 0x80 && !c.at_end() &&
          std::string_view("$+<=>^~|").find(static_cast<char>(c.code_point)) !=
              std::string_view::npos);
}

bool ThreeDigitsAt(std::string_view text, size_t position) {
  if (text.size() - position < 3) return false;
  for (size_t i = 0; i < 3; ++i) {
    if (text[position + i] < '0' || text[position + i] > '9') return false;
  }
  return true;
}

// The next group in a run of numbers: three ASCII digits, or what lies before the next such three.
size_t NumberGroupEnd(std::string_view text, size_t begin) {
  if (ThreeDigitsAt(text, begin)) return begin + 3;
  size_t position = begin;
  for (TextChar c = CharAt(text, begin); c.Is(kNumber); c = CharAt(text, position)) {
    position += c.length;
    if (ThreeDigitsAt(text, position)) break;
  }
  return position;
}

}  // namespace

size_t NextPieceGpt2(std::string_view text, size_t begin) {
  if (const size_t n = ContractionLength(text, begin, false)) return begin + n;
  const size_t body_begin = text[begin] == ' ' ? begin + 1 : begin;
  const TextChar body = CharAt(text, body_begin);
  if (body.Is(kLetter)) return SkipClass(text, body_begin, kLetter);
  if (body.Is(kNumber)) return SkipClass(text, body_begin, kNumber);
  if (body.IsOther()) return SkipOther(text, body_begin);
  return WhitespaceEnd(text, begin);
}

size_t NextPieceLlama3(std::string_view text, size_t begin) {
  return NextPieceByLines(text, begin, 3);
}

size_t NextPieceQwen2(std::string_view text, size_t begin) {
  return NextPieceByLines(text, begin, 1);
}

size_t NextPieceDefault(std::string_view text, size_t begin) {
  TextChar c = CharAt(text, begin);
  size_t end = begin;
  if (IsCutOut(c)) {
    for (; IsCutOut(c); c = CharAt(text, end)) end += c.length;
    return end;
  }
  const size_t body_begin = text[begin] == ' ' ? begin + 1 : begin;
  const TextChar body = CharAt(text, body_begin);
  if (body.Is(kLetter)) return SkipClass(text, body_begin, kLetter);
  if (body.Is(kNumber)) {
    return body_begin > begin ? body_begin : NumberGroupEnd(text, body_begin);
  }
  end = body_begin;
  for (c = body; c.IsOther() && !IsCutOut(c); c = CharAt(text, end)) end += c.length;
  if (end > body_begin) return end;
  // A run of spaces keeps its last one when the text, or the part before a cut-out run, ends there.
  size_t last = begin;
  for (end = begin, c = CharAt(text, begin); c.Is(kSpace); c = CharAt(text, end)) {
    last = end;
    end += c.length;
  }
  return c.at_end() || IsCutOut(c) || last == begin ? end : last;
}

PreTokenizer FindPreTokenizer(std::string_view name) {
  std::string known;
  for (const NamedPreTokenizer& candidate : kPreTokenizers) {
    if (candidate.name == name) return candidate.value;
    known += known.empty() ? "" : ", ";
    known += candidate.name;
  }
  Fail(ErrorCode::kUnsupported, "the pre-tokenizer \"{}\" is not known; known are: {}", name,
       known);
}

}  // namespace pioneer
