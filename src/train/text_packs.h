// Why: texts to embed are short: one at a time, a pass's products are small and of as many shapes
// as there are lengths. Packed, they are large and of few shapes, and a text's vector and gradient
// are those that it has alone, but for rounding.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace pioneer {

// Texts that lie one after the other in one pass; none sees another.
struct TextPack {
  static constexpr int64_t kFiller = -1;
  struct Text {
    int64_t first = 0, n = 0;  // its rows
    int64_t index = 0;         // in the batch; kFiller: rows that only fill up a block, all zero
  };
  std::vector<int32_t> inputs;
  std::vector<Text> texts;  // all rows, in order
};

// All texts of a batch, none of them empty, in passes whose rows are a multiple of kQueryBlock. A
// text crosses the end of a block only where it is longer than one. Depends on the lengths alone.
std::vector<TextPack> PackTexts(std::span<const std::span<const int32_t>> texts);

}  // namespace pioneer
