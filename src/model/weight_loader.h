// Why: every tensor that an architecture takes from a file is checked against the shape that the
// config promises, in one place.
#pragma once

#include <string>
#include <vector>

#include "model/gguf.h"
#include "tensor/ops/matmul.h"

namespace pioneer {

// All functions throw Error{kCorruptFile} that names the tensor, the expected and the found shape.
class WeightLoader {
 public:
  explicit WeightLoader(const GgufFile& file) : file_(file) {}

  bool Has(const std::string& name) const { return file_.FindTensor(name) != nullptr; }
  // [n_out, n_in], any type.
  Tensor Matrix(const std::string& name, int64_t n_out, int64_t n_in) const;
  // [n] as float32, copied.
  std::vector<float> Vector(const std::string& name, int64_t n) const;
  // Empty when the file does not have it.
  std::vector<float> OptionalVector(const std::string& name, int64_t n) const;

 private:
  const Tensor& Find(const std::string& name, const std::vector<int64_t>& shape) const;

  const GgufFile& file_;
};

}  // namespace pioneer
