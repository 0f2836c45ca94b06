#include "search/index/latin.h"

#include <libstemmer.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

#include <memory>
#include <unordered_set>

#include "base/error.h"
#include "base/utf8.h"

namespace pioneer::search {
namespace {

bool IsAsciiText(std::string_view text) {
  for (const char c : text) {
    if (static_cast<uint8_t>(c) >= 0x80) return false;
  }
  return true;
}

// Han, syllables of Hangul and kana fold to themselves.
bool IsSettledText(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const DecodedChar c = DecodeUtf8(text.substr(at));
    const char32_t p = c.code_point;
    const bool is_kana = (p >= 0x3041 && p <= 0x3096) || (p >= 0x30A1 && p <= 0x30FC);
    if (!is_kana && !(p >= 0x4E00 && p <= 0x9FFF) && !(p >= 0xAC00 && p <= 0xD7A3)) return false;
    at += static_cast<size_t>(c.length);
  }
  return true;
}

const icu::Normalizer2& FoldingNormalizer() {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFKCCasefoldInstance(status);
  if (U_FAILURE(status)) Fail(ErrorCode::kInternal, "ICU has no data: {}", u_errorName(status));
  return *normalizer;
}

const icu::Normalizer2& Decomposer() {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFDInstance(status);
  if (U_FAILURE(status)) Fail(ErrorCode::kInternal, "ICU has no data: {}", u_errorName(status));
  return *normalizer;
}

bool LosesAccents(UChar32 c) {
  UErrorCode status = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(c, &status);
  return script == USCRIPT_LATIN || script == USCRIPT_GREEK;
}

icu::UnicodeString WithoutAccents(const icu::UnicodeString& text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString decomposed = Decomposer().normalize(text, status);
  if (U_FAILURE(status)) return text;
  icu::UnicodeString out;
  bool loses = false;
  for (int32_t i = 0; i < decomposed.length(); i = decomposed.moveIndex32(i, 1)) {
    const UChar32 c = decomposed.char32At(i);
    const bool is_mark = u_charType(c) == U_NON_SPACING_MARK;
    if (!is_mark) loses = LosesAccents(c);
    if (!is_mark || !loses) out.append(c);
  }
  const icu::UnicodeString composed = FoldingNormalizer().normalize(out, status);
  return U_FAILURE(status) ? text : composed;
}

struct StemmerCloser {
  void operator()(sb_stemmer* stemmer) const { sb_stemmer_delete(stemmer); }
};

class Stemmer {
 public:
  explicit Stemmer(const char* algorithm) : stemmer_(sb_stemmer_new(algorithm, "UTF_8")) {
    if (!stemmer_) Fail(ErrorCode::kInternal, "libstemmer knows no {}", algorithm);
  }
  std::string Stem(std::string_view word) {
    const auto* symbols = reinterpret_cast<const sb_symbol*>(word.data());
    const sb_symbol* stem = sb_stemmer_stem(stemmer_.get(), symbols, static_cast<int>(word.size()));
    if (!stem) return std::string(word);
    return {reinterpret_cast<const char*>(stem),
            static_cast<size_t>(sb_stemmer_length(stemmer_.get()))};
  }

 private:
  std::unique_ptr<sb_stemmer, StemmerCloser> stemmer_;
};

// One thread's.
struct Stemmers {
  Stemmer english{"english"}, russian{"russian"}, greek{"greek"};

  Stemmer& For(std::string_view word) {
    const char32_t c = DecodeUtf8(word).code_point;
    if (c >= 0x400 && c < 0x530) return russian;
    if (c >= 0x370 && c < 0x400) return greek;
    return english;
  }
};

constexpr size_t kLongestStemmedBytes = 48;

}  // namespace

std::string FoldWord(std::string_view word) {
  std::string folded;
  if (IsAsciiText(word)) {
    folded.assign(word);
    for (char& c : folded) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 32);
    }
    return folded;
  }
  if (IsSettledText(word)) return std::string(word);
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString text = icu::UnicodeString::fromUTF8(
      icu::StringPiece(word.data(), static_cast<int32_t>(word.size())));
  icu::UnicodeString normal = FoldingNormalizer().normalize(text, status);
  if (U_FAILURE(status)) return std::string(word);
  WithoutAccents(normal).toUTF8String(folded);
  return folded;
}

std::string StemWord(std::string_view folded) {
  if (folded.size() < 3 || folded.size() > kLongestStemmedBytes) return std::string(folded);
  thread_local Stemmers stemmers;
  std::string stem = stemmers.For(folded).Stem(folded);
  return stem.empty() ? std::string(folded) : stem;  // Greek: a word that is an ending
}

bool IsEnglishFunctionWord(std::string_view folded) {
  static const std::unordered_set<std::string_view> kWords = {
      "a",     "about",  "all",   "also",  "am",     "an",    "and",   "any",  "are",    "as",
      "at",    "be",     "been",  "being", "both",   "but",   "by",    "can",  "could",  "did",
      "do",    "does",   "done",  "each",  "for",    "from",  "had",   "has",  "have",   "having",
      "he",    "her",    "him",   "his",   "how",    "i",     "if",    "in",   "into",   "is",
      "it",    "its",    "let",   "may",   "me",     "might", "much",  "my",   "no",     "nor",
      "not",   "of",     "on",    "or",    "our",    "out",   "over",  "per",  "please", "shall",
      "she",   "should", "so",    "some",  "such",   "tell",  "than",  "that", "the",    "their",
      "them",  "then",   "there", "these", "they",   "this",  "those", "to",   "too",    "under",
      "up",    "upon",   "us",    "very",  "was",    "we",    "were",  "what", "whats",  "when",
      "where", "which",  "while", "who",   "whom",   "whose", "why",   "will", "with",   "would",
      "yet",   "you",    "your",  "dont",  "doesnt", "isnt",  "cant"};
  return kWords.contains(folded);
}

}  // namespace pioneer::search
