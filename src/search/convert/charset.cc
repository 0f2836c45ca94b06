#include "search/convert/charset.h"

#include <unicode/ucnv.h>
#include <unicode/ucsdet.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "base/utf8.h"

namespace pioneer::search {
namespace {

constexpr size_t kDetectBytes = size_t{64} << 10;
constexpr int kDetectionConfidence = 30;

struct ConverterCloser {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using IcuConverter = std::unique_ptr<UConverter, ConverterCloser>;

// What the web means by a name is often more than the name's own standard
// (https://encoding.spec.whatwg.org/#names-and-labels).
std::string MeantCharset(std::string_view declared) {
  std::string name;
  for (const char c : declared) {
    if (c >= 'A' && c <= 'Z') {
      name += static_cast<char>(c | 32);
    } else if (c != ' ' && c != '"' && c != '\'') {
      name += c;
    }
  }
  static constexpr std::pair<std::string_view, std::string_view> kMeant[] = {
      {"euc-kr", "windows-949"},
      {"ks_c_5601-1987", "windows-949"},
      {"ksc5601", "windows-949"},
      {"cp949", "windows-949"},
      {"korean", "windows-949"},
      {"uhc", "windows-949"},
      {"shift_jis", "windows-31j"},
      {"shift-jis", "windows-31j"},
      {"sjis", "windows-31j"},
      {"x-sjis", "windows-31j"},
      {"cp932", "windows-31j"},
      {"gb2312", "gb18030"},
      {"gbk", "gb18030"},
      {"iso-8859-1", "windows-1252"},
      {"latin1", "windows-1252"},
      {"us-ascii", "windows-1252"},
      {"ascii", "windows-1252"},
      {"iso-8859-9", "windows-1254"},
      {"iso-8859-11", "windows-874"},
      {"tis-620", "windows-874"},
  };
  for (const auto& [written, meant] : kMeant) {
    if (name == written) return std::string(meant);
  }
  return name.substr(0, 64);
}

size_t CountReplacements(std::string_view text) {
  size_t count = 0;
  for (size_t at = text.find("\xEF\xBF\xBD"); at != std::string_view::npos;
       at = text.find("\xEF\xBF\xBD", at + 3)) {
    ++count;
  }
  return count;
}

// nullopt: ICU does not know the charset.
std::optional<std::string> Decode(std::string_view bytes, const std::string& charset) {
  UErrorCode status = U_ZERO_ERROR;
  const IcuConverter from(ucnv_open(charset.c_str(), &status));
  const IcuConverter to(ucnv_open("UTF-8", &status));
  if (U_FAILURE(status) || charset.empty()) return std::nullopt;
  std::string out;
  UChar pivot[4096];
  UChar* pivot_from = pivot;
  UChar* pivot_to = pivot;
  const char* source = bytes.data();
  const char* const end = source + bytes.size();
  char piece[16384];
  UBool reset = true;
  do {
    char* target = piece;
    status = U_ZERO_ERROR;
    ucnv_convertEx(to.get(), from.get(), &target, piece + sizeof(piece), &source, end, pivot,
                   &pivot_from, &pivot_to, pivot + std::size(pivot), reset, true, &status);
    reset = false;
    out.append(piece, static_cast<size_t>(target - piece));
  } while (status == U_BUFFER_OVERFLOW_ERROR);
  return out;
}

// "" when nothing is likely.
std::string DetectCharset(std::string_view bytes) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UCharsetDetector, decltype(&ucsdet_close)> detector(ucsdet_open(&status),
                                                                            &ucsdet_close);
  const std::string_view sample = bytes.substr(0, kDetectBytes);
  ucsdet_setText(detector.get(), sample.data(), static_cast<int32_t>(sample.size()), &status);
  const UCharsetMatch* match = ucsdet_detect(detector.get(), &status);
  if (U_FAILURE(status) || match == nullptr) return {};
  if (ucsdet_getConfidence(match, &status) < kDetectionConfidence) return {};
  const char* name = ucsdet_getName(match, &status);
  return U_FAILURE(status) || name == nullptr ? "" : name;
}

// Encodings whose bytes are all ASCII: they would pass for UTF-8.
bool IsEscapeCharset(std::string_view charset) {
  return charset.starts_with("iso-2022") || charset == "utf-7" || charset.starts_with("hz-");
}

std::string WithoutMark(std::string text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  return text;
}

std::optional<std::string> DecodeMarked(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) return RepairUtf8(bytes.substr(3));
  if (bytes.starts_with("\xFF\xFE")) return Decode(bytes.substr(2), "utf-16le");
  if (bytes.starts_with("\xFE\xFF")) return Decode(bytes.substr(2), "utf-16be");
  return std::nullopt;
}

}  // namespace

std::string DecodeText(std::string_view bytes, std::string_view declared_charset) {
  if (std::optional<std::string> marked = DecodeMarked(bytes)) return *marked;
  const std::string meant = MeantCharset(declared_charset);
  if (!IsEscapeCharset(meant) && IsValidUtf8(bytes)) return std::string(bytes);
  const bool claims_utf8 = meant == "utf-8" || meant == "utf8";
  std::optional<std::string> best = claims_utf8 ? RepairUtf8(bytes) : Decode(bytes, meant);
  size_t broken = best ? CountReplacements(*best) : bytes.size();
  if (best && broken * 1000 <= best->size()) return WithoutMark(std::move(*best));
  const std::string likely = MeantCharset(DetectCharset(bytes));
  if (std::optional<std::string> other = Decode(bytes, likely)) {
    if (CountReplacements(*other) < broken) best = std::move(other);
  }
  return best ? WithoutMark(std::move(*best)) : RepairUtf8(bytes);
}

std::string DecodeExactly(std::string_view bytes, std::string_view charset) {
  const std::string meant = MeantCharset(charset);
  if (!IsEscapeCharset(meant) && IsValidUtf8(bytes)) return std::string(bytes);
  std::optional<std::string> text = Decode(bytes, meant);
  return text ? *text : DecodeText(bytes);
}

std::string HtmlCharset(std::string_view html, std::string_view declared_by_server) {
  if (!declared_by_server.empty()) return std::string(declared_by_server);
  constexpr size_t kLookedAt = 4096;
  std::string head(html.substr(0, kLookedAt));
  for (char& c : head) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 32 : c);
  const size_t at = head.find("charset=");
  if (at == std::string::npos) return {};
  const size_t begin = head.find_first_not_of("\"' ", at + 8);
  if (begin == std::string::npos) return {};
  return head.substr(begin, head.find_first_of("\"' />;", begin) - begin);
}

}  // namespace pioneer::search
