// Why: reads and writes GGUF, version 3 (and reads 2): metadata and tensors in one file.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
//
// The file is untrusted: every count, length, offset and size is checked against the file's size
// before use; sums and products are checked for overflow. A broken file throws Error{kCorruptFile}
// that says which key or tensor is wrong.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/file.h"
#include "tensor/tensor.h"

namespace pioneer {

// A metadata value. Integers of all widths become int64 or uint64; arrays are of one kind.
using GgufValue = std::variant<uint64_t, int64_t, double, bool, std::string, std::vector<uint64_t>,
                               std::vector<int64_t>, std::vector<double>, std::vector<bool>,
                               std::vector<std::string>>;

// An open file. Immutable; any thread may read. Tensors keep the mapping alive.
class GgufFile {
 public:
  static std::shared_ptr<const GgufFile> Open(const fs::path& path);
  // For tests and fuzzing: the bytes must outlive the object.
  static std::shared_ptr<const GgufFile> Parse(std::span<const std::byte> bytes,
                                               std::shared_ptr<const void> owner);

  const std::map<std::string, GgufValue>& metadata() const { return metadata_; }
  const std::vector<Tensor>& tensors() const { return tensors_; }
  const Tensor* FindTensor(std::string_view name) const;

  // Typed access. The forms without a default throw Error{kCorruptFile} naming the key when it is
  // missing or of another type.
  int64_t Int(const std::string& key) const;
  int64_t Int(const std::string& key, int64_t default_value) const;
  double Float(const std::string& key, double default_value) const;
  bool Bool(const std::string& key, bool default_value) const;
  std::string String(const std::string& key) const;
  std::string String(const std::string& key, const std::string& default_value) const;
  const std::vector<std::string>* Strings(const std::string& key) const;  // null when missing

 private:
  std::map<std::string, GgufValue> metadata_;
  std::vector<Tensor> tensors_;
};

// Writes a file through AtomicFile. Add everything, then Finish(). Types of the values as written
// follow llama.cpp's conventions (u32 for counts, f32 for floats, i32 arrays for token types).
class GgufWriter {
 public:
  void SetU32(const std::string& key, uint32_t value);
  void SetF32(const std::string& key, float value);
  void SetBool(const std::string& key, bool value);
  void SetString(const std::string& key, std::string value);
  void SetStrings(const std::string& key, std::vector<std::string> values);
  void SetF32s(const std::string& key, std::vector<float> values);
  void SetI32s(const std::string& key, std::vector<int32_t> values);
  // Copies a value read from another file, with the type it has there.
  void SetValue(const std::string& key, const GgufValue& value);

  // The bytes must stay alive until Finish().
  void AddTensor(Tensor tensor);

  void Finish(const fs::path& path);

 private:
  struct Entry {
    std::string key;
    std::string encoded;  // type and value as they go into the file
  };
  std::vector<Entry> entries_;
  std::vector<Tensor> tensors_;
};

}  // namespace pioneer
