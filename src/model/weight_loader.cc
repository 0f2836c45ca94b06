#include "model/weight_loader.h"

#include <fmt/ranges.h>

#include "base/error.h"
#include "tensor/quantize.h"

namespace pioneer {

const Tensor& WeightLoader::Find(const std::string& name, const std::vector<int64_t>& shape) const {
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

Tensor WeightLoader::Matrix(const std::string& name, int64_t n_out, int64_t n_in) const {
  return Find(name, {n_out, n_in});
}

std::vector<float> WeightLoader::Vector(const std::string& name, int64_t n) const {
  const Tensor& tensor = Find(name, {n});
  std::vector<float> values(static_cast<size_t>(n));
  DequantizeRow(tensor.dtype, tensor.data, values.data(), n);
  return values;
}

std::vector<float> WeightLoader::OptionalVector(const std::string& name, int64_t n) const {
  return Has(name) ? Vector(name, n) : std::vector<float>();
}

}  // namespace pioneer
