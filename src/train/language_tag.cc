#include "train/language_tag.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_set>

#include "base/utf8.h"

namespace pioneer {
namespace {

constexpr size_t kSampleBytes = size_t{64} << 10;

struct ScriptCounts {
  int64_t hangul = 0, kana = 0, han = 0, latin = 0, other = 0;  // letters
  int64_t words = 0, english = 0;                               // of Latin letters
  int64_t visible = 0, code_signs = 0;                          // characters that are no space

  int64_t letters() const { return hangul + kana + han + latin + other; }
};

bool IsHangul(char32_t c) {
  return (c >= 0xAC00 && c <= 0xD7A3) || (c >= 0x1100 && c <= 0x11FF) ||
         (c >= 0x3131 && c <= 0x318E);
}
bool IsKana(char32_t c) { return c >= 0x3041 && c <= 0x30FF && c != 0x30FB; }
bool IsHan(char32_t c) { return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF); }
bool IsLatin(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= 0xC0 && c <= 0x24F && c != 0xD7 && c != 0xF7);
}

bool IsEnglishWord(const std::string& word) {
  static const std::unordered_set<std::string> kWords = {
      "the",  "of",  "and", "to",   "in",    "is",  "that", "it",   "was",   "for", "with", "as",
      "his",  "he",  "be",  "not",  "by",    "but", "have", "you",  "which", "are", "on",   "or",
      "her",  "had", "at",  "from", "this",  "my",  "they", "she",  "we",    "an",  "can",  "if",
      "will", "a",   "i",   "when", "there", "who", "what", "your", "all",   "has", "use",  "its"};
  return kWords.contains(word);
}

void EndWord(std::string& word, ScriptCounts& counts) {
  if (word.empty()) return;
  ++counts.words;
  counts.english += IsEnglishWord(word);
  word.clear();
}

void Count(std::string_view text, ScriptCounts& counts) {
  std::string word;
  while (!text.empty()) {
    const DecodedChar c = DecodeUtf8(text);
    text.remove_prefix(static_cast<size_t>(c.length));
    const char32_t code = c.code_point;
    if (IsLatin(code)) {
      ++counts.latin;
      if (word.size() < 32) AppendUtf8(word, code < 128 ? code | 32 : code);
    } else {
      EndWord(word, counts);
      if (IsHangul(code))
        ++counts.hangul;
      else if (IsKana(code))
        ++counts.kana;
      else if (IsHan(code))
        ++counts.han;
      else if (code > 0x24F && (code < 0x2000 || code > 0x303F))
        ++counts.other;
    }
    if (code > ' ' && code != 0x3000) ++counts.visible;
    if (code < 128)
      counts.code_signs +=
          std::string_view("{}();=<>[]_&|").find(static_cast<char>(code)) != std::string_view::npos;
  }
  EndWord(word, counts);
}

}  // namespace

const char* LanguageTagName(LanguageTag tag) {
  static constexpr const char* kNames[kLanguageTags] = {"en", "ko", "ja", "code", "other"};
  return kNames[static_cast<int>(tag)];
}

LanguageTag TagLanguage(std::string_view text) {
  ScriptCounts counts;
  Count(text.substr(0, kSampleBytes), counts);
  if (text.size() > 4 * kSampleBytes) Count(text.substr(text.size() / 2, kSampleBytes), counts);
  const int64_t letters = counts.letters();
  if (letters == 0) return LanguageTag::kOther;
  if (counts.hangul * 5 >= letters && counts.hangul > counts.kana) return LanguageTag::kKorean;
  if (counts.kana * 10 >= letters) return LanguageTag::kJapanese;
  if (counts.latin * 2 < letters || counts.words == 0) return LanguageTag::kOther;
  const double english = static_cast<double>(counts.english) / static_cast<double>(counts.words);
  const double signs = static_cast<double>(counts.code_signs) / static_cast<double>(counts.visible);
  if (signs > 0.08 && english < 0.08 && counts.words >= 5) return LanguageTag::kCode;
  return english >= 0.08 ? LanguageTag::kEnglish : LanguageTag::kOther;
}

}  // namespace pioneer
