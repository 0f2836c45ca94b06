#include "model/huggingface/safetensors.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"

namespace pioneer {
namespace {

constexpr size_t kMaxNameBytes = 1024;
constexpr size_t kMaxDimensions = 8;
constexpr size_t kMaxIndexBytes = size_t{32} << 20;
constexpr char kIndexName[] = "model.safetensors.index.json";

// Bytes of an element, 0 for a type that the format does not have.
size_t ElementBytes(std::string_view dtype) {
  static constexpr struct {
    std::string_view name;
    size_t bytes;
  } kTypes[] = {{"F64", 8},  {"I64", 8},     {"U64", 8},     {"F32", 4}, {"I32", 4},    {"U32", 4},
                {"F16", 2},  {"BF16", 2},    {"I16", 2},     {"U16", 2}, {"I8", 1},     {"U8", 1},
                {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"C64", 8}, {"F8_E8M0", 1}};
  for (const auto& type : kTypes) {
    if (type.name == dtype) return type.bytes;
  }
  return 0;
}

// A name from the file as it may be shown.
std::string Printable(std::string_view name) {
  std::string shown = RepairUtf8(name.substr(0, 96));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return shown;
}

[[noreturn]] void FailTensor(std::string_view name, std::string_view problem) {
  Fail(ErrorCode::kCorruptFile, "tensor \"{}\" {}", Printable(name), problem);
}

uint64_t ReadCount(const Json& value, std::string_view name, const char* what) {
  if (!value.is_number_unsigned()) FailTensor(name, fmt::format("has a {} that is no count", what));
  return value.get<uint64_t>();
}

std::vector<int64_t> ReadShape(const Json& entry, std::string_view name) {
  const auto found = entry.find("shape");
  if (found == entry.end() || !found->is_array() || found->size() > kMaxDimensions) {
    FailTensor(name, "has no shape of at most 8 dimensions");
  }
  std::vector<int64_t> shape;
  int64_t elements = 1;
  for (const Json& dimension : *found) {
    const uint64_t size = ReadCount(dimension, name, "dimension");
    if (size > static_cast<uint64_t>(std::numeric_limits<int64_t>::max() / 8) ||
        __builtin_mul_overflow(elements, static_cast<int64_t>(size), &elements) ||
        elements > std::numeric_limits<int64_t>::max() / 8) {
      FailTensor(name, "has an impossible dimension");
    }
    shape.push_back(static_cast<int64_t>(size));
  }
  return shape;
}

// [begin, end) in the data.
std::pair<uint64_t, uint64_t> ReadOffsets(const Json& entry, std::string_view name,
                                          uint64_t data_bytes) {
  const auto found = entry.find("data_offsets");
  if (found == entry.end() || !found->is_array() || found->size() != 2) {
    FailTensor(name, "has no two data_offsets");
  }
  const uint64_t begin = ReadCount((*found)[0], name, "offset");
  const uint64_t end = ReadCount((*found)[1], name, "offset");
  if (begin > end || end > data_bytes) {
    FailTensor(name, fmt::format("lies at bytes {} to {}, but there are {} bytes of data; the file "
                                 "may have been cut off: download or copy it again",
                                 begin, end, data_bytes));
  }
  return {begin, end};
}

SafeTensor ReadTensor(const std::string& name, const Json& entry, std::span<const std::byte> data) {
  if (name.empty() || name.size() > kMaxNameBytes) FailTensor(name, "has a name of a bad length");
  if (!entry.is_object() || !entry.contains("dtype") || !entry["dtype"].is_string()) {
    FailTensor(name, "has no dtype");
  }
  SafeTensor tensor;
  tensor.name = name;
  tensor.dtype = entry["dtype"].get<std::string>();
  const size_t element_bytes = ElementBytes(tensor.dtype);
  if (element_bytes == 0) {
    FailTensor(name, fmt::format("is of the unknown type {}", Printable(tensor.dtype)));
  }
  tensor.shape = ReadShape(entry, name);
  const auto [begin, end] = ReadOffsets(entry, name, data.size());
  tensor.data = data.data() + begin;
  tensor.bytes = end - begin;
  const uint64_t expected = static_cast<uint64_t>(tensor.elements()) * element_bytes;
  if (tensor.bytes != expected) {
    FailTensor(name, fmt::format("has {} bytes where its shape needs {}", tensor.bytes, expected));
  }
  return tensor;
}

// Without holes and without overlaps, as the format demands.
void CheckCovers(const std::map<std::string, SafeTensor, std::less<>>& tensors,
                 std::span<const std::byte> data) {
  std::vector<const SafeTensor*> in_order;
  for (const auto& [name, tensor] : tensors) in_order.push_back(&tensor);
  std::sort(in_order.begin(), in_order.end(), [](const SafeTensor* a, const SafeTensor* b) {
    return std::pair(a->data, a->bytes) < std::pair(b->data, b->bytes);
  });
  const std::byte* next = data.data();
  for (const SafeTensor* tensor : in_order) {
    if (tensor->data != next) FailTensor(tensor->name, "overlaps another or leaves a gap");
    next += tensor->bytes;
  }
  if (next != data.data() + data.size()) {
    Fail(ErrorCode::kCorruptFile, "{} bytes behind the last tensor belong to none",
         data.data() + data.size() - next);
  }
}

Json ParseHeader(std::string_view text) {
  try {
    Json header = ParseJson(text);
    if (header.is_object()) return header;
  } catch (const Error& error) {
    Fail(ErrorCode::kCorruptFile, "the header is not valid: {}", error.what());
  }
  Fail(ErrorCode::kCorruptFile, "the header is no JSON object");
}

// Shard names by tensor. Only plain file names: an index must not reach out of its folder.
std::map<std::string, std::string> ReadIndex(const fs::path& path) {
  const Json index = ParseJson(ReadFile(path, kMaxIndexBytes));
  const auto refuse = [&](const char* why) {
    Fail(ErrorCode::kCorruptFile, "{}: {}", path.string(), why);
  };
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) {
    refuse("it has no weight_map");
  }
  std::map<std::string, std::string> shards;
  for (const auto& [tensor, shard] : index["weight_map"].items()) {
    if (!shard.is_string()) refuse("the weight_map holds something that is no file name");
    const auto name = shard.get<std::string>();
    if (name.empty() || name.find('/') != std::string::npos || name[0] == '.') {
      refuse("the weight_map names a file outside of its folder");
    }
    shards.emplace(tensor, name);
  }
  return shards;
}

fs::path FindSingleFile(const fs::path& folder) {
  std::error_code ignored;
  if (fs::exists(folder / "model.safetensors", ignored)) return folder / "model.safetensors";
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  }
  if (files.size() == 1) return files[0];
  Fail(ErrorCode::kNotFound, "{}: there is no {} and no {} in this folder", folder.string(),
       "model.safetensors", kIndexName);
}

}  // namespace

int64_t SafeTensor::elements() const {
  int64_t n = 1;
  for (const int64_t size : shape) n *= size;
  return n;
}

const SafeTensor* Safetensors::Find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

Safetensors Safetensors::Parse(std::span<const std::byte> bytes,
                               std::shared_ptr<const void> owner) {
  uint64_t header_bytes = 0;
  if (bytes.size() < sizeof header_bytes) {
    Fail(ErrorCode::kCorruptFile, "this is no safetensors file (it has only {} bytes)",
         bytes.size());
  }
  std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
  bytes = bytes.subspan(sizeof header_bytes);
  if (header_bytes > kMaxSafetensorsHeaderBytes || header_bytes > bytes.size()) {
    Fail(ErrorCode::kCorruptFile,
         "its header should have {} bytes; {} are left in the file and {} are allowed",
         header_bytes, bytes.size(), kMaxSafetensorsHeaderBytes);
  }
  const Json header = ParseHeader({reinterpret_cast<const char*>(bytes.data()), header_bytes});
  const std::span<const std::byte> data = bytes.subspan(header_bytes);
  Safetensors result;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    SafeTensor tensor = ReadTensor(name, entry, data);
    tensor.owner = owner;
    result.tensors_.emplace(name, std::move(tensor));
  }
  CheckCovers(result.tensors_, data);
  return result;
}

Safetensors Safetensors::Open(const fs::path& file) {
  const auto mapped = std::make_shared<MappedFile>(file);
  try {
    return Parse(mapped->bytes(), mapped);
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("{}: {}", file.string(), error.what()));
  }
}

Safetensors Safetensors::OpenFolder(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::exists(folder / kIndexName, ignored)) return Open(FindSingleFile(folder));
  const std::map<std::string, std::string> index = ReadIndex(folder / kIndexName);
  std::set<std::string> shards, missing;
  for (const auto& [tensor, shard] : index) {
    (fs::exists(folder / shard, ignored) ? shards : missing).insert(shard);
  }
  if (!missing.empty()) {
    Fail(ErrorCode::kNotFound, "{}: these files of the model are missing: {}", folder.string(),
         fmt::join(missing, ", "));
  }
  Safetensors all;
  for (const std::string& shard : shards) {
    Safetensors part = Open(folder / shard);
    for (auto& [name, tensor] : part.tensors_) {
      const auto promised = index.find(name);
      if (promised == index.end() || promised->second != shard) continue;  // the index decides
      all.tensors_.emplace(name, std::move(tensor));
    }
  }
  for (const auto& [tensor, shard] : index) {
    if (all.Find(tensor) == nullptr) {
      Fail(ErrorCode::kCorruptFile, "{}: tensor \"{}\" should be in it, says {}",
           (folder / shard).string(), Printable(tensor), kIndexName);
    }
  }
  return all;
}

}  // namespace pioneer
