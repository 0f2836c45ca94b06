// Why: most rearrangements of published weights only put rows elsewhere; this says which goes
// where.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "model/huggingface/tensor_layout.h"

namespace pioneer {

// Which row of the sources (all rows of the first, then those of the second, ...) each row of the
// result is. "Rows" may be pieces of rows, or single numbers.
using RowMap = std::function<int64_t(int64_t)>;

struct RowPlan {
  std::vector<int64_t> shape;  // of the result
  int64_t row_elements = 0;
  RowMap source_row;
};

// Nullopt for layouts that are no order of rows. Throws Error{kCorruptFile} when the shape does not
// fit the layout.
std::optional<RowPlan> PlanRows(const TensorPlan& plan);

struct LatentShape {
  int64_t value_rows = 0, columns = 0;
};
// Of a tensor with the layout kLatentKeys or kLatentValues.
LatentShape ReadLatent(const TensorPlan& plan);

// [n, 1, k] without its middle dimension.
std::vector<int64_t> Squeezed(const TensorPlan& plan);

[[noreturn]] void FailShape(const TensorPlan& plan, const char* wanted);

}  // namespace pioneer
