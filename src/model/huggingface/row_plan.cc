#include "model/huggingface/row_plan.h"

#include <fmt/ranges.h>

#include "base/error.h"

namespace pioneer {

namespace {

using enum TensorLayout;

std::vector<int64_t> WithRows(std::vector<int64_t> shape, int64_t n) {
  shape.at(shape.size() - 2) = n;
  return shape;
}

RowPlan PlanInterleave(const TensorPlan& plan) {
  const std::vector<int64_t>& shape = plan.sources[0].shape;
  const int64_t rows = shape.empty() ? 1 : shape[0];
  if (plan.n_heads < 1 || rows % (2 * plan.n_heads) != 0)
    FailShape(plan, "a whole number of heads");
  const int64_t half = rows / plan.n_heads / 2;
  return {shape, plan.sources[0].elements() / rows, [half](int64_t row) {
            const int64_t head = row / (2 * half), inside = row % (2 * half);
            return head * 2 * half + inside % 2 * half + inside / 2;
          }};
}

// Of each matrix of rows, `begin`, `begin + step`, ... up to half of them.
RowPlan PlanHalf(const TensorPlan& plan, int64_t step) {
  std::vector<int64_t> shape = plan.sources[0].shape;
  // A bias of experts is [n_experts, rows]: its rows are single numbers.
  if (plan.name.ends_with(".bias")) shape.push_back(1);
  if (shape.size() < 2 || shape[shape.size() - 2] % 2 != 0)
    FailShape(plan, "an even number of rows");
  const int64_t rows = shape[shape.size() - 2], half = rows / 2;
  const bool second = plan.layout == kSecondHalf || plan.layout == kOddRows;
  const int64_t begin = !second ? 0 : step == 1 ? half : 1;
  std::vector<int64_t> result = WithRows(shape, half);
  const int64_t row_elements = shape.back();
  if (plan.name.ends_with(".bias")) result.pop_back();
  return {result, row_elements,
          [=](int64_t row) { return row / half * rows + begin + row % half * step; }};
}

RowPlan PlanStack(const TensorPlan& plan) {
  const std::vector<int64_t>& shape = plan.sources[0].shape;
  if (shape.size() != 2) FailShape(plan, "a matrix");
  const auto n = static_cast<int64_t>(plan.sources.size());
  return {{n, shape[0], shape[1]}, shape[1], [](int64_t row) { return row; }};
}

// Rows of each head behind those of its key.
RowPlan PlanLatentValues(const TensorPlan& plan) {
  const LatentShape latent = ReadLatent(plan);
  return {{plan.n_heads, latent.value_rows, latent.columns},
          latent.columns,
          [latent, keys = plan.key_rows](int64_t row) {
            const int64_t head = row / latent.value_rows, inside = row % latent.value_rows;
            return head * (keys + latent.value_rows) + keys + inside;
          }};
}

// The head that is put in the place of each: of the first value of every key head, then of the
// second of every key head, ...
RowMap DealtHeads(const TensorPlan& plan) {
  if (plan.n_key_heads < 1 || plan.n_heads < 1 || plan.n_heads % plan.n_key_heads != 0) {
    FailShape(plan, "values of a whole number of heads for each key head");
  }
  const int64_t n_keys = plan.n_key_heads, values_of_key = plan.n_heads / plan.n_key_heads;
  return [=](int64_t head) { return head % n_keys * values_of_key + head / n_keys; };
}

RowPlan PlanDealtRows(const TensorPlan& plan) {
  const SafeTensor& source = plan.sources[0];
  const int64_t rows = source.shape.empty() ? 0 : source.shape[0], keys = plan.key_rows;
  const RowMap source_head = DealtHeads(plan);
  if (rows <= keys || (rows - keys) % plan.n_heads != 0) FailShape(plan, "a row for each head");
  const int64_t head_rows = (rows - keys) / plan.n_heads;
  return {source.shape.size() == 3 ? Squeezed(plan) : source.shape, source.elements() / rows,
          [=](int64_t row) {
            if (row < keys) return row;
            const int64_t head = (row - keys) / head_rows;
            return keys + source_head(head) * head_rows + (row - keys) % head_rows;
          }};
}

RowPlan PlanDealtColumns(const TensorPlan& plan) {
  const std::vector<int64_t>& shape = plan.sources[0].shape;
  const RowMap source_head = DealtHeads(plan);
  if (shape.size() != 2 || shape[1] % plan.n_heads != 0) FailShape(plan, "columns for each head");
  return {shape, shape[1] / plan.n_heads, [=, n_heads = plan.n_heads](int64_t piece) {
            return piece / n_heads * n_heads + source_head(piece % n_heads);
          }};
}

RowPlan PlanFrom(const TensorPlan& plan) {
  std::vector<int64_t> shape = plan.sources[0].shape;
  if (shape.size() != 2 || shape[0] <= plan.first_row) FailShape(plan, "a matrix of more rows");
  shape[0] -= plan.first_row;
  return {shape, shape[1], [first = plan.first_row](int64_t row) { return first + row; }};
}

}  // namespace

void FailShape(const TensorPlan& plan, const char* wanted) {
  const SafeTensor& source = plan.sources.front();
  Fail(ErrorCode::kCorruptFile, "tensor \"{}\" is [{}] but should be {}", source.name,
       fmt::join(source.shape, ", "), wanted);
}

LatentShape ReadLatent(const TensorPlan& plan) {
  const std::vector<int64_t>& shape = plan.sources[0].shape;
  const bool fits = shape.size() == 2 && plan.n_heads > 0 && plan.key_rows > 0 &&
                    shape[0] % plan.n_heads == 0 && shape[0] / plan.n_heads > plan.key_rows;
  if (!fits) FailShape(plan, "rows of keys and values for each head");
  return {shape[0] / plan.n_heads - plan.key_rows, shape[1]};
}

std::vector<int64_t> Squeezed(const TensorPlan& plan) {
  const std::vector<int64_t>& shape = plan.sources[0].shape;
  if (shape.size() != 3 || shape[1] != 1) FailShape(plan, "[n, 1, k]");
  return {shape[0], shape[2]};
}

std::optional<RowPlan> PlanRows(const TensorPlan& plan) {
  switch (plan.layout) {
    case kInterleaveQ:
    case kInterleaveK:
      return PlanInterleave(plan);
    case kFirstHalf:
    case kSecondHalf:
      return PlanHalf(plan, 1);
    case kEvenRows:
    case kOddRows:
      return PlanHalf(plan, 2);
    case kStackExperts:
      return PlanStack(plan);
    case kLatentValues:
      return PlanLatentValues(plan);
    case kDealHeads:
    case kDealHeadsOfQkv:
    case kDealHeadsOfDecay:
      return PlanDealtRows(plan);
    case kDealHeadsOfInput:
      return PlanDealtColumns(plan);
    default:
      if (plan.first_row > 0) return PlanFrom(plan);
      return {};
  }
}

}  // namespace pioneer
