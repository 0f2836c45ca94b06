// Why: writes GGUF files that llama.cpp and every other reader take.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>

#include "base/error.h"
#include "model/gguf.h"
#include "model/gguf_format.h"

namespace pioneer {
namespace {

template <typename T>
void AppendNumber(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void AppendString(std::string& out, std::string_view text) {
  AppendNumber<uint64_t>(out, text.size());
  out.append(text);
}

template <typename T>
std::string EncodeNumber(GgufType type, T value) {
  std::string out;
  AppendNumber(out, static_cast<uint32_t>(type));
  AppendNumber(out, value);
  return out;
}

std::string EncodeArrayHead(GgufType type, size_t count) {
  std::string out;
  AppendNumber(out, static_cast<uint32_t>(GgufType::kArray));
  AppendNumber(out, static_cast<uint32_t>(type));
  AppendNumber<uint64_t>(out, count);
  return out;
}

template <typename Stored, typename Given>
std::string EncodeArray(GgufType type, const std::vector<Given>& values) {
  std::string out = EncodeArrayHead(type, values.size());
  out.reserve(out.size() + values.size() * sizeof(Stored));
  for (const auto value : values) AppendNumber(out, static_cast<Stored>(value));
  return out;
}

std::string EncodeStrings(const std::vector<std::string>& values) {
  std::string out = EncodeArrayHead(GgufType::kString, values.size());
  for (const std::string& value : values) AppendString(out, value);
  return out;
}

template <typename Narrow, typename Wide>
bool Holds(Wide value) {
  if constexpr (std::is_floating_point_v<Wide>) {
    return std::isnan(value) || std::isinf(value) ||
           (std::abs(value) <= std::numeric_limits<Narrow>::max() &&
            static_cast<Wide>(static_cast<Narrow>(value)) == value);
  } else {
    return value >= std::numeric_limits<Narrow>::min() &&
           value <= std::numeric_limits<Narrow>::max();
  }
}

template <typename Narrow, typename Wide>
bool HoldsAll(const std::vector<Wide>& values) {
  return std::all_of(values.begin(), values.end(), Holds<Narrow, Wide>);
}

// The conventional type is the 32-bit one wherever it holds the value.
struct ValueEncoder {
  std::string operator()(uint64_t v) const {
    return Holds<uint32_t>(v) ? EncodeNumber(GgufType::kU32, static_cast<uint32_t>(v))
                              : EncodeNumber(GgufType::kU64, v);
  }
  std::string operator()(int64_t v) const {
    return Holds<int32_t>(v) ? EncodeNumber(GgufType::kI32, static_cast<int32_t>(v))
                             : EncodeNumber(GgufType::kI64, v);
  }
  std::string operator()(double v) const {
    return Holds<float>(v) ? EncodeNumber(GgufType::kF32, static_cast<float>(v))
                           : EncodeNumber(GgufType::kF64, v);
  }
  std::string operator()(bool v) const { return EncodeNumber<uint8_t>(GgufType::kBool, v); }
  std::string operator()(const std::string& v) const {
    std::string out;
    AppendNumber(out, static_cast<uint32_t>(GgufType::kString));
    AppendString(out, v);
    return out;
  }
  std::string operator()(const std::vector<uint64_t>& v) const {
    return HoldsAll<uint32_t>(v) ? EncodeArray<uint32_t>(GgufType::kU32, v)
                                 : EncodeArray<uint64_t>(GgufType::kU64, v);
  }
  std::string operator()(const std::vector<int64_t>& v) const {
    return HoldsAll<int32_t>(v) ? EncodeArray<int32_t>(GgufType::kI32, v)
                                : EncodeArray<int64_t>(GgufType::kI64, v);
  }
  std::string operator()(const std::vector<double>& v) const {
    return HoldsAll<float>(v) ? EncodeArray<float>(GgufType::kF32, v)
                              : EncodeArray<double>(GgufType::kF64, v);
  }
  std::string operator()(const std::vector<bool>& v) const {
    return EncodeArray<uint8_t>(GgufType::kBool, v);
  }
  std::string operator()(const std::vector<std::string>& v) const { return EncodeStrings(v); }
};

void CheckTensor(const Tensor& tensor) {
  const auto refuse = [&](const char* why) {
    Fail(ErrorCode::kInvalidArgument, "tensor \"{}\" cannot be written: {}", tensor.name, why);
  };
  if (tensor.name.empty() || tensor.name.size() > kMaxGgufTensorNameBytes) {
    refuse("its name must have 1 to 64 bytes");
  }
  if (tensor.shape.empty() || tensor.shape.size() > kMaxGgufDimensions) {
    refuse("it must have 1 to 4 dimensions");
  }
  for (const int64_t size : tensor.shape) {
    if (size < 1) refuse("a dimension is not positive");
  }
  if (tensor.cols() % InfoOf(tensor.dtype).block_elements != 0) {
    refuse("its rows are not a multiple of the type's block");
  }
}

void CheckProduced(const Tensor& tensor, uint64_t n_bytes) {
  if (n_bytes == tensor.bytes()) return;
  Fail(ErrorCode::kInternal, "tensor \"{}\" has {} bytes, but {} were written", tensor.name,
       tensor.bytes(), n_bytes);
}

// The tensor in memory of its own, aligned as in a file.
Tensor Produce(Tensor tensor, const std::function<void(const GgufSink& sink)>& produce) {
  const size_t n_bytes = tensor.bytes();
  const std::shared_ptr<void> memory(std::aligned_alloc(64, AlignUp(n_bytes, 64)), std::free);
  if (memory == nullptr) throw std::bad_alloc();
  auto* const begin = static_cast<std::byte*>(memory.get());
  size_t done = 0;
  produce([&](const void* data, size_t bytes) {
    if (bytes > n_bytes - done) CheckProduced(tensor, done + bytes);
    std::memcpy(begin + done, data, bytes);
    done += bytes;
  });
  CheckProduced(tensor, done);
  tensor.data = begin;
  tensor.owner = memory;
  return tensor;
}

// Between two reports of progress.
constexpr size_t kMaxWriteBytes = size_t{8} << 20;

void WritePadding(AtomicFile& file) {
  static constexpr char kZeros[kGgufAlignment] = {};
  file.Write(kZeros, AlignUp(file.offset(), kGgufAlignment) - file.offset());
}

}  // namespace

void GgufWriter::Set(const std::string& key, std::string encoded) {
  if (key.empty() || key.size() > kMaxGgufKeyBytes) {
    Fail(ErrorCode::kInvalidArgument, "a GGUF key must have 1 to {} bytes", kMaxGgufKeyBytes);
  }
  if (key == "general.alignment") return;
  for (Entry& entry : entries_) {
    if (entry.key == key) {
      entry.encoded = std::move(encoded);
      return;
    }
  }
  entries_.push_back({key, std::move(encoded)});
}

void GgufWriter::SetU32(const std::string& key, uint32_t value) {
  Set(key, EncodeNumber(GgufType::kU32, value));
}
void GgufWriter::SetF32(const std::string& key, float value) {
  Set(key, EncodeNumber(GgufType::kF32, value));
}
void GgufWriter::SetBool(const std::string& key, bool value) { Set(key, ValueEncoder()(value)); }
void GgufWriter::SetString(const std::string& key, std::string value) {
  Set(key, ValueEncoder()(value));
}
void GgufWriter::SetStrings(const std::string& key, std::vector<std::string> values) {
  Set(key, EncodeStrings(values));
}
void GgufWriter::SetF32s(const std::string& key, std::vector<float> values) {
  Set(key, EncodeArray<float>(GgufType::kF32, values));
}
void GgufWriter::SetI32s(const std::string& key, std::vector<int32_t> values) {
  Set(key, EncodeArray<int32_t>(GgufType::kI32, values));
}
void GgufWriter::SetBytes(const std::string& key, std::string_view bytes) {
  Set(key, EncodeArrayHead(GgufType::kU8, bytes.size()).append(bytes));
}
void GgufWriter::SetValue(const std::string& key, const GgufValue& value) {
  Set(key, std::visit(ValueEncoder(), value));
}

void GgufWriter::CopyValue(const GgufFile& file, const std::string& key) {
  const auto found = file.encoded_.find(key);
  if (found == file.encoded_.end()) file.FailMissing(key);
  Set(key, std::string(found->second));
}

void GgufWriter::AddTensor(Tensor tensor) {
  if (tensor.data == nullptr) {
    Fail(ErrorCode::kInvalidArgument, "tensor \"{}\" has no data", tensor.name);
  }
  // The captured view keeps the owner, and so the bytes, alive.
  AddTensor(tensor, [tensor](const GgufSink& sink) { sink(tensor.data, tensor.bytes()); });
  items_.back().tensor = std::move(tensor);
}

void GgufWriter::AddTensor(Tensor tensor, std::function<void(const GgufSink& sink)> produce) {
  CheckTensor(tensor);
  for (const Item& item : items_) {
    if (item.tensor.name == tensor.name) {
      Fail(ErrorCode::kInvalidArgument, "tensor \"{}\" is added twice", tensor.name);
    }
  }
  tensor.data = nullptr;
  tensor.owner.reset();
  items_.push_back({std::move(tensor), std::move(produce)});
}

std::string GgufWriter::EncodeHeader(const std::vector<Item>& items) const {
  std::string out;
  AppendNumber(out, kGgufMagic);
  AppendNumber(out, kGgufVersion);
  AppendNumber<uint64_t>(out, items.size());
  AppendNumber<uint64_t>(out, entries_.size());
  for (const Entry& entry : entries_) {
    AppendString(out, entry.key);
    out += entry.encoded;
  }
  uint64_t offset = 0;
  for (const Item& item : items) {
    const std::vector<int64_t>& shape = item.tensor.shape;
    AppendString(out, item.tensor.name);
    AppendNumber(out, static_cast<uint32_t>(shape.size()));
    for (auto size = shape.rbegin(); size != shape.rend(); ++size) AppendNumber(out, *size);
    AppendNumber(out, static_cast<uint32_t>(item.tensor.dtype));
    AppendNumber(out, offset);
    offset += AlignUp(item.tensor.bytes(), kGgufAlignment);
  }
  return out;
}

uint64_t GgufWriter::TensorBytes() const {
  uint64_t total = 0;
  for (const Item& item : items_) total += item.tensor.bytes();
  return total;
}

void GgufWriter::Finish(const fs::path& path, const OnProgress& on_progress) {
  AtomicFile file(path);
  const std::string header = EncodeHeader(items_);
  file.Write(header.data(), header.size());
  WritePadding(file);
  const uint64_t total = TensorBytes();
  uint64_t done = 0;
  for (const Item& item : items_) {
    const uint64_t begin = file.offset();
    item.produce([&](const void* data, size_t bytes) {
      const auto* next = static_cast<const std::byte*>(data);
      for (size_t n = 0; bytes > 0; next += n, bytes -= n) {
        n = std::min(bytes, kMaxWriteBytes);
        file.Write(next, n);
        done += n;
        if (on_progress) on_progress(done, total);
      }
    });
    CheckProduced(item.tensor, file.offset() - begin);
    WritePadding(file);
  }
  file.Commit();
}

std::shared_ptr<const GgufFile> GgufWriter::Build(const std::string& name,
                                                  const CancelToken& cancel) {
  const auto header = std::make_shared<const std::string>(EncodeHeader({}));
  auto file = std::make_shared<GgufFile>();
  file->owner_ = header;
  GgufFile::ParseInto({reinterpret_cast<const std::byte*>(header->data()), header->size()}, *file);
  file->name_ = name;
  file->file_bytes_ = static_cast<int64_t>(TensorBytes());
  for (const Item& item : items_) {
    cancel.Check();
    file->tensors_.push_back(item.tensor.data != nullptr ? item.tensor
                                                         : Produce(item.tensor, item.produce));
  }
  for (size_t i = 0; i < file->tensors_.size(); ++i) {
    file->tensor_index_.emplace(file->tensors_[i].name, i);
  }
  file->cancel_ = cancel;
  return file;
}

}  // namespace pioneer
