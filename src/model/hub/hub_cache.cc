#include "model/hub/hub_cache.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr std::string_view kPrefix = "models--";
constexpr size_t kMaxPathBytes = 512;

std::string FolderName(const ModelReference& reference) {
  return fmt::format("{}{}--{}", kPrefix, reference.owner, reference.repository);
}

void CreateFolders(const fs::path& folder) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure) {
    Fail(ErrorCode::kIo, "cannot create {}: {} (HF_HOME sets another place)", folder.string(),
         failure.message());
  }
}

// The blob that a snapshot's file is a link to, where it lies in this folder of blobs.
std::optional<fs::path> LinkedBlob(const fs::path& link, const fs::path& blobs) {
  std::error_code failure;
  const fs::path target = fs::read_symlink(link, failure);
  if (failure) return {};
  const fs::path blob = (link.parent_path() / target).lexically_normal();
  if (blob.parent_path() != blobs.lexically_normal()) return {};
  return blob;
}

void RemoveEmptyFolders(fs::path folder, const fs::path& top) {
  std::error_code failure;
  while (folder != top && fs::is_empty(folder, failure) && !failure) {
    fs::remove(folder, failure);
    folder = folder.parent_path();
  }
}

}  // namespace

bool IsSafeRepositoryPath(std::string_view path) {
  if (path.empty() || path.size() > kMaxPathBytes || path.front() == '/') return false;
  const bool plain = std::all_of(path.begin(), path.end(), [](unsigned char c) {
    return c >= 0x20 && c != 0x7F && c != '\\';
  });
  if (!plain) return false;
  for (const fs::path& part : fs::path(path)) {
    if (part == ".." || part == "." || part.empty()) return false;
  }
  return true;
}

bool IsCommit(std::string_view text) {
  return text.size() == 40 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

CachedRepository::CachedRepository(const fs::path& cache, const ModelReference& reference)
    : folder_(cache / FolderName(reference)),
      reference_{reference.owner, reference.repository, ""} {}

std::optional<CachedRepository> CachedRepository::FromFolder(const fs::path& folder) {
  const std::string name = folder.filename().string();
  if (!name.starts_with(kPrefix)) return {};
  const size_t split = name.find("--", kPrefix.size());
  if (split == std::string::npos) return {};
  const auto reference = ParseModelReference(name.substr(kPrefix.size(), split - kPrefix.size()) +
                                             "/" + name.substr(split + 2));
  if (!reference) return {};
  return CachedRepository(folder, *reference, true);
}

std::optional<fs::path> CachedRepository::CurrentSnapshot() const {
  std::error_code failure;
  const fs::path main = folder_ / "refs" / "main";
  if (fs::is_regular_file(main, failure)) {
    std::string commit = ReadFile(main, 4096);
    while (!commit.empty() && std::isspace(static_cast<unsigned char>(commit.back()))) {
      commit.pop_back();
    }
    if (IsCommit(commit) && fs::is_directory(SnapshotPath(commit), failure)) {
      return SnapshotPath(commit);
    }
  }
  std::optional<fs::path> newest;
  fs::file_time_type newest_time{};
  for (const auto& entry : fs::directory_iterator(folder_ / "snapshots", failure)) {
    const fs::file_time_type time = fs::last_write_time(entry.path(), failure);
    if (!entry.is_directory(failure) || (newest && time <= newest_time)) continue;
    newest = entry.path();
    newest_time = time;
  }
  return newest;
}

void CachedRepository::Link(const std::string& commit, const std::string& path,
                            const std::string& blob) const {
  const fs::path link = SnapshotPath(commit) / path;
  const fs::path target = BlobPath(blob).lexically_relative(link.parent_path());
  CreateFolders(link.parent_path());
  std::error_code failure;
  if (fs::read_symlink(link, failure) == target && !failure) return;
  // Replaced in one step: who reads the old one meanwhile sees one of both.
  const fs::path temporary = link.string() + ".new";
  fs::remove(temporary, failure);
  fs::create_symlink(target, temporary, failure);
  if (!failure) fs::rename(temporary, link, failure);
  if (failure) Fail(ErrorCode::kIo, "cannot make {}: {}", link.string(), failure.message());
}

void CachedRepository::SetMain(const std::string& commit) const {
  CreateFolders(folder_ / "refs");
  WriteFileAtomically(folder_ / "refs" / "main", commit);
}

int64_t CachedRepository::Remove(const std::vector<fs::path>& files) const {
  std::error_code failure;
  std::set<fs::path> blobs;
  const fs::path blob_folder = folder_ / "blobs";
  for (const fs::path& file : files) {
    if (const auto blob = LinkedBlob(file, blob_folder)) blobs.insert(*blob);
    fs::remove(file, failure);
    RemoveEmptyFolders(file.parent_path(), folder_);
  }
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "snapshots", failure)) {
    if (const auto blob = LinkedBlob(entry.path(), blob_folder)) blobs.erase(*blob);
  }
  int64_t freed = 0;
  for (const fs::path& blob : blobs) {
    const auto bytes = fs::file_size(blob, failure);
    if (!failure && fs::remove(blob, failure)) freed += static_cast<int64_t>(bytes);
  }
  const fs::path snapshots = folder_ / "snapshots";
  const bool nothing_left = !fs::exists(snapshots, failure) || fs::is_empty(snapshots, failure);
  if (nothing_left) fs::remove_all(folder_, failure);
  return freed;
}

std::vector<CachedRepository> ListCachedRepositories(const fs::path& cache) {
  std::vector<CachedRepository> repositories;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(cache, failure)) {
    if (auto repository = CachedRepository::FromFolder(entry.path())) {
      repositories.push_back(std::move(*repository));
    }
  }
  std::sort(repositories.begin(), repositories.end(),
            [](const auto& a, const auto& b) { return a.folder() < b.folder(); });
  return repositories;
}

}  // namespace pioneer
