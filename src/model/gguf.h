// Why: reads and writes GGUF, version 3 (and reads 2): metadata and tensors in one file.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
//
// The file is untrusted: every count, length, offset and size is checked against the file's size
// before use; sums and products are checked for overflow. A broken file throws Error{kCorruptFile}
// that says which key or tensor is wrong; a tensor of a type that other programs know and this one
// does not throws Error{kUnsupported}.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/cancel.h"
#include "base/file.h"
#include "tensor/tensor.h"

namespace pioneer {

// A metadata value. Integers of all widths become int64 or uint64; arrays are of one kind.
using GgufValue = std::variant<uint64_t, int64_t, double, bool, std::string, std::vector<uint64_t>,
                               std::vector<int64_t>, std::vector<double>, std::vector<bool>,
                               std::vector<std::string>>;

// Limits of what is believed of a header, far above what real files have. They bound the memory
// that parsing takes, whatever the file's size.
inline constexpr size_t kMaxGgufHeaderBytes = size_t{256} << 20;
inline constexpr uint64_t kMaxGgufArrayElements = uint64_t{1} << 24;  // of all arrays together
inline constexpr size_t kMaxGgufTensorNameBytes = 64;
inline constexpr size_t kMaxGgufKeyBytes = 65535;
inline constexpr size_t kMaxGgufDimensions = 4;

// An open file. Immutable; any thread may read. Tensors keep the mapping alive.
class GgufFile {
 public:
  // Of a model in several files (model/gguf_split.h) any part opens all: their tensors together,
  // without the keys "split.*". Throws Error{kNotFound} that names the missing parts. Once `cancel`
  // is used FindTensor throws Error{kCancelled}, so that loading a model stops between tensors.
  static std::shared_ptr<const GgufFile> Open(const fs::path& path, const CancelToken& cancel = {});
  // For tests and fuzzing: the bytes must outlive the object.
  static std::shared_ptr<const GgufFile> Parse(std::span<const std::byte> bytes,
                                               std::shared_ptr<const void> owner);

  const std::map<std::string, GgufValue>& metadata() const { return metadata_; }
  const std::vector<Tensor>& tensors() const { return tensors_; }
  const Tensor* FindTensor(std::string_view name) const;  // null when missing
  // All keys, in the file's order.
  const std::vector<std::string>& keys() const { return keys_; }
  bool Has(const std::string& key) const { return metadata_.count(key) != 0; }
  // What errors call the file: its path, or "GGUF data".
  const std::string& name() const { return name_; }
  int64_t file_bytes() const { return file_bytes_; }

  // Typed access. A value of another type throws Error{kCorruptFile} naming the key; so does a
  // missing one in the forms without a default.
  int64_t Int(const std::string& key) const;
  int64_t Int(const std::string& key, int64_t default_value) const;
  double Float(const std::string& key, double default_value) const;
  bool Bool(const std::string& key, bool default_value) const;
  std::string String(const std::string& key) const;
  std::string String(const std::string& key, const std::string& default_value) const;
  const std::vector<std::string>* Strings(const std::string& key) const;  // null when missing
  const std::vector<double>* Floats(const std::string& key) const;        // null when missing
  const std::vector<int64_t>* Ints(const std::string& key) const;         // null when missing

 private:
  friend class GgufJoiner;
  friend class GgufParser;
  friend class GgufWriter;

  static std::shared_ptr<GgufFile> OpenPart(const fs::path& path);
  static void ParseInto(std::span<const std::byte> bytes, GgufFile& file);

  const GgufValue* Find(const std::string& key) const;
  [[noreturn]] void FailMissing(const std::string& key) const;
  [[noreturn]] void FailType(const std::string& key, const char* wanted) const;

  std::map<std::string, GgufValue> metadata_;
  std::vector<std::string> keys_;
  std::map<std::string, std::string_view> encoded_;  // each value as it lies in the file
  std::vector<Tensor> tensors_;
  std::map<std::string_view, size_t> tensor_index_;
  std::shared_ptr<const void> owner_;
  std::string name_ = "GGUF data";
  int64_t file_bytes_ = 0;
  CancelToken cancel_;
};

// Receives the bytes of a tensor, in order, in pieces of any size.
using GgufSink = std::function<void(const void* data, size_t bytes)>;

// Writes a file (version 3, alignment 32) through AtomicFile. Add everything, then Finish(). Types
// of the values as written follow llama.cpp's conventions (u32 for counts, f32 for floats, i32
// arrays for token types). A key set twice keeps its place and has the last value.
// "general.alignment" is the writer's own: setting it does nothing. One thread.
class GgufWriter {
 public:
  void SetU32(const std::string& key, uint32_t value);
  void SetF32(const std::string& key, float value);
  void SetBool(const std::string& key, bool value);
  void SetString(const std::string& key, std::string value);
  void SetStrings(const std::string& key, std::vector<std::string> values);
  void SetF32s(const std::string& key, std::vector<float> values);
  void SetI32s(const std::string& key, std::vector<int32_t> values);
  void SetBytes(const std::string& key, std::string_view bytes);  // an array of unsigned bytes
  // Writes a value read from another file as the conventional type that holds it (u32 before u64).
  void SetValue(const std::string& key, const GgufValue& value);
  // Copies a value with the very type that it has in `file`, which must have the key.
  void CopyValue(const GgufFile& file, const std::string& key);

  // The bytes must stay alive until Finish(). Throws Error{kInvalidArgument} for a name, shape or
  // size that a reader would refuse.
  void AddTensor(Tensor tensor);
  // For tensors that do not lie in memory: Finish() calls produce(sink), which must give the sink
  // exactly the tensor's bytes. `tensor.data` is not used.
  void AddTensor(Tensor tensor, std::function<void(const GgufSink& sink)> produce);

  // `on_progress` is called as bytes are written; what it throws ends the writing and leaves
  // nothing behind.
  using OnProgress = std::function<void(uint64_t bytes_done, uint64_t bytes_total)>;
  void Finish(const fs::path& path, const OnProgress& on_progress = {});
  // The same as an open file in memory: tensors that lie in memory are viewed, the others are
  // produced into memory of their own. `name` is what errors call it.
  std::shared_ptr<const GgufFile> Build(const std::string& name, const CancelToken& cancel = {});

 private:
  struct Entry {
    std::string key;
    std::string encoded;  // type and value as they go into the file
  };
  struct Item {
    Tensor tensor;
    std::function<void(const GgufSink& sink)> produce;
  };
  void Set(const std::string& key, std::string encoded);
  std::string EncodeHeader(const std::vector<Item>& items) const;
  uint64_t TensorBytes() const;

  std::vector<Entry> entries_;
  std::vector<Item> items_;
};

}  // namespace pioneer
