// Why: an importance matrix says, for every weight, how large each of its inputs was on average
// (the mean square) over some text. Quantization then spends its error where inputs are small.
// Two forms are read, both llama.cpp's: GGUF (tensors NAME.in_sum2 and NAME.counts) and the older
// binary one ("imatrix.dat").
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "tensor/tensor.h"

namespace pioneer {

// Immutable after reading; any thread.
class ImportanceMatrix {
 public:
  // The file is untrusted: throws Error{kCorruptFile} for sizes that do not fit or numbers that are
  // not finite and >= 0.
  static ImportanceMatrix Read(const fs::path& path);

  // The importance of the inputs of row r of the weight; empty when the matrix does not know the
  // weight. Weights of experts have importances of their own. Throws Error{kInvalidArgument} when
  // the sizes do not fit: it is another model's matrix.
  std::span<const float> RowOf(const Tensor& weight, int64_t r) const;

  size_t size() const { return entries_.size(); }  // weights

 private:
  struct Entry {
    int64_t n_matrices = 1;     // experts
    std::vector<float> values;  // [n_matrices][inputs]
  };
  void ReadGguf(const fs::path& path);
  void ReadBinary(std::string_view bytes);
  void Add(const std::string& name, Entry entry);

  std::string name_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace pioneer
