#include "text/grammar/regex_classes.h"

#include <unicode/uset.h>

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace pioneer::grammar {

CharSet DigitChars() { return {{'0', '9'}}; }

CharSet WordChars() { return {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}; }

CharSet SpaceChars() {
  return {{0x9, 0xD},       {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
          {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
}

CharSet LineEnds(bool ecma) {
  return ecma ? CharSet{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}} : CharSet::Of('\n');
}

CharSet PropertyChars(std::string_view name) {
  if (name.empty() || name.size() > 60) return {};
  std::u16string pattern = u"[\\p{";
  for (const char c : name) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '=' || c == ' ';
    if (!plain) return {};
    pattern += static_cast<char16_t>(c);
  }
  pattern += u"}]";
  UErrorCode error = U_ZERO_ERROR;
  const std::unique_ptr<USet, decltype(&uset_close)> set(
      uset_openPattern(pattern.data(), static_cast<int32_t>(pattern.size()), &error), &uset_close);
  if (U_FAILURE(error)) return {};
  std::vector<CharSet::Range> ranges;
  const int32_t n = uset_getItemCount(set.get());
  for (int32_t i = 0; i < n; ++i) {
    UChar32 first = 0, last = 0;
    if (uset_getItem(set.get(), i, &first, &last, nullptr, 0, &error) != 0) continue;
    ranges.emplace_back(static_cast<char32_t>(first), static_cast<char32_t>(last));
  }
  return CharSet(std::move(ranges));
}

CharSet PosixChars(std::string_view name) {
  static const std::array<std::pair<std::string_view, CharSet>, 13> kClasses = {{
      {"alpha", {{'A', 'Z'}, {'a', 'z'}}},
      {"digit", {{'0', '9'}}},
      {"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
      {"upper", {{'A', 'Z'}}},
      {"lower", {{'a', 'z'}}},
      {"space", {{0x9, 0xD}, {' ', ' '}}},
      {"blank", {{'\t', '\t'}, {' ', ' '}}},
      {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
      {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
      {"cntrl", {{0, 0x1F}, {0x7F, 0x7F}}},
      {"print", {{0x20, 0x7E}}},
      {"graph", {{0x21, 0x7E}}},
      {"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}},
  }};
  for (const auto& [known, chars] : kClasses) {
    if (known == name) return chars;
  }
  return {};
}

}  // namespace pioneer::grammar
