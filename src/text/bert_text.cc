#include "text/bert_text.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "base/error.h"
#include "base/utf8.h"
#include "text/short_character.h"
#include "text/unicode.h"

namespace pioneer {
namespace {

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

bool StandsAlone(char32_t c) {
  return (CharClassTable::Get()[c] & kPunctuation) != 0 || IsAsciiSymbol(c);
}

const icu::Normalizer2& Decomposer() {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* const nfd = icu::Normalizer2::getNFDInstance(status);
  if (U_FAILURE(status)) Fail(ErrorCode::kInternal, "ICU has no normalizer");
  return *nfd;
}

// Canonical decomposition without the marks that do not take room.
std::string StripAccents(std::string_view text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString decomposed = Decomposer().normalize(
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

// Whether a mark that is kept may change places with one of a neighbour.
bool MayMove(char32_t c) {
  const auto moves = [](UChar32 part) {
    return u_getCombiningClass(part) != 0 && u_charType(part) != U_NON_SPACING_MARK;
  };
  icu::UnicodeString parts;
  if (!Decomposer().getDecomposition(static_cast<UChar32>(c), parts)) {
    return moves(static_cast<UChar32>(c));
  }
  for (int32_t i = 0; i < parts.length(); i = parts.moveIndex32(i, 1)) {
    if (moves(parts.char32At(i))) return true;
  }
  return false;
}

// `text` is valid UTF-8 and begins at a character.
char32_t TakeCharacter(std::string_view& text) {
  const DecodedChar c = DecodeUtf8(text);
  text.remove_prefix(static_cast<size_t>(c.length));
  return c.code_point;
}

}  // namespace

BertText::BertText(bool strip_accents, bool lowercase)
    : strip_accents_(strip_accents), lowercase_(lowercase), characters_(0x10000) {
  std::string bytes;
  for (char32_t c = 0; c < characters_.size(); ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    bytes.clear();
    AppendUtf8(bytes, c);
    std::string normalized = Normalize(bytes);
    if (IsIdeograph(c)) normalized = normalized.substr(1, normalized.size() - 2);
    characters_[c] = {static_cast<uint32_t>(texts_.size()), static_cast<uint8_t>(normalized.size()),
                      KindOf(c, normalized)};
    texts_ += normalized;
  }
}

BertText::Kind BertText::KindOf(char32_t c, std::string_view normalized) const {
  if (CharClassTable::Get()[c] & kSpace) return Kind::kSpace;
  if (strip_accents_ && MayMove(c)) return Kind::kUnclear;
  int n = 0, n_alone = 0;
  for (std::string_view rest = normalized; !rest.empty(); ++n) {
    n_alone += StandsAlone(TakeCharacter(rest)) ? 1 : 0;
  }
  if (n_alone == 0) return IsIdeograph(c) ? Kind::kAlone : Kind::kLetters;
  return n == 1 ? Kind::kAlone : Kind::kUnclear;
}

// Spaces become " ", controls go, ideographs stand alone, accents and capitals go where the model
// wants it.
std::string BertText::Normalize(std::string_view text) const {
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
  if (strip_accents_) clean = StripAccents(clean);
  if (!lowercase_) return clean;
  std::string lower;
  lower.reserve(clean.size());
  for (std::string_view rest = clean; !rest.empty();) {
    const DecodedChar c = DecodeUtf8(rest);
    AppendLowerCase(lower, c.code_point);
    rest.remove_prefix(c.length);
  }
  return lower;
}

// False: some character is not in the table, or unclear.
bool BertText::CutByCharacter(std::string_view text, BertWords& words) const {
  for (size_t i = 0; i < text.size();) {
    const ShortCharacter c = ReadShortCharacter(text, i);
    if (c.length == 0) return false;
    const Character& character = characters_[c.code_point];
    if (character.kind == Kind::kUnclear) return false;
    if (character.kind != Kind::kLetters) words.EndWord();
    if (character.kind != Kind::kSpace)
      words.text.append(texts_, character.begin, character.length);
    if (character.kind == Kind::kAlone) words.EndWord();
    i += c.length;
  }
  words.EndWord();
  return true;
}

void BertText::Cut(std::string_view text, BertWords& words) const {
  words.Clear();
  if (CutByCharacter(text, words)) return;
  words.Clear();
  const std::string normalized = Normalize(text);
  for (std::string_view rest = normalized; !rest.empty();) {
    const std::string_view begin = rest;
    const char32_t c = TakeCharacter(rest);
    const bool is_space = (CharClassTable::Get()[c] & kSpace) != 0;
    const bool is_alone = StandsAlone(c);
    if (is_space || is_alone) words.EndWord();
    if (!is_space) words.text += begin.substr(0, begin.size() - rest.size());
    if (is_alone) words.EndWord();
  }
  words.EndWord();
}

}  // namespace pioneer
