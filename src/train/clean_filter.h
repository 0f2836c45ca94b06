// Why: tables of numbers, minified scripts, lists of links and texts that stammer teach a model
// nothing good. Each test has a name, and a text that fails it is dropped for that reason.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "train/dedup_words.h"
#include "train/language_tag.h"

namespace pioneer {

enum class DropReason {
  kNone,
  kTooShort,      // fewer than kMinCharacters characters
  kLongRuns,      // a quarter of it in runs without a space that no language writes: data, scripts
  kSymbols,       // less than half of what is visible are letters (three tenths in code)
  kRepetition,    // three tenths of its rows of ten words stand there more than once
  kLanguage,      // none of the languages that the recipe asks for
  kContaminated,  // more than half of it was in an evaluation set
  kExactDuplicate,  // of a text before it, in any source
  kNearDuplicate,   // the same with small changes
};
inline constexpr int kDropReasons = 9;

// "too_short", ...
const char* DropReasonName(DropReason reason);

inline constexpr int64_t kMinCharacters = 40;
inline constexpr int64_t kLongRunBytes = 400;
inline constexpr double kMaxLongRunShare = 0.25;
inline constexpr double kMinLetterShare = 0.5;
inline constexpr double kMinLetterShareOfCode = 0.3;
inline constexpr size_t kRepetitionWords = 10;
inline constexpr double kMaxRepetition = 0.3;

// kNone, kTooShort, kLongRuns, kSymbols or kRepetition. `words` are the text's. Any thread.
DropReason JudgeText(std::string_view text, std::span<const TextWord> words, LanguageTag language);

// 1 - different rows / rows, of ten words; 0 for fewer than 50 words.
double RepetitionShare(std::span<const TextWord> words);

}  // namespace pioneer
