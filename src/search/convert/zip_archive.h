// Why: office documents are ZIP files, and ZIP files can be bombs.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer::search {

// A ZIP file in memory (by libzip), which must outlive this. One thread.
class ZipArchive {
 public:
  static constexpr size_t kMaxEntries = 50'000;
  static constexpr size_t kMaxEntryBytes = size_t{128} << 20;  // decompressed
  static constexpr size_t kMaxTotalBytes = size_t{384} << 20;  // of all that is read

  // Throws Error{kCorruptFile}, {kUnsupported} (too many entries, a password).
  explicit ZipArchive(std::string_view bytes);
  ~ZipArchive();

  // The whole entry; nullopt: there is none of that name. Throws Error{kCorruptFile},
  // {kUnsupported} (above the limits, or encrypted).
  std::optional<std::string> Read(const std::string& name);
  // As Read(); throws Error{kCorruptFile} when it is missing.
  std::string MustRead(const std::string& name);

  std::vector<std::string> Names() const;

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  size_t read_bytes_ = 0;
};

// "word/../media/a.xml" seen from "word/": a path within an archive; "" when it leads out of it.
std::string ResolveZipPath(std::string_view folder, std::string_view path);

}  // namespace pioneer::search
