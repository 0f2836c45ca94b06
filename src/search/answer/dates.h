// Why: "this week", 지난달, 2024년 이후 and 昨日 say when a document should be from, not what it is
// about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pioneer::search::answer {

struct DatesRead {
  std::optional<int64_t> from_ms, until_ms;  // both inclusive, in the machine's time zone
  bool recent = false;                       // asks for what is new, without saying since when
  std::string rest;                          // the question without the words of the dates
};

// Years alone ("the budget of 2024") are what a document is about, and no dates of it.
DatesRead ReadDates(std::string_view question, int64_t now_ms);

}  // namespace pioneer::search::answer
