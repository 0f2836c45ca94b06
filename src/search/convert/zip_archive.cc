#include "search/convert/zip_archive.h"

#include <zip.h>

#include <algorithm>

#include "base/error.h"

namespace pioneer::search {
namespace {

struct ZipErrorGuard {
  ZipErrorGuard() { zip_error_init(&error); }
  ~ZipErrorGuard() { zip_error_fini(&error); }
  zip_error_t error;
};

struct ZipFileCloser {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

}  // namespace

struct ZipArchive::Handle {
  explicit Handle(zip_t* archive) : zip(archive) {}
  ~Handle() { zip_discard(zip); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  zip_t* zip;
};

ZipArchive::ZipArchive(std::string_view bytes) {
  ZipErrorGuard guard;
  zip_source_t* source =
      zip_source_buffer_create(bytes.data(), bytes.size(), /*freep=*/0, &guard.error);
  if (source == nullptr) Fail(ErrorCode::kOutOfMemory, "no memory for a ZIP file");
  zip_t* zip = zip_open_from_source(source, ZIP_RDONLY, &guard.error);
  if (zip == nullptr) {
    zip_source_free(source);
    // Office documents with a password are no ZIP files at all.
    Fail(ErrorCode::kCorruptFile, "this file is broken, cut short, or locked with a password: {}",
         zip_error_strerror(&guard.error));
  }
  handle_ = std::make_unique<Handle>(zip);
  if (static_cast<size_t>(zip_get_num_entries(zip, 0)) > kMaxEntries) {
    Fail(ErrorCode::kUnsupported, "this file holds more than {} parts", kMaxEntries);
  }
}

ZipArchive::~ZipArchive() = default;

std::optional<std::string> ZipArchive::Read(const std::string& name) {
  const zip_int64_t index = zip_name_locate(handle_->zip, name.c_str(), 0);
  if (index < 0) return std::nullopt;
  zip_stat_t stat;
  zip_stat_init(&stat);
  zip_stat_index(handle_->zip, static_cast<zip_uint64_t>(index), 0, &stat);
  if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE) {
    Fail(ErrorCode::kUnsupported, "this file is locked with a password");
  }
  const std::unique_ptr<zip_file_t, ZipFileCloser> file(
      zip_fopen_index(handle_->zip, static_cast<zip_uint64_t>(index), 0));
  if (!file) Fail(ErrorCode::kCorruptFile, "the part {} of this file cannot be read", name);
  std::string content;
  // The size that the archive states is not believed.
  char piece[32768];
  for (zip_int64_t n = 0; (n = zip_fread(file.get(), piece, sizeof(piece))) != 0;) {
    if (n < 0) Fail(ErrorCode::kCorruptFile, "the part {} of this file is broken", name);
    content.append(piece, static_cast<size_t>(n));
    read_bytes_ += static_cast<size_t>(n);
    if (content.size() > kMaxEntryBytes || read_bytes_ > kMaxTotalBytes) {
      Fail(ErrorCode::kUnsupported, "this file unpacks to more than {} MiB",
           (content.size() > kMaxEntryBytes ? kMaxEntryBytes : kMaxTotalBytes) >> 20);
    }
  }
  return content;
}

std::string ZipArchive::MustRead(const std::string& name) {
  std::optional<std::string> content = Read(name);
  if (!content) Fail(ErrorCode::kCorruptFile, "this file has no part {}", name);
  return std::move(*content);
}

std::vector<std::string> ZipArchive::Names() const {
  std::vector<std::string> names;
  const zip_int64_t count = zip_get_num_entries(handle_->zip, 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char* name = zip_get_name(handle_->zip, static_cast<zip_uint64_t>(i), 0);
    if (name != nullptr) names.emplace_back(name);
  }
  return names;
}

std::string ResolveZipPath(std::string_view folder, std::string_view path) {
  if (path.starts_with('/')) folder = {};
  std::string joined = std::string(folder) + "/" + std::string(path);
  std::vector<std::string_view> parts;
  for (std::string_view rest = joined; !rest.empty();) {
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (parts.empty()) {
      return {};
    } else {
      parts.pop_back();
    }
  }
  std::string out;
  for (const std::string_view part : parts) out.append(out.empty() ? "" : "/").append(part);
  return out;
}

}  // namespace pioneer::search
