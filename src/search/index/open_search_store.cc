// The one place that knows both databases.
#include <filesystem>

#include "base/error.h"
#include "search/index/folder_lock.h"
#include "search/index/postgres_lock.h"
#include "search/index/postgres_search_store.h"
#include "search/index/sqlite_search_store.h"

namespace pioneer::search {

std::unique_ptr<SearchStore> OpenSearchStore(const std::string& place,
                                             std::shared_ptr<PassageLengths> lengths) {
  if (IsPostgresAddress(place)) return std::make_unique<PostgresSearchStore>(place);
  if (!lengths) lengths = std::make_shared<PassageLengths>();
  std::error_code error;
  std::filesystem::create_directories(place, error);
  if (error) Fail(ErrorCode::kIo, "cannot make the folder {}: {}", place, error.message());
  return std::make_unique<SqliteSearchStore>(std::filesystem::path(place) / "search.db",
                                             std::move(lengths));
}

std::unique_ptr<WorkLock> MakeWorkLock(const std::string& place) {
  if (IsPostgresAddress(place)) return std::make_unique<PostgresLock>(place);
  return std::make_unique<FolderLock>(std::filesystem::path(place) / "work.lock");
}

}  // namespace pioneer::search
