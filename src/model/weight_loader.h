// Why: every tensor that an architecture takes from a file is checked against the shape that the
// config promises, in one place. A loader that only writes down what it is asked for turns the same
// load code into the description of a valid file (see random_model.h).
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/adapter.h"
#include "model/gguf.h"
#include "model/memory_plan.h"
#include "tensor/ops/matmul.h"

namespace pioneer {

// y = W x + b, and where adapters change it.
struct Linear {
  Weight weight;            // [n_out, n_in]
  std::vector<float> bias;  // [n_out], or empty
  int site = -1;            // in the model's AdapterSites; -1 = adapters cannot change it
};

// All functions throw Error{kCorruptFile} that names the tensor, the expected and the found shape.
class WeightLoader {
 public:
  // The file must outlive the loader.
  explicit WeightLoader(const GgufFile& file) : file_(file) {}
  virtual ~WeightLoader() = default;

  const GgufFile& file() const { return file_; }
  // Of the model that is loaded; see LoadOptions.
  KvTypes kv_types;
  // All matrices that were loaded; they are of use once these are placed.
  WeightPack& weights() { return weights_; }
  // Of all matrices that were loaded; grows with each.
  const std::shared_ptr<AdapterSites>& sites() const { return sites_; }
  virtual bool Has(const std::string& name) const;
  // True when nothing but shapes is wanted: weights are empty and values zero.
  virtual bool is_recording() const { return false; }

  // As it lies in the file, for looking up rows: [n_rows, n_columns], any type.
  Tensor Table(const std::string& name, int64_t n_rows, int64_t n_columns);
  // Prepared for products, without a bias: [n_out, n_in], any type.
  Linear Matrix(const std::string& name, int64_t n_out, int64_t n_in);
  // Several matrices of one input that lie in one tensor, one after the other: [sum(n_out), n_in].
  std::vector<Linear> Stack(const std::string& name, const std::vector<int64_t>& n_out,
                            int64_t n_in);
  // n equal matrices: [n, n_out, n_in].
  std::vector<Linear> Matrices(const std::string& name, int64_t n, int64_t n_out, int64_t n_in);
  // n pairs of equal matrices of one input: [n, 2 n_out, n_in].
  std::vector<std::pair<Linear, Linear>> MatrixPairs(const std::string& name, int64_t n,
                                                     int64_t n_out, int64_t n_in);
  // A matrix for products out of a table, which adapters know by another name.
  Linear Prepare(const Tensor& table, const std::string& name);

  // [n] as float32, copied.
  std::vector<float> Vector(const std::string& name, int64_t n) { return Floats(name, {n}); }
  // Empty when the file does not have it.
  std::vector<float> OptionalVector(const std::string& name, int64_t n);
  // Any shape as float32, copied; outermost dimension first.
  std::vector<float> Floats(const std::string& name, const std::vector<int64_t>& shape);

 protected:
  // The tensor of this name, which must have the shape; without data when recording.
  virtual Tensor Find(const std::string& name, const std::vector<int64_t>& shape);

 private:
  // The matrix that lies at the site.
  Linear Take(const Tensor& tensor, AdapterSite site);

  const GgufFile& file_;
  WeightPack weights_;
  std::shared_ptr<AdapterSites> sites_ = std::make_shared<AdapterSites>();
};

// Finds every tensor in a file that has none, and notes its name and shape.
class RecordingLoader : public WeightLoader {
 public:
  struct Entry {
    std::string name;
    std::vector<int64_t> shape;
  };

  // `optional` are the names that Has() says yes to; in layers, and after "_", their ends do:
  // "attn_q.bias" for that of all layers, "norm.bias" for those of all norms.
  RecordingLoader(const GgufFile& metadata, std::vector<std::string> optional)
      : WeightLoader(metadata), optional_(std::move(optional)) {}

  bool Has(const std::string& name) const override;
  bool is_recording() const override { return true; }
  // In the order of the first request.
  const std::vector<Entry>& entries() const { return entries_; }

 protected:
  Tensor Find(const std::string& name, const std::vector<int64_t>& shape) override;

 private:
  std::vector<std::string> optional_;
  std::vector<Entry> entries_;
};

}  // namespace pioneer
