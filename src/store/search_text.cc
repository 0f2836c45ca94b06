#include "store/search_text.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/uchar.h>

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"

namespace pioneer {
namespace {

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

const icu::Normalizer2& Folder() {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* folder = icu::Normalizer2::getNFKCCasefoldInstance(status);
  if (U_FAILURE(status)) {
    Fail(ErrorCode::kInternal, "ICU has no case folding: {}", u_errorName(status));
  }
  return *folder;
}

std::string LowerAsciiText(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), LowerAscii);
  return out;
}

}  // namespace

std::string FoldForSearch(std::string_view text) {
  if (IsAscii(text)) return LowerAsciiText(text);
  const std::string valid = RepairUtf8(text);
  std::string out;
  icu::StringByteSink<std::string> sink(&out);
  UErrorCode status = U_ZERO_ERROR;
  Folder().normalizeUTF8(0, icu::StringPiece(valid.data(), static_cast<int32_t>(valid.size())),
                         sink, nullptr, status);
  if (U_FAILURE(status)) {
    Fail(ErrorCode::kInternal, "folding text for search failed: {}", u_errorName(status));
  }
  return out;
}

bool ContainsFolded(std::string_view text, std::string_view folded_word) {
  return FoldForSearch(text).find(folded_word) != std::string::npos;
}

std::vector<std::string> SearchWords(std::string_view query, int max_words) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty() && static_cast<int>(words.size()) < max_words) words.push_back(word);
    word.clear();
  };
  for (const char32_t c : Utf8ToCodePoints(FoldForSearch(query))) {
    if (u_isUWhiteSpace(static_cast<UChar32>(c))) {
      finish();
    } else {
      AppendUtf8(word, c);
    }
  }
  finish();
  return words;
}

}  // namespace pioneer
