// Why: models are kept in Hugging Face's own cache, byte for byte as its programs expect it, so
// that each model is on the disk once:
//   models--OWNER--REPO/blobs/HASH              contents, by hash; HASH.incomplete while they come
//   models--OWNER--REPO/snapshots/COMMIT/PATH   links to the blobs
//   models--OWNER--REPO/refs/main               the commit that "main" was last
// https://huggingface.co/docs/huggingface_hub/guides/manage-cache
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "model/hub/model_reference.h"

namespace pioneer {

// Whether a path of a repository may be used below a folder: relative, without "..", of plain
// characters, not too long.
bool IsSafeRepositoryPath(std::string_view path);
bool IsCommit(std::string_view text);  // 40 hexadecimal digits

// One repository in the cache. Nothing is created before it is asked for.
class CachedRepository {
 public:
  CachedRepository(const fs::path& cache, const ModelReference& reference);
  // From a folder of the cache; nullopt where it is no model's.
  static std::optional<CachedRepository> FromFolder(const fs::path& folder);

  const fs::path& folder() const { return folder_; }
  const ModelReference& reference() const { return reference_; }  // without a variant
  fs::path BlobPath(const std::string& blob) const { return folder_ / "blobs" / blob; }
  fs::path SnapshotPath(const std::string& commit) const { return folder_ / "snapshots" / commit; }

  // The snapshot that refs/main names, else the newest; nullopt when there is none.
  std::optional<fs::path> CurrentSnapshot() const;

  // Puts a blob that is there under its name into a snapshot.
  void Link(const std::string& commit, const std::string& path, const std::string& blob) const;
  void SetMain(const std::string& commit) const;

  // Removes these files of all snapshots, the blobs that nothing else links to, and what is then
  // empty. Returns the bytes that became free.
  int64_t Remove(const std::vector<fs::path>& files) const;

 private:
  CachedRepository(fs::path folder, ModelReference reference, bool)
      : folder_(std::move(folder)), reference_(std::move(reference)) {}

  fs::path folder_;
  ModelReference reference_;
};

// All of the cache, by name.
std::vector<CachedRepository> ListCachedRepositories(const fs::path& cache);

}  // namespace pioneer
