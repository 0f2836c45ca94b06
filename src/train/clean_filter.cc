#include "train/clean_filter.h"

#include <algorithm>

#include "base/utf8.h"
#include "text/unicode.h"

namespace pioneer {
namespace {

constexpr size_t kMinWordsForRepetition = 50;

struct CharacterCounts {
  int64_t all = 0, visible = 0, letters = 0;
  int64_t long_run_bytes = 0;  // in runs without space of kLongRunBytes ASCII bytes and more
};

CharacterCounts CountCharacters(std::string_view text) {
  const CharClassTable& classes = CharClassTable::Get();
  CharacterCounts counts;
  int64_t run = 0;
  const auto end_run = [&] {
    if (run >= kLongRunBytes) counts.long_run_bytes += run;
    run = 0;
  };
  while (!text.empty()) {
    const DecodedChar c = DecodeUtf8(text);
    text.remove_prefix(static_cast<size_t>(c.length));
    const uint8_t kind = classes[c.code_point];
    ++counts.all;
    if ((kind & kSpace) == 0) ++counts.visible;
    if ((kind & (kLetter | kMark)) != 0) ++counts.letters;
    // Languages without spaces are not written in ASCII.
    c.length == 1 && (kind & kSpace) == 0 ? static_cast<void>(++run) : end_run();
  }
  end_run();
  return counts;
}

}  // namespace

const char* DropReasonName(DropReason reason) {
  static constexpr const char* kNames[kDropReasons] = {
      "kept",     "too_short",    "long_runs",       "symbols",       "repetition",
      "language", "contaminated", "exact_duplicate", "near_duplicate"};
  return kNames[static_cast<int>(reason)];
}

double RepetitionShare(std::span<const TextWord> words) {
  if (words.size() < kMinWordsForRepetition) return 0;
  std::vector<uint64_t> rows = ShingleHashes(words, kRepetitionWords);
  const auto n = static_cast<double>(rows.size());
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  return 1 - static_cast<double>(rows.size()) / n;
}

DropReason JudgeText(std::string_view text, std::span<const TextWord> words, LanguageTag language) {
  const CharacterCounts counts = CountCharacters(text);
  const double min_letters =
      language == LanguageTag::kCode ? kMinLetterShareOfCode : kMinLetterShare;
  const auto share = [](int64_t part, size_t whole) {
    return static_cast<double>(part) / static_cast<double>(std::max<size_t>(1, whole));
  };
  if (counts.all < kMinCharacters) return DropReason::kTooShort;
  if (share(counts.long_run_bytes, text.size()) > kMaxLongRunShare) return DropReason::kLongRuns;
  if (share(counts.letters, static_cast<size_t>(counts.visible)) < min_letters) {
    return DropReason::kSymbols;
  }
  return RepetitionShare(words) > kMaxRepetition ? DropReason::kRepetition : DropReason::kNone;
}

}  // namespace pioneer
