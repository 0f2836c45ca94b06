// Why: reads safetensors, the format that weights are published in.
// Format: https://huggingface.co/docs/safetensors: 8 bytes length, a JSON header, the data.
//
// The file is untrusted: the header has a limit, every offset is checked against the file's size,
// and as the format demands, the tensors fill the data without holes and without overlapping. A
// broken file throws Error{kCorruptFile} that says which tensor is wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace pioneer {

// What is believed of a header's length: far above that of real files (the format allows 100 MB).
inline constexpr size_t kMaxSafetensorsHeaderBytes = size_t{32} << 20;

// A view of one tensor in a file; `owner` keeps the bytes alive.
struct SafeTensor {
  std::string name;
  std::string dtype;  // as in the file: "F32", "BF16", "U8"
  std::vector<int64_t> shape;
  const std::byte* data = nullptr;  // of any alignment
  size_t bytes = 0;
  std::shared_ptr<const void> owner;

  int64_t elements() const;
};

// One file, or the files of a folder together. Immutable; any thread may read.
class Safetensors {
 public:
  static Safetensors Open(const fs::path& file);
  // For tests and fuzzing: the bytes must outlive what is read from them unless owned.
  static Safetensors Parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);
  // The shards that model.safetensors.index.json names, else model.safetensors, else the only
  // *.safetensors. Throws Error{kNotFound} that names missing shards.
  static Safetensors OpenFolder(const fs::path& folder);

  const std::map<std::string, SafeTensor, std::less<>>& tensors() const { return tensors_; }
  const SafeTensor* Find(std::string_view name) const;  // null when missing

 private:
  std::map<std::string, SafeTensor, std::less<>> tensors_;
};

}  // namespace pioneer
