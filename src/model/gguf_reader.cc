// Why: parses untrusted GGUF bytes. All reading goes through ByteReader, which checks every length
// against what is left before anything is read or allocated.
#include <algorithm>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "base/utf8.h"
#include "model/gguf.h"
#include "model/gguf_format.h"

namespace pioneer {
namespace {

// A name from the file as it may be shown on a terminal: short, valid UTF-8, no control characters.
std::string Printable(std::string_view name) {
  constexpr size_t kMaxShown = 96;
  std::string shown = RepairUtf8(name.substr(0, kMaxShown));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return name.size() > kMaxShown ? shown + "..." : shown;
}

// The one place that touches the header's bytes.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  // What is being read, for messages.
  void set_where(std::string where) { where_ = std::move(where); }
  const std::string& where() const { return where_; }
  size_t offset() const { return offset_; }
  size_t left() const { return bytes_.size() - offset_; }

  // `count` items of `item_bytes` each.
  std::span<const std::byte> Take(uint64_t count, size_t item_bytes) {
    if (count > left() / item_bytes) {
      Fail(ErrorCode::kCorruptFile, "{} says it has {} items, but the file has only {} bytes left",
           where_, count, left());
    }
    const auto taken = bytes_.subspan(offset_, count * item_bytes);
    offset_ += taken.size();
    return taken;
  }

  template <typename T>
  T Number() {
    if (left() < sizeof(T)) Fail(ErrorCode::kCorruptFile, "the file ends inside {}", where_);
    T value;
    std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return value;
  }

  bool Bool() {
    const uint8_t value = Number<uint8_t>();
    if (value > 1) Fail(ErrorCode::kCorruptFile, "{} has a boolean of value {}", where_, value);
    return value == 1;
  }

  std::string_view String(uint64_t max_bytes = std::numeric_limits<uint64_t>::max()) {
    const uint64_t length = Number<uint64_t>();
    if (length > left() || length > max_bytes) {
      Fail(ErrorCode::kCorruptFile, "{} has a string of {} bytes ({} are left, {} are allowed)",
           where_, length, left(), max_bytes);
    }
    const auto taken = Take(length, 1);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

 private:
  std::span<const std::byte> bytes_;
  size_t offset_ = 0;
  std::string where_ = "the header";
};

template <typename Stored, typename Kept>
std::vector<Kept> ReadNumbers(ByteReader& reader, uint64_t count) {
  const auto bytes = reader.Take(count, sizeof(Stored));
  std::vector<Kept> values(count);
  for (size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = static_cast<Kept>(stored);
  }
  return values;
}

std::vector<bool> ReadBools(ByteReader& reader, uint64_t count) {
  if (count > reader.left()) reader.Take(count, 1);  // throws
  std::vector<bool> values(count);
  for (size_t i = 0; i < values.size(); ++i) values[i] = reader.Bool();
  return values;
}

std::vector<std::string> ReadStrings(ByteReader& reader, uint64_t count) {
  if (count > reader.left() / sizeof(uint64_t)) reader.Take(count, sizeof(uint64_t));  // throws
  std::vector<std::string> values;
  values.reserve(count);
  for (uint64_t i = 0; i < count; ++i) values.emplace_back(reader.String());
  return values;
}

// Types that GGUF files may have and this program has no code for, so that the message can say so.
const char* ForeignTypeName(uint32_t type) {
  static constexpr struct {
    uint32_t type;
    const char* name;
  } kForeign[] = {{9, "Q8_1"},   {15, "Q8_K"},  {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"},
                  {19, "IQ1_S"}, {21, "IQ3_S"}, {22, "IQ2_S"},   {24, "I8"},     {25, "I16"},
                  {26, "I32"},   {27, "I64"},   {28, "F64"},     {29, "IQ1_M"},  {34, "TQ1_0"},
                  {35, "TQ2_0"}, {40, "NVFP4"}, {41, "Q1_0"},    {42, "Q2_0"}};
  for (const auto& foreign : kForeign) {
    if (foreign.type == type) return foreign.name;
  }
  return nullptr;
}

}  // namespace

class GgufParser {
 public:
  GgufParser(std::span<const std::byte> bytes, GgufFile& file)
      : bytes_(bytes),
        reader_(bytes.first(std::min(bytes.size(), kMaxGgufHeaderBytes))),
        file_(file) {}

  void Parse() {
    ReadHeader();
    for (uint64_t i = 0; i < n_keys_; ++i) ReadKey(i);
    ReadAlignment();
    for (uint64_t i = 0; i < n_tensors_; ++i) ReadTensorInfo(i);
    PlaceTensors();
    IndexTensors();
  }

 private:
  void ReadHeader() {
    if (bytes_.size() < 4 || reader_.Number<uint32_t>() != kGgufMagic) {
      Fail(ErrorCode::kCorruptFile, "this is no GGUF file (it does not start with \"GGUF\")");
    }
    const uint32_t version = reader_.Number<uint32_t>();
    if (version != 0 && (version & 0xFFFF) == 0) {
      Fail(ErrorCode::kUnsupported, "big-endian GGUF files are not supported");
    }
    if (version != 2 && version != kGgufVersion) {
      Fail(ErrorCode::kUnsupported, "GGUF version {} is not supported (2 and 3 are)", version);
    }
    n_tensors_ = reader_.Number<uint64_t>();
    n_keys_ = reader_.Number<uint64_t>();
    CheckCount("keys", n_keys_, 8 + 4 + 1);
    CheckCount("tensors", n_tensors_, 8 + 4 + 8 + 4 + 8);
  }

  void CheckCount(const char* what, uint64_t count, size_t least_bytes) {
    if (count <= reader_.left() / least_bytes) return;
    Fail(ErrorCode::kCorruptFile,
         "the header says that there are {} {}, which do not fit in {} bytes", count, what,
         reader_.left());
  }

  void ReadKey(uint64_t index) {
    reader_.set_where(fmt::format("key {} of {}", index + 1, n_keys_));
    std::string key(reader_.String(kMaxGgufKeyBytes));
    reader_.set_where(fmt::format("key \"{}\"", Printable(key)));
    const size_t begin = reader_.offset();
    GgufValue value = ReadValue(reader_.Number<uint32_t>());
    const auto* text = reinterpret_cast<const char*>(bytes_.data());
    if (!file_.metadata_.emplace(key, std::move(value)).second) {
      Fail(ErrorCode::kCorruptFile, "{} is there twice", reader_.where());
    }
    file_.keys_.push_back(key);
    file_.encoded_.emplace(std::move(key),
                           std::string_view(text + begin, reader_.offset() - begin));
  }

  GgufValue ReadValue(uint32_t type) {
    switch (static_cast<GgufType>(type)) {
      case GgufType::kU8:
        return uint64_t{reader_.Number<uint8_t>()};
      case GgufType::kU16:
        return uint64_t{reader_.Number<uint16_t>()};
      case GgufType::kU32:
        return uint64_t{reader_.Number<uint32_t>()};
      case GgufType::kU64:
        return reader_.Number<uint64_t>();
      case GgufType::kI8:
        return int64_t{reader_.Number<int8_t>()};
      case GgufType::kI16:
        return int64_t{reader_.Number<int16_t>()};
      case GgufType::kI32:
        return int64_t{reader_.Number<int32_t>()};
      case GgufType::kI64:
        return reader_.Number<int64_t>();
      case GgufType::kF32:
        return double{reader_.Number<float>()};
      case GgufType::kF64:
        return reader_.Number<double>();
      case GgufType::kBool:
        return reader_.Bool();
      case GgufType::kString:
        return std::string(reader_.String());
      case GgufType::kArray:
        return ReadArray();
    }
    Fail(ErrorCode::kCorruptFile, "{} has the unknown type {}", reader_.where(), type);
  }

  GgufValue ReadArray() {
    const uint32_t type = reader_.Number<uint32_t>();
    const uint64_t count = reader_.Number<uint64_t>();
    if (count > kMaxGgufArrayElements - n_elements_) {
      Fail(ErrorCode::kCorruptFile, "{} says it has {} items; all arrays together may have {}",
           reader_.where(), count, kMaxGgufArrayElements);
    }
    n_elements_ += count;
    switch (static_cast<GgufType>(type)) {
      case GgufType::kU8:
        return ReadNumbers<uint8_t, uint64_t>(reader_, count);
      case GgufType::kU16:
        return ReadNumbers<uint16_t, uint64_t>(reader_, count);
      case GgufType::kU32:
        return ReadNumbers<uint32_t, uint64_t>(reader_, count);
      case GgufType::kU64:
        return ReadNumbers<uint64_t, uint64_t>(reader_, count);
      case GgufType::kI8:
        return ReadNumbers<int8_t, int64_t>(reader_, count);
      case GgufType::kI16:
        return ReadNumbers<int16_t, int64_t>(reader_, count);
      case GgufType::kI32:
        return ReadNumbers<int32_t, int64_t>(reader_, count);
      case GgufType::kI64:
        return ReadNumbers<int64_t, int64_t>(reader_, count);
      case GgufType::kF32:
        return ReadNumbers<float, double>(reader_, count);
      case GgufType::kF64:
        return ReadNumbers<double, double>(reader_, count);
      case GgufType::kBool:
        return ReadBools(reader_, count);
      case GgufType::kString:
        return ReadStrings(reader_, count);
      case GgufType::kArray:
        Fail(ErrorCode::kCorruptFile, "{} is an array of arrays", reader_.where());
    }
    Fail(ErrorCode::kCorruptFile, "{} is an array of the unknown type {}", reader_.where(), type);
  }

  void ReadAlignment() {
    const int64_t alignment = file_.Int("general.alignment", kGgufAlignment);
    // Smaller ones would break the alignment of floats, larger ones have no use.
    if (alignment < 8 || alignment > 65536 || (alignment & (alignment - 1)) != 0) {
      Fail(ErrorCode::kCorruptFile,
           "key \"general.alignment\" is {}, not a power of two of 8..65536", alignment);
    }
    alignment_ = static_cast<uint64_t>(alignment);
  }

  void ReadTensorInfo(uint64_t index) {
    reader_.set_where(fmt::format("tensor {} of {}", index + 1, n_tensors_));
    Tensor tensor;
    tensor.name = std::string(reader_.String(kMaxGgufTensorNameBytes));
    reader_.set_where(fmt::format("tensor \"{}\"", Printable(tensor.name)));
    tensor.shape = ReadShape();
    tensor.dtype = ReadDType(tensor.shape.back());
    const uint64_t offset = reader_.Number<uint64_t>();
    if (offset % alignment_ != 0) {
      Fail(ErrorCode::kCorruptFile, "{} is at offset {}, which is no multiple of {}",
           reader_.where(), offset, alignment_);
    }
    file_.tensors_.push_back(std::move(tensor));
    offsets_.push_back(offset);
  }

  // Innermost dimension first in the file, outermost first in Tensor.
  std::vector<int64_t> ReadShape() {
    const uint32_t n_dims = reader_.Number<uint32_t>();
    if (n_dims < 1 || n_dims > kMaxGgufDimensions) {
      Fail(ErrorCode::kCorruptFile, "{} has {} dimensions (1 to {} are allowed)", reader_.where(),
           n_dims, kMaxGgufDimensions);
    }
    std::vector<int64_t> shape(n_dims);
    int64_t elements = 1;
    for (uint32_t i = 0; i < n_dims; ++i) {
      const uint64_t size = reader_.Number<uint64_t>();
      if (size < 1 || size > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) ||
          __builtin_mul_overflow(elements, static_cast<int64_t>(size), &elements)) {
        Fail(ErrorCode::kCorruptFile, "{} has an impossible dimension of {}", reader_.where(),
             size);
      }
      shape[n_dims - 1 - i] = static_cast<int64_t>(size);
    }
    return shape;
  }

  DType ReadDType(int64_t row_elements) {
    const uint32_t type = reader_.Number<uint32_t>();
    const DTypeInfo* info = FindDType(type);
    if (info == nullptr) {
      const char* foreign = ForeignTypeName(type);
      if (foreign != nullptr) {
        Fail(ErrorCode::kUnsupported, "{} is of type {}, which this program cannot use",
             reader_.where(), foreign);
      }
      Fail(ErrorCode::kCorruptFile, "{} is of the unknown type {}", reader_.where(), type);
    }
    if (row_elements % info->block_elements != 0) {
      Fail(ErrorCode::kCorruptFile, "{} is of type {}, whose rows are multiples of {}, but has {}",
           reader_.where(), info->name, info->block_elements, row_elements);
    }
    return info->dtype;
  }

  // Tensors may overlap (a file may share bytes), but each must lie inside the file.
  void PlaceTensors() {
    if (file_.tensors_.empty()) return;
    const uint64_t data_begin = AlignUp(reader_.offset(), alignment_);
    for (size_t i = 0; i < offsets_.size(); ++i) {
      Tensor& tensor = file_.tensors_[i];
      const uint64_t available = data_begin > bytes_.size() ? 0 : bytes_.size() - data_begin;
      const uint64_t after = offsets_[i] > available ? 0 : available - offsets_[i];
      const DTypeInfo& info = InfoOf(tensor.dtype);
      uint64_t elements = 1;  // cannot overflow: ReadShape has multiplied them
      for (const int64_t size : tensor.shape) elements *= static_cast<uint64_t>(size);
      const uint64_t n_blocks = elements / static_cast<uint64_t>(info.block_elements);
      if (n_blocks > after / static_cast<uint64_t>(info.block_bytes)) {
        Fail(
            ErrorCode::kCorruptFile,
            "tensor \"{}\" ({} elements of {} at offset {}) does not fit in the file, which has {} "
            "bytes of tensors; it may have been cut off: download or copy it again",
            Printable(tensor.name), elements, info.name, offsets_[i], available);
      }
      tensor.data = bytes_.data() + data_begin + offsets_[i];
      tensor.owner = file_.owner_;
    }
  }

  void IndexTensors() {
    for (size_t i = 0; i < file_.tensors_.size(); ++i) {
      if (!file_.tensor_index_.emplace(file_.tensors_[i].name, i).second) {
        Fail(ErrorCode::kCorruptFile, "tensor \"{}\" is there twice",
             Printable(file_.tensors_[i].name));
      }
    }
  }

  std::span<const std::byte> bytes_;
  ByteReader reader_;
  GgufFile& file_;
  uint64_t n_tensors_ = 0, n_keys_ = 0;
  uint64_t n_elements_ = 0;  // of all arrays so far
  uint64_t alignment_ = kGgufAlignment;
  std::vector<uint64_t> offsets_;  // of each tensor, from the start of the data
};

void GgufFile::ParseInto(std::span<const std::byte> bytes, GgufFile& file) {
  GgufParser(bytes, file).Parse();
}

std::shared_ptr<GgufFile> GgufFile::OpenPart(const fs::path& path) {
  auto mapped = std::make_shared<MappedFile>(path);
  const std::span<const std::byte> bytes = mapped->bytes();
  auto file = std::make_shared<GgufFile>();
  file->owner_ = std::move(mapped);
  file->file_bytes_ = static_cast<int64_t>(bytes.size());
  try {
    ParseInto(bytes, *file);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", path.string(), error.what()));
  }
  file->name_ = path.string();
  return file;
}

std::shared_ptr<const GgufFile> GgufFile::Parse(std::span<const std::byte> bytes,
                                                std::shared_ptr<const void> owner) {
  auto file = std::make_shared<GgufFile>();
  file->owner_ = std::move(owner);
  file->file_bytes_ = static_cast<int64_t>(bytes.size());
  ParseInto(bytes, *file);
  return file;
}

}  // namespace pioneer
