// Why: which terms of a question are looked for, and how much each counts before it is known how
// rare it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer::search {

struct QueryTerm {
  std::string text;
  std::string shown;  // as it was written, for people
  double weight = 1;
  uint32_t position = 0;  // of its first occurrence
  uint32_t word = 0;      // terms of one written word share it
  bool is_anchor = true;  // takes part in what is said of the order of words
};

// In the order of the question, each once; words that say little are left out.
std::vector<QueryTerm> FindQueryTerms(std::string_view question);

}  // namespace pioneer::search
