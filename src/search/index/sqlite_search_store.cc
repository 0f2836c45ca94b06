#include "search/index/sqlite_search_store.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "search/index/analyzer.h"
#include "search/index/sqlite_schema.h"
#include "search/index/store_rows.h"
#include "store/full_text.h"

namespace pioneer::search {
namespace {

DatabaseOptions SearchDatabaseOptions() {
  DatabaseOptions options;
  options.schema = SearchSchema();
  options.erase_deleted = false;
  options.prepare = [](Database& database) {
    RegisterAnalyzer(database, "pioneer", [](std::string_view text, const TermSink& sink) {
      uint32_t position = 0;
      for (const Term& term : Analyze(text)) {
        if (term.kind == TermKind::kFunction) continue;
        sink(term.text, term.position == position);
        position = term.position;
      }
    });
    RegisterHits(database);
  };
  return options;
}

constexpr const char* kSourceColumns =
    "SELECT number, id, name, kind, location, include_json, exclude_json, max_documents, "
    "max_depth, allow_private, created_at_ms, synced_at_ms, sync_every_seconds, documents, "
    "passages, text_bytes FROM source WHERE removed = 0";

constexpr const char* kJobColumns =
    "SELECT job.id, source.id, state, items_done, items_total, added, changed, unchanged, "
    "job.removed, failed, bytes_read, job.created_at_ms, started_at_ms, ended_at_ms, error "
    "FROM job JOIN source ON source.number = job.source";

Source ReadSource(const Statement& row) {
  Source source;
  source.id = row.Text(1);
  source.name = row.Text(2);
  source.settings.kind = ParseSourceKind(row.Text(3));
  source.settings.location = row.Text(4);
  source.settings.include = ParseJson(row.Text(5)).get<std::vector<std::string>>();
  source.settings.exclude = ParseJson(row.Text(6)).get<std::vector<std::string>>();
  source.settings.max_documents = static_cast<int>(row.Integer(7));
  source.settings.max_depth = static_cast<int>(row.Integer(8));
  source.settings.allow_private_addresses = row.Integer(9) != 0;
  source.created_at_ms = row.Integer(10);
  source.synced_at_ms = row.Integer(11);
  source.sync_every_seconds = row.Integer(12);
  source.documents = row.Integer(13);
  source.passages = row.Integer(14);
  source.text_bytes = row.Integer(15);
  return source;
}

Job ReadJob(const Statement& row) {
  Job job;
  job.id = row.Text(0);
  job.source_id = row.Text(1);
  job.state = ParseJobState(row.Text(2));
  int64_t* const numbers[] = {&job.items_done,    &job.items_total, &job.added,
                              &job.changed,       &job.unchanged,   &job.removed,
                              &job.failed,        &job.bytes_read,  &job.created_at_ms,
                              &job.started_at_ms, &job.ended_at_ms};
  int column = 3;
  for (int64_t* number : numbers) *number = row.Integer(column++);
  job.error = row.Text(column);
  return job;
}

}  // namespace

SqliteSearchStore::SqliteSearchStore(const std::filesystem::path& file,
                                     std::shared_ptr<PassageLengths> lengths)
    : folder_(file.parent_path()),
      lengths_(std::move(lengths)),
      database_(file, SearchDatabaseOptions()) {
  database_.Run("PRAGMA cache_size = -65536");
  database_.Run("PRAGMA mmap_size = 4294967296");
}

int64_t SqliteSearchStore::SourceNumber(std::string_view id) {
  Statement row = database_.Query("SELECT number FROM source WHERE id = ?", id);
  return row.Step() ? row.Integer(0) : 0;
}

int64_t SqliteSearchStore::JobNumber(std::string_view id) {
  Statement row = database_.Query("SELECT number FROM job WHERE id = ?", id);
  return row.Step() ? row.Integer(0) : 0;
}

void SqliteSearchStore::AddSource(const Source& source) {
  const SourceSettings& settings = source.settings;
  Transaction transaction(database_);
  database_.Run(
      "INSERT INTO source (id, name, kind, location, include_json, exclude_json, max_documents, "
      "max_depth, allow_private, created_at_ms, synced_at_ms, sync_every_seconds) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
      source.id, source.name, SourceKindName(settings.kind), settings.location,
      DumpJson(Json(settings.include)), DumpJson(Json(settings.exclude)),
      int64_t{settings.max_documents}, int64_t{settings.max_depth},
      int64_t{settings.allow_private_addresses}, source.created_at_ms, source.sync_every_seconds);
  if (source.job) StoreJob(*source.job);
  transaction.Commit();
}

void SqliteSearchStore::ReadLatestJob(int64_t source_number, Source& source) {
  const std::string sql =
      std::string(kJobColumns) + " WHERE job.source = ? ORDER BY job.number DESC LIMIT 1";
  Statement row = database_.Query(sql.c_str(), source_number);
  if (!row.Step()) return;
  source.job = ReadJob(row);
  source.failures = source.job->failed;
}

std::vector<Source> SqliteSearchStore::Sources() {
  std::vector<Source> sources;
  const std::string sql = std::string(kSourceColumns) + " ORDER BY number";
  Statement row = database_.Query(sql.c_str());
  while (row.Step()) {
    sources.push_back(ReadSource(row));
    ReadLatestJob(row.Integer(0), sources.back());
  }
  return sources;
}

std::optional<Source> SqliteSearchStore::FindSource(std::string_view id) {
  const std::string sql = std::string(kSourceColumns) + " AND id = ?";
  Statement row = database_.Query(sql.c_str(), id);
  if (!row.Step()) return std::nullopt;
  Source source = ReadSource(row);
  ReadLatestJob(row.Integer(0), source);
  return source;
}

void SqliteSearchStore::StoreJob(const Job& job) {
  database_.Run(
      "INSERT INTO job (id, source, state, created_at_ms) SELECT ?, number, ?, ? FROM source "
      "WHERE id = ? AND removed = 0",
      job.id, JobStateName(job.state), job.created_at_ms, job.source_id);
}

void SqliteSearchStore::AddJob(const Job& job) {
  Transaction transaction(database_);
  StoreJob(job);
  // What older jobs could not read interests nobody any more.
  database_.Run(
      "DELETE FROM job WHERE state NOT IN ('waiting', 'running') AND source = "
      "(SELECT number FROM source WHERE id = ?)",
      job.source_id);
  transaction.Commit();
}

void SqliteSearchStore::SaveJob(const Job& job) {
  database_.Run(
      "UPDATE job SET state = ?, items_done = ?, items_total = ?, added = ?, changed = ?, "
      "unchanged = ?, removed = ?, failed = ?, bytes_read = ?, started_at_ms = ?, ended_at_ms = ?, "
      "error = ? WHERE id = ?",
      JobStateName(job.state), job.items_done, job.items_total, job.added, job.changed,
      job.unchanged, job.removed, job.failed, job.bytes_read, job.started_at_ms, job.ended_at_ms,
      job.error, job.id);
}

std::optional<Job> SqliteSearchStore::FindJob(std::string_view id) {
  const std::string sql = std::string(kJobColumns) + " WHERE job.id = ?";
  Statement row = database_.Query(sql.c_str(), id);
  return row.Step() ? std::optional(ReadJob(row)) : std::nullopt;
}

std::optional<Job> SqliteSearchStore::NextWaitingJob() {
  const std::string sql =
      std::string(kJobColumns) +
      " WHERE state = 'waiting' AND source.removed = 0 ORDER BY job.number LIMIT 1";
  Statement row = database_.Query(sql.c_str());
  return row.Step() ? std::optional(ReadJob(row)) : std::nullopt;
}

std::vector<ItemFailure> SqliteSearchStore::Failures(std::string_view source_id, int limit) {
  Statement row = database_.Query(
      "SELECT uri, message, at_ms FROM failure WHERE job = (SELECT MAX(job.number) FROM job JOIN "
      "source ON source.number = job.source WHERE source.id = ?) ORDER BY at_ms, uri LIMIT ?",
      source_id, int64_t{limit});
  std::vector<ItemFailure> failures;
  while (row.Step()) failures.push_back({row.Text(0), row.Text(1), row.Integer(2)});
  return failures;
}

void SqliteSearchStore::RequeueJobs() {
  database_.Run("UPDATE job SET state = 'waiting' WHERE state = 'running'");
}

void SqliteSearchStore::FinishJob(const Job& job) {
  Transaction transaction(database_);
  SaveJob(job);
  if (job.state == JobState::kDone) {
    database_.Run("UPDATE source SET synced_at_ms = ? WHERE id = ?", job.ended_at_ms,
                  job.source_id);
  }
  transaction.Commit();
}

bool SqliteSearchStore::MarkRemoved(std::string_view source_id) {
  database_.Run("UPDATE source SET removed = 1 WHERE id = ? AND removed = 0", source_id);
  return database_.changes() > 0;
}

int64_t SqliteSearchStore::StoredBytes() {
  int64_t bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const auto size = entry.is_regular_file(error) ? entry.file_size(error) : 0;
    if (!error) bytes += static_cast<int64_t>(size);
  }
  return bytes;
}

int64_t SqliteSearchStore::DataVersion() {
  Statement row = database_.Query("PRAGMA data_version");
  return row.Step() ? row.Integer(0) : 0;
}

}  // namespace pioneer::search
