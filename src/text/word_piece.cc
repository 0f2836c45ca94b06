#include "text/word_piece.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"
#include "text/marked_words.h"
#include "text/unicode.h"

namespace pioneer {
namespace {

// Longer words are unknown, as in the reference.
constexpr size_t kMaxWordCharacters = 100;

bool IsIdeograph(char32_t c) {
  const auto within = [c](char32_t first, char32_t last) { return c >= first && c <= last; };
  return within(0x4E00, 0x9FFF) || within(0x3400, 0x4DBF) || within(0x20000, 0x2A6DF) ||
         within(0x2A700, 0x2B73F) || within(0x2B740, 0x2B81F) || within(0x2B920, 0x2CEAF) ||
         within(0xF900, 0xFAFF) || within(0x2F800, 0x2FA1F);
}

bool IsAsciiSymbol(char32_t c) {
  return c > ' ' && c < 0x7F && !(u_isalnum(static_cast<UChar32>(c)) != 0);
}

bool IsRemoved(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return c == kReplacementChar || (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_C_MASK) != 0;
}

void AppendLowerCase(std::string& out, char32_t c) {
  if (c == 0x130) {  // the only letter whose small form is two characters
    out += "i\u0307";
  } else {
    AppendUtf8(out, static_cast<char32_t>(u_tolower(static_cast<UChar32>(c))));
  }
}

// Canonical decomposition without the marks that do not take room.
std::string StripAccents(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* const nfd = icu::Normalizer2::getNFDInstance(status);
  if (U_FAILURE(status)) Fail(ErrorCode::kInternal, "ICU has no normalizer");
  const icu::UnicodeString decomposed = nfd->normalize(
      icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())}), status);
  if (U_FAILURE(status)) Fail(ErrorCode::kInternal, "ICU cannot decompose the text");
  icu::UnicodeString kept;
  for (int32_t i = 0; i < decomposed.length(); i = decomposed.moveIndex32(i, 1)) {
    const UChar32 c = decomposed.char32At(i);
    if (u_charType(c) != U_NON_SPACING_MARK) kept.append(c);
  }
  std::string out;
  kept.toUTF8String(out);
  return out;
}

}  // namespace

WordPieceTokenizer::WordPieceTokenizer(Vocabulary vocabulary)
    : TokenizerBase(std::move(vocabulary)), pieces_(vocabulary_.tokens, vocabulary_.tokens.size()) {
  if (vocabulary_.unknown_id < 0) {
    Fail(ErrorCode::kCorruptFile, "the WordPiece vocabulary has no unknown token");
  }
  strip_leading_space_ = true;
  FillMarkedBytes();
  for (int32_t id = 0; id < size(); ++id) {
    const std::string& token = vocabulary_.tokens[id];
    if (type(id) != TokenType::kNormal || token.empty()) continue;
    pieces_.Add(id);
    longest_piece_ = std::max(longest_piece_, token.size());
  }
}

// Spaces become " ", controls go, ideographs stand alone, accents and capitals go where the model
// wants it.
std::string WordPieceTokenizer::Normalize(std::string_view text) const {
  std::string clean;
  clean.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const DecodedChar c = DecodeUtf8(text);
    text.remove_prefix(c.length);
    if (CharClassTable::Get()[c.code_point] & kSpace) {
      clean += ' ';
    } else if (IsIdeograph(c.code_point)) {
      clean += ' ';
      AppendUtf8(clean, c.code_point);
      clean += ' ';
    } else if (!IsRemoved(c.code_point)) {
      AppendUtf8(clean, c.code_point);
    }
  }
  if (vocabulary_.strip_accents) clean = StripAccents(clean);
  if (!vocabulary_.lowercase) return clean;
  std::string lower;
  lower.reserve(clean.size());
  for (std::string_view rest = clean; !rest.empty();) {
    const DecodedChar c = DecodeUtf8(rest);
    AppendLowerCase(lower, c.code_point);
    rest.remove_prefix(c.length);
  }
  return lower;
}

void WordPieceTokenizer::EncodePlain(std::string_view text, std::vector<int32_t>& ids) const {
  const std::string normalized = Normalize(text);
  const std::string_view whole = normalized;
  size_t word_begin = 0;
  const auto finish = [&](size_t end) {
    if (end > word_begin) EncodeWord(whole.substr(word_begin, end - word_begin), ids);
  };
  for (size_t position = 0; position < whole.size();) {
    const TextChar c = CharAt(whole, position);
    const size_t end = position + c.length;
    if (c.Is(kSpace)) {
      finish(position);
      word_begin = end;
    } else if (c.Is(kPunctuation) || IsAsciiSymbol(c.code_point)) {
      finish(position);
      EncodeWord(whole.substr(position, c.length), ids);
      word_begin = end;
    }
    position = end;
  }
  finish(whole.size());
}

void WordPieceTokenizer::EncodeWord(std::string_view word, std::vector<int32_t>& ids) const {
  const size_t first_id = ids.size();
  std::string marked = std::string(kSpaceMark) + std::string(word);
  std::string_view rest = marked;
  size_t n_characters = 0;
  for (size_t i = 0; i < word.size(); ++i) n_characters += (word[i] & 0xC0) != 0x80;
  bool known = n_characters <= kMaxWordCharacters;
  while (known && !rest.empty()) {
    size_t length = std::min(rest.size(), longest_piece_);
    int32_t id = -1;
    while (length > 0 && (id = pieces_.Find(rest.substr(0, length))) < 0) --length;
    known = id >= 0;
    ids.push_back(id);
    rest.remove_prefix(length);
  }
  if (known) return;
  ids.resize(first_id);
  ids.push_back(vocabulary_.unknown_id);
}

}  // namespace pioneer
