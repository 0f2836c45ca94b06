// Why: what is found, shown and cited is a passage: long enough to be understood, short enough to
// be read at once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "search/document.h"

namespace pioneer::search {

// Words; a syllable of Hangul counts 0.4, a character of Han and Kana 0.5.
inline constexpr double kLeastPassageWords = 60;
inline constexpr double kMostPassageWords = 200;

double CountPassageWords(std::string_view text);

struct NewPassage {
  std::string before;  // what stands between the passage before it and this one
  std::string text;
  size_t begin = 0;                   // bytes of the document's text
  std::vector<std::string> headings;  // highest first; not what the title says already
  int page = 0;
};

// All `before` and `text`, one behind the other, are the document's text, which is its blocks with
// blank lines between (items, rows and lines of code: line breaks). Passages end with blocks; short
// neighbours are joined, paragraphs that are too long are cut between sentences.
std::vector<NewPassage> CutPassages(const Document& document);

}  // namespace pioneer::search
