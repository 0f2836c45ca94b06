#include "model/weight_loader.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "tensor/quantize.h"

namespace pioneer {
namespace {

// Rows [first, first + n) of a matrix, as a matrix.
Tensor RowsOf(const Tensor& tensor, int64_t first, int64_t n) {
  Tensor rows = tensor;
  rows.shape = {n, tensor.cols()};
  rows.data = tensor.row(first);
  if (n != tensor.rows()) rows.name += fmt::format("[{}:{}]", first, first + n);
  return rows;
}

}  // namespace

bool WeightLoader::Has(const std::string& name) const { return file_.FindTensor(name) != nullptr; }

Tensor WeightLoader::Find(const std::string& name, const std::vector<int64_t>& shape) {
  const Tensor* tensor = file_.FindTensor(name);
  if (tensor == nullptr) {
    Fail(ErrorCode::kCorruptFile, "{}: tensor \"{}\" is missing", file_.name(), name);
  }
  if (tensor->shape != shape) {
    Fail(ErrorCode::kCorruptFile, "{}: tensor \"{}\" should be [{}] but is [{}]", file_.name(),
         name, fmt::join(shape, ", "), fmt::join(tensor->shape, ", "));
  }
  return *tensor;
}

Tensor WeightLoader::Table(const std::string& name, int64_t n_rows, int64_t n_columns) {
  return Find(name, {n_rows, n_columns});
}

Linear WeightLoader::Take(const Tensor& tensor, AdapterSite site) {
  const int64_t first = site.matrix * site.n_rows + site.first_row;
  Linear linear;
  if (tensor.data != nullptr) linear.weight = weights_.Add(RowsOf(tensor, first, site.n_out));
  linear.site = static_cast<int>(sites_->size());
  sites_->push_back(std::move(site));
  return linear;
}

Linear WeightLoader::Prepare(const Tensor& table, const std::string& name) {
  const int64_t n_rows = table.rows();
  return Take(table, {name, 1, n_rows, table.cols(), 0, 0, n_rows});
}

Linear WeightLoader::Matrix(const std::string& name, int64_t n_out, int64_t n_in) {
  return Prepare(Find(name, {n_out, n_in}), name);
}

std::vector<Linear> WeightLoader::Stack(const std::string& name, const std::vector<int64_t>& n_out,
                                        int64_t n_in) {
  const int64_t n_rows = std::accumulate(n_out.begin(), n_out.end(), int64_t{0});
  const Tensor tensor = Find(name, {n_rows, n_in});
  std::vector<Linear> parts;
  int64_t first = 0;
  for (const int64_t n : n_out) {
    parts.push_back(Take(tensor, {name, 1, n_rows, n_in, 0, first, n}));
    first += n;
  }
  return parts;
}

std::vector<Linear> WeightLoader::Matrices(const std::string& name, int64_t n, int64_t n_out,
                                           int64_t n_in) {
  const Tensor tensor = Find(name, {n, n_out, n_in});
  std::vector<Linear> matrices;
  for (int64_t i = 0; i < n; ++i) {
    matrices.push_back(Take(tensor, {name, n, n_out, n_in, i, 0, n_out}));
  }
  return matrices;
}

std::vector<std::pair<Linear, Linear>> WeightLoader::MatrixPairs(const std::string& name, int64_t n,
                                                                 int64_t n_out, int64_t n_in) {
  const Tensor tensor = Find(name, {n, 2 * n_out, n_in});
  std::vector<std::pair<Linear, Linear>> pairs;
  for (int64_t i = 0; i < n; ++i) {
    Linear first = Take(tensor, {name, n, 2 * n_out, n_in, i, 0, n_out});
    Linear second = Take(tensor, {name, n, 2 * n_out, n_in, i, n_out, n_out});
    pairs.emplace_back(std::move(first), std::move(second));
  }
  return pairs;
}

std::vector<float> WeightLoader::Floats(const std::string& name,
                                        const std::vector<int64_t>& shape) {
  const Tensor tensor = Find(name, shape);
  const int64_t rows = tensor.rows(), cols = tensor.cols();
  std::vector<float> values(static_cast<size_t>(rows * cols));
  for (int64_t r = 0; r < rows && tensor.data != nullptr; ++r) {
    DequantizeRow(tensor.dtype, tensor.row(r), values.data() + r * cols, cols);
  }
  return values;
}

std::vector<float> WeightLoader::OptionalVector(const std::string& name, int64_t n) {
  return Has(name) ? Vector(name, n) : std::vector<float>();
}

bool RecordingLoader::Has(const std::string& name) const {
  return std::any_of(optional_.begin(), optional_.end(), [&](const std::string& end) {
    return name == end || name.ends_with("_" + end) ||
           (name.starts_with("blk.") && name.ends_with(end));
  });
}

Tensor RecordingLoader::Find(const std::string& name, const std::vector<int64_t>& shape) {
  const bool known = std::any_of(entries_.begin(), entries_.end(),
                                 [&](const Entry& entry) { return entry.name == name; });
  if (!known) entries_.push_back({name, shape});
  return {name, DType::kF32, shape, nullptr, nullptr};
}

}  // namespace pioneer
