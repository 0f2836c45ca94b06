// Why: which word of a passage stands for which of a claim; all that is checked rests on it.
#pragma once

#include <vector>

#include "search/answer/support.h"

namespace pioneer::search::answer {

struct AlignedWord {
  int source = -1;          // index into the source's words; -1 = not found there
  bool in_context = false;  // found in the title or headings only
};

struct Alignment {
  const std::vector<Word>& claim;
  const std::vector<Word>& source;
  std::vector<AlignedWord> words;  // of each word of the claim
};

// Each word of the claim goes to the nearest free same word of the source.
Alignment Align(const std::vector<Word>& claim, const std::vector<Word>& source,
                const std::vector<Word>& context);

// How much a word of this kind says.
double WordWeight(const Word& word);
// The weighted share of the claim that is found.
double Covered(const Alignment& alignment);
// The first thing that contradicts, kNone where nothing does.
Mismatch FindMismatch(const Alignment& alignment);

}  // namespace pioneer::search::answer
