// Why: tests of this room need a folder that goes away by itself, and GGUF bytes that lie.
#pragma once

#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "model/gguf_format.h"

namespace pioneer {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "pioneer_model_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path operator/(const std::string& name) const { return path_ / name; }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Where the data for tests lies that is not part of the project.
inline fs::path SharedData(const std::string& name) {
  return fs::path(PIONEER_SOURCE_DIR) / "../shared/data" / name;
}

// Builds GGUF bytes with no check at all.
class RawGguf {
 public:
  template <typename T>
  RawGguf& Number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  RawGguf& Type(GgufType type) { return Number(static_cast<uint32_t>(type)); }
  RawGguf& Text(std::string_view text) {
    Number<uint64_t>(text.size());
    bytes_.append(text);
    return *this;
  }
  RawGguf& Header(uint64_t n_tensors, uint64_t n_keys, uint32_t version = 3) {
    return Number(kGgufMagic).Number(version).Number(n_tensors).Number(n_keys);
  }
  RawGguf& Tensor(std::string_view name, const std::vector<uint64_t>& dims, uint32_t type,
                  uint64_t offset) {
    Text(name).Number(static_cast<uint32_t>(dims.size()));
    for (const uint64_t dim : dims) Number(dim);
    return Number(type).Number(offset);
  }
  RawGguf& Align(size_t alignment = 32) {
    bytes_.resize(AlignUp(bytes_.size(), alignment));
    return *this;
  }
  RawGguf& Zeros(size_t n) {
    bytes_.append(n, '\0');
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Parses a copy that is exactly as long as the bytes, so that sanitizers see every overrun.
inline std::shared_ptr<const GgufFile> ParseCopy(std::string_view bytes) {
  auto copy = std::make_shared<std::vector<std::byte>>(bytes.size());
  if (!bytes.empty()) std::memcpy(copy->data(), bytes.data(), bytes.size());
  return GgufFile::Parse(*copy, copy);
}

}  // namespace pioneer
