// Why: where a model's packed weights come from: a file of an earlier start, or all threads pack
// them now, into such a file or into memory.
#pragma once

#include <string>

#include "base/file.h"
#include "model/model.h"
#include "tensor/ops/weight.h"

namespace pioneer {

// The files that a model is read from, as they are when this is made.
class ModelFiles {
 public:
  // A GGUF file (any part of it) or a folder; it may be missing.
  explicit ModelFiles(const fs::path& path);

  const fs::path& path() const { return path_; }
  // The same for the same path, whatever lies there; fit for a file's name.
  const std::string& name() const { return name_; }
  // Lines of text, others when a file was changed or replaced.
  const std::string& identity() const { return identity_; }

 private:
  fs::path path_;
  std::string name_, identity_;
};

// Packs and places the weights, or finds them packed. What cannot be kept on disk is in memory
// then, with a line in the log. Throws Error{kCancelled}, std::bad_alloc.
void PackWeights(WeightPack& weights, const ModelFiles& files, const LoadOptions& options);
// By this thread.
void PackInMemory(WeightPack& weights);
// Removes what is kept of the model of this ModelFiles::name(), and returns how many bytes that
// had.
int64_t ForgetPackedWeights(const PackedCache& cache, const std::string& name);

}  // namespace pioneer
