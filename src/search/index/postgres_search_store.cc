#include "search/index/postgres_search_store.h"

#include "base/error.h"
#include "base/json.h"
#include "search/index/postgres_schema.h"
#include "search/index/store_rows.h"

namespace pioneer::search {
namespace {

constexpr const char* kPgSourceColumns =
    "SELECT number, id, name, kind, location, include_json, exclude_json, max_documents, "
    "max_depth, allow_private, created_at_ms, synced_at_ms, sync_every_seconds, documents, "
    "passages, text_bytes FROM source WHERE NOT removed";

constexpr const char* kPgJobColumns =
    "SELECT job.id, source.id, state, items_done, items_total, added, changed, unchanged, "
    "job.removed, failed, bytes_read, job.created_at_ms, started_at_ms, ended_at_ms, error, "
    "job.source FROM job JOIN source ON source.number = job.source";
constexpr int kPgJobSource = 15;

Source ReadPgSource(const pqxx::row& row) {
  Source source;
  source.id = ReadText(row[1]);
  source.name = ReadText(row[2]);
  source.settings.kind = ParseSourceKind(ReadText(row[3]));
  source.settings.location = ReadText(row[4]);
  source.settings.include = ParseJson(ReadText(row[5])).get<std::vector<std::string>>();
  source.settings.exclude = ParseJson(ReadText(row[6])).get<std::vector<std::string>>();
  source.settings.max_documents = row[7].as<int>();
  source.settings.max_depth = row[8].as<int>();
  source.settings.allow_private_addresses = row[9].as<int>() != 0;
  source.created_at_ms = row[10].as<int64_t>();
  source.synced_at_ms = row[11].as<int64_t>();
  source.sync_every_seconds = row[12].as<int64_t>();
  source.documents = row[13].as<int64_t>();
  source.passages = row[14].as<int64_t>();
  source.text_bytes = row[15].as<int64_t>();
  return source;
}

Job ReadPgJob(const pqxx::row& row) {
  Job job;
  job.id = ReadText(row[0]);
  job.source_id = ReadText(row[1]);
  job.state = ParseJobState(ReadText(row[2]));
  int64_t* const numbers[] = {&job.items_done,    &job.items_total, &job.added,
                              &job.changed,       &job.unchanged,   &job.removed,
                              &job.failed,        &job.bytes_read,  &job.created_at_ms,
                              &job.started_at_ms, &job.ended_at_ms};
  int column = 3;
  for (int64_t* number : numbers) *number = row[column++].as<int64_t>();
  job.error = ReadText(row[column]);
  return job;
}

std::optional<Job> FirstPgJob(const pqxx::result& rows) {
  return rows.empty() ? std::nullopt : std::optional(ReadPgJob(rows[0]));
}

}  // namespace

PostgresSearchStore::PostgresSearchStore(const std::string& uri) : database_(uri) {
  MigratePostgres(database_);
}

int64_t PostgresSearchStore::SourceNumber(std::string_view id) {
  const pqxx::result rows = database_.Query("SELECT number FROM source WHERE id = $1", id);
  return rows.empty() ? 0 : rows[0][0].as<int64_t>();
}

int64_t PostgresSearchStore::JobNumber(std::string_view id) {
  const pqxx::result rows = database_.Query("SELECT number FROM job WHERE id = $1", id);
  return rows.empty() ? 0 : rows[0][0].as<int64_t>();
}

void PostgresSearchStore::AddSource(const Source& source) {
  const SourceSettings& settings = source.settings;
  PostgresTransaction transaction(database_);
  database_.Run(
      "INSERT INTO source (id, name, kind, location, include_json, exclude_json, max_documents, "
      "max_depth, allow_private, created_at_ms, synced_at_ms, sync_every_seconds) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11)",
      source.id, source.name, SourceKindName(settings.kind), settings.location,
      DumpJson(Json(settings.include)), DumpJson(Json(settings.exclude)),
      int64_t{settings.max_documents}, int64_t{settings.max_depth},
      int64_t{settings.allow_private_addresses}, source.created_at_ms, source.sync_every_seconds);
  if (source.job) StoreJob(*source.job);
  transaction.Commit();
}

// The latest job of each.
void PostgresSearchStore::ReadLatestJobs(std::map<int64_t, Source*>& sources) {
  SqlArray numbers;
  for (const auto& [number, source] : sources) numbers.Add(number);
  const pqxx::result rows = database_.Query(
      std::string(kPgJobColumns) +
          " WHERE job.number IN (SELECT MAX(number) FROM job WHERE source = ANY($1::bigint[]) "
          "GROUP BY source)",
      numbers);
  for (const pqxx::row& row : rows) {
    Source& source = *sources.at(row[kPgJobSource].as<int64_t>());
    source.job = ReadPgJob(row);
    source.failures = source.job->failed;
  }
}

std::vector<Source> PostgresSearchStore::Sources() {
  std::vector<Source> sources;
  const pqxx::result rows = database_.Query(std::string(kPgSourceColumns) + " ORDER BY number");
  sources.reserve(rows.size());
  std::map<int64_t, Source*> by_number;
  for (const pqxx::row& row : rows) {
    sources.push_back(ReadPgSource(row));
    by_number[row[0].as<int64_t>()] = &sources.back();
  }
  if (!sources.empty()) ReadLatestJobs(by_number);
  return sources;
}

std::optional<Source> PostgresSearchStore::FindSource(std::string_view id) {
  const pqxx::result rows = database_.Query(std::string(kPgSourceColumns) + " AND id = $1", id);
  if (rows.empty()) return std::nullopt;
  Source source = ReadPgSource(rows[0]);
  std::map<int64_t, Source*> by_number = {{rows[0][0].as<int64_t>(), &source}};
  ReadLatestJobs(by_number);
  return source;
}

void PostgresSearchStore::StoreJob(const Job& job) {
  database_.Run(
      "INSERT INTO job (id, source, state, created_at_ms) SELECT $1, number, $2, $3::bigint "
      "FROM source WHERE id = $4 AND NOT removed",
      job.id, JobStateName(job.state), job.created_at_ms, job.source_id);
}

void PostgresSearchStore::AddJob(const Job& job) {
  PostgresTransaction transaction(database_);
  StoreJob(job);
  // What older jobs could not read interests nobody any more.
  database_.Run(
      "DELETE FROM job WHERE state NOT IN ('waiting', 'running') AND source = "
      "(SELECT number FROM source WHERE id = $1)",
      job.source_id);
  transaction.Commit();
}

void PostgresSearchStore::UpdateJob(const Job& job) {
  database_.Run(
      "UPDATE job SET state = $1, items_done = $2, items_total = $3, added = $4, changed = $5, "
      "unchanged = $6, removed = $7, failed = $8, bytes_read = $9, started_at_ms = $10, "
      "ended_at_ms = $11, error = $12 WHERE id = $13",
      JobStateName(job.state), job.items_done, job.items_total, job.added, job.changed,
      job.unchanged, job.removed, job.failed, job.bytes_read, job.started_at_ms, job.ended_at_ms,
      job.error, job.id);
}

void PostgresSearchStore::SaveJob(const Job& job) {
  PostgresTransaction transaction(database_);
  UpdateJob(job);
  transaction.Commit();
}

std::optional<Job> PostgresSearchStore::FindJob(std::string_view id) {
  return FirstPgJob(database_.Query(std::string(kPgJobColumns) + " WHERE job.id = $1", id));
}

std::optional<Job> PostgresSearchStore::NextWaitingJob() {
  return FirstPgJob(database_.Query(
      std::string(kPgJobColumns) +
      " WHERE state = 'waiting' AND NOT source.removed ORDER BY job.number LIMIT 1"));
}

std::vector<ItemFailure> PostgresSearchStore::Failures(std::string_view source_id, int limit) {
  const pqxx::result rows = database_.Query(
      "SELECT uri, message, at_ms FROM failure WHERE job = (SELECT MAX(job.number) FROM job JOIN "
      "source ON source.number = job.source WHERE source.id = $1) ORDER BY at_ms, uri LIMIT $2",
      source_id, int64_t{limit});
  std::vector<ItemFailure> failures;
  for (const pqxx::row& row : rows) {
    failures.push_back({ReadText(row[0]), ReadText(row[1]), row[2].as<int64_t>()});
  }
  return failures;
}

void PostgresSearchStore::RequeueJobs() {
  PostgresTransaction transaction(database_);
  database_.Run("UPDATE job SET state = 'waiting' WHERE state = 'running'");
  transaction.Commit();
}

void PostgresSearchStore::FinishJob(const Job& job) {
  PostgresTransaction transaction(database_);
  UpdateJob(job);
  if (job.state == JobState::kDone) {
    database_.Run("UPDATE source SET synced_at_ms = $1 WHERE id = $2", job.ended_at_ms,
                  job.source_id);
  }
  transaction.Commit();
}

bool PostgresSearchStore::MarkRemoved(std::string_view source_id) {
  PostgresTransaction transaction(database_);
  const int64_t changed =
      database_.Run("UPDATE source SET removed = true WHERE id = $1 AND NOT removed", source_id);
  transaction.Commit();
  return changed > 0;
}

int64_t PostgresSearchStore::StoredBytes() {
  return database_
      .Query(
          "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class "
          "WHERE relnamespace = 'pioneer_search'::regnamespace AND relkind = 'r'")[0][0]
      .as<int64_t>();
}

int64_t PostgresSearchStore::DataVersion() {
  return database_.Query("SELECT data_version FROM state")[0][0].as<int64_t>();
}

}  // namespace pioneer::search
