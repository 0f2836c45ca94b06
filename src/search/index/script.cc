#include "search/index/script.h"

#include <unicode/uchar.h>
#include <unicode/uscript.h>

#include <vector>

namespace pioneer::search {
namespace {

Script LetterScript(UChar32 c) {
  UErrorCode status = U_ZERO_ERROR;
  switch (uscript_getScript(c, &status)) {
    case USCRIPT_HANGUL:
      return Script::kHangul;
    case USCRIPT_HAN:
      return Script::kKanji;
    case USCRIPT_KATAKANA:
      return Script::kKatakana;
    case USCRIPT_HIRAGANA:
      return Script::kHiragana;
    case USCRIPT_THAI:
    case USCRIPT_LAO:
    case USCRIPT_KHMER:
    case USCRIPT_MYANMAR:
      return Script::kUnspaced;
    default:
      return Script::kLetter;
  }
}

Script FindScript(UChar32 c) {
  // The bar (both widths) and the half-width voicing marks are letters to Unicode.
  if (c == 0x30FC || c == 0xFF70 || c == 0xFF9E || c == 0xFF9F) return Script::kMark;
  if (c == 0x3007) return Script::kKanji;  // the zero of Han numbers
  if (u_charType(c) == U_DECIMAL_DIGIT_NUMBER) return Script::kDigit;
  if (u_isalpha(c)) {
    const Script script = LetterScript(c);
    const bool is_mark =
        u_charType(c) == U_NON_SPACING_MARK || u_charType(c) == U_COMBINING_SPACING_MARK;
    return is_mark && script == Script::kLetter ? Script::kMark : script;
  }
  const int8_t type = u_charType(c);
  if (type == U_NON_SPACING_MARK || type == U_COMBINING_SPACING_MARK) return Script::kMark;
  return Script::kNone;
}

std::vector<Script> MakeBasicPlane() {
  std::vector<Script> scripts(0x10000);
  for (UChar32 c = 0; c < 0x10000; ++c) scripts[static_cast<size_t>(c)] = FindScript(c);
  return scripts;
}

}  // namespace

Script ScriptOf(char32_t c) {
  static const std::vector<Script> kBasicPlane = MakeBasicPlane();
  if (c < 0x10000) return kBasicPlane[c];
  return c > 0x10FFFF ? Script::kNone : FindScript(static_cast<UChar32>(c));
}

}  // namespace pioneer::search
