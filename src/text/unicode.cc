#include "text/unicode.h"

#include <unicode/bytestream.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <map>
#include <string>

#include "base/error.h"
#include "base/utf8.h"

namespace pioneer {
namespace {

uint8_t ClassesFromIcu(UChar32 c) {
  const uint32_t category = U_GET_GC_MASK(c);
  uint8_t classes = 0;
  if (category & U_GC_L_MASK) classes |= kLetter;
  if (category & U_GC_N_MASK) classes |= kNumber;
  if (category & U_GC_P_MASK) classes |= kPunctuation;
  if (category & U_GC_M_MASK) classes |= kMark;
  if (u_isUWhiteSpace(c)) classes |= kSpace;
  return classes;
}

std::array<TextChar, 128> MakeAsciiChars() {
  std::array<TextChar, 128> chars;
  for (int c = 0; c < 128; ++c) {
    chars[c] = {static_cast<char32_t>(c), ClassesFromIcu(c), 1};
  }
  return chars;
}

std::string FromIcu(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

icu::UnicodeString ToIcu(std::string_view text) {
  return icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())});
}

const icu::Normalizer2& Nfc() {
  static const icu::Normalizer2& nfc = []() -> const icu::Normalizer2& {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* const found = icu::Normalizer2::getNFCInstance(status);
    if (found == nullptr) Fail(ErrorCode::kInternal, "ICU has no data for normalization");
    return *found;
  }();
  return nfc;
}

}  // namespace

CharClassTable::CharClassTable() {
  std::map<std::array<uint8_t, 256>, uint16_t> seen;
  for (size_t block = 0; block < blocks_.size(); ++block) {
    std::array<uint8_t, 256> classes;
    for (size_t i = 0; i < 256; ++i) {
      classes[i] = ClassesFromIcu(static_cast<UChar32>(block << 8 | i));
    }
    const auto [entry, is_new] = seen.emplace(classes, static_cast<uint16_t>(seen.size()));
    if (is_new) classes_.insert(classes_.end(), classes.begin(), classes.end());
    blocks_[block] = entry->second;
  }
}

const CharClassTable& CharClassTable::Get() {
  static const CharClassTable table;
  return table;
}

TextChar CharAt(std::string_view text, size_t position) {
  static const std::array<TextChar, 128> ascii = MakeAsciiChars();
  if (position >= text.size()) return {};
  const auto byte = static_cast<uint8_t>(text[position]);
  if (byte < 0x80) return ascii[byte];
  const DecodedChar decoded = DecodeUtf8(text.substr(position));
  const uint8_t classes = decoded.valid ? CharClassTable::Get()[decoded.code_point] : uint8_t{0};
  return {decoded.code_point, classes, static_cast<uint8_t>(decoded.length)};
}

std::string UpperCase(std::string_view text) {
  return FromIcu(ToIcu(text).toUpper(icu::Locale::getRoot()));
}

std::string LowerCase(std::string_view text) {
  return FromIcu(ToIcu(text).toLower(icu::Locale::getRoot()));
}

bool IsWordCharacter(char32_t c) {
  const auto code_point = static_cast<UChar32>(c);
  constexpr uint32_t kCategories = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return u_hasBinaryProperty(code_point, UCHAR_ALPHABETIC) ||
         (U_GET_GC_MASK(code_point) & kCategories) != 0 ||
         u_hasBinaryProperty(code_point, UCHAR_JOIN_CONTROL);
}

bool IsNfc(std::string_view utf8) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::StringPiece piece(utf8.data(), static_cast<int32_t>(utf8.size()));
  return Nfc().isNormalizedUTF8(piece, status) && U_SUCCESS(status);
}

std::string ToNfc(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size());
  icu::StringByteSink<std::string> sink(&out);
  UErrorCode status = U_ZERO_ERROR;
  Nfc().normalizeUTF8(0, {utf8.data(), static_cast<int32_t>(utf8.size())}, sink, nullptr, status);
  return U_SUCCESS(status) ? out : std::string(utf8);
}

}  // namespace pioneer
