#include "search/index/postgres_schema.h"

#include "base/error.h"
#include "search/index/analyzer.h"

namespace pioneer::search {
namespace {

// Step i takes the schema from version i to i + 1; a step that was released is never changed.
const std::vector<const char*>& SchemaScripts() {
  static const std::vector<const char*> kScripts = {
      // Ids of contents and passages are counted in `state`, so that they have no gaps and grow
      // with each transaction. `reread`: the last passage that posting_new has while it is made.
      "CREATE TABLE state ("
      "  data_version bigint NOT NULL,"
      "  last_content bigint NOT NULL,"
      "  last_passage bigint NOT NULL,"
      "  analyzer_version int NOT NULL,"
      "  reread bigint"
      ");"
      "CREATE TABLE source ("
      "  number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,"
      "  id text NOT NULL UNIQUE,"
      "  name text NOT NULL,"
      "  kind text NOT NULL,"
      "  location text NOT NULL,"
      "  include_json text NOT NULL,"
      "  exclude_json text NOT NULL,"
      "  max_documents bigint NOT NULL,"
      "  max_depth bigint NOT NULL,"
      "  allow_private bigint NOT NULL,"
      "  created_at_ms bigint NOT NULL,"
      "  synced_at_ms bigint NOT NULL,"
      "  sync_every_seconds bigint NOT NULL,"
      "  removed boolean NOT NULL DEFAULT false,"
      "  documents bigint NOT NULL DEFAULT 0,"
      "  passages bigint NOT NULL DEFAULT 0,"
      "  text_bytes bigint NOT NULL DEFAULT 0"
      ");"
      "CREATE TABLE job ("
      "  number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,"
      "  id text NOT NULL UNIQUE,"
      "  source bigint NOT NULL REFERENCES source(number) ON DELETE CASCADE,"
      "  state text NOT NULL,"
      "  items_done bigint NOT NULL DEFAULT 0,"
      "  items_total bigint NOT NULL DEFAULT 0,"
      "  added bigint NOT NULL DEFAULT 0,"
      "  changed bigint NOT NULL DEFAULT 0,"
      "  unchanged bigint NOT NULL DEFAULT 0,"
      "  removed bigint NOT NULL DEFAULT 0,"
      "  failed bigint NOT NULL DEFAULT 0,"
      "  bytes_read bigint NOT NULL DEFAULT 0,"
      "  created_at_ms bigint NOT NULL,"
      "  started_at_ms bigint NOT NULL DEFAULT 0,"
      "  ended_at_ms bigint NOT NULL DEFAULT 0,"
      "  error text NOT NULL DEFAULT ''"
      ");"
      "CREATE INDEX job_by_source ON job(source, number);"
      "CREATE TABLE failure ("
      "  job bigint NOT NULL REFERENCES job(number) ON DELETE CASCADE,"
      "  uri text COLLATE \"C\" NOT NULL,"
      "  message text NOT NULL,"
      "  at_ms bigint NOT NULL"
      ");"
      // Addresses may be too long for an index; their hashes are not. One transaction writes at a
      // time, so it sees to it that there is one row of each.
      "CREATE INDEX failure_by_uri ON failure(job, hashtextextended(uri, 0));"
      // A text, whoever has it. Its passages have the ids from first_passage on.
      "CREATE TABLE content ("
      "  id bigint PRIMARY KEY,"
      "  hash text COLLATE \"C\" NOT NULL UNIQUE,"
      "  title text NOT NULL,"
      "  users bigint NOT NULL,"
      "  first_passage bigint NOT NULL,"
      "  passages bigint NOT NULL,"
      "  text_bytes bigint NOT NULL"
      ");"
      "CREATE TABLE document ("
      "  id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,"
      "  source bigint NOT NULL REFERENCES source(number),"
      "  uri text COLLATE \"C\" NOT NULL,"
      "  stamp text NOT NULL,"
      "  content bigint NOT NULL REFERENCES content(id),"
      "  language text NOT NULL,"
      "  media_type text NOT NULL,"
      "  dated_at_ms bigint,"
      "  seen_job bigint NOT NULL"
      ");"
      "CREATE INDEX document_by_uri ON document(source, hashtextextended(uri, 0));"
      "CREATE INDEX document_by_content ON document(content);"
      "CREATE TABLE passage ("
      "  id bigint PRIMARY KEY,"
      "  content bigint NOT NULL,"
      "  begins bigint NOT NULL,"
      "  page int NOT NULL,"
      "  before text NOT NULL,"
      "  headings text NOT NULL,"  // one a line
      "  text text NOT NULL"
      ");"
      // Rows of a term: passages from `first` on, to the `first` of its next row (postings.h).
      "CREATE TABLE posting ("
      "  term text COLLATE \"C\" NOT NULL,"
      "  first bigint NOT NULL,"
      "  n bigint NOT NULL,"
      "  postings bytea NOT NULL,"
      "  PRIMARY KEY (term, first)"
      ");"
      "ALTER TABLE posting ALTER COLUMN postings SET STORAGE EXTERNAL;"
      // Of all passages in posting, and in posting_new while it is made.
      "CREATE TABLE total ("
      "  table_name text PRIMARY KEY,"
      "  passages bigint NOT NULL,"
      "  title_positions bigint NOT NULL,"
      "  headings_positions bigint NOT NULL,"
      "  text_positions bigint NOT NULL"
      ");"
      "INSERT INTO total VALUES ('posting', 0, 0, 0, 0)",
      "CREATE TABLE passage_vector (passage bigint PRIMARY KEY, bytes bytea NOT NULL);"
      "CREATE TABLE vector_set ("
      "  embedder text NOT NULL,"
      "  vectors bigint NOT NULL,"
      "  removals bigint NOT NULL,"
      "  resets bigint NOT NULL"
      ");"
      "INSERT INTO vector_set VALUES ('', 0, 0, 0)",
  };
  return kScripts;
}

bool HasSchema(PostgresConnection& database) {
  return !database.Query("SELECT to_regclass('pioneer_search.schema_version')")[0][0].is_null();
}

int64_t SchemaVersion(PostgresConnection& database) {
  if (!HasSchema(database)) return 0;
  return database.Query("SELECT number FROM schema_version")[0][0].as<int64_t>();
}

}  // namespace

void MigratePostgres(PostgresConnection& database) {
  const auto newest = static_cast<int64_t>(SchemaScripts().size());
  if (SchemaVersion(database) == newest) return;
  PostgresTransaction transaction(database);
  // Asked again under the lock: another process may have taken the steps meanwhile.
  const int64_t version = SchemaVersion(database);
  if (version < 0 || version > newest) {
    Fail(ErrorCode::kUnsupported,
         "the index in {} is of version {}, but this program knows versions up to {}; use the "
         "newer program that wrote it",
         database.address().shown(), version, newest);
  }
  if (version == newest) return;
  if (version == 0) {
    database.RunScript(
        "CREATE SCHEMA IF NOT EXISTS pioneer_search;"
        "CREATE TABLE schema_version (number bigint NOT NULL);"
        "INSERT INTO schema_version VALUES (0)");
  }
  for (int64_t step = version; step < newest; ++step) {
    database.RunScript(SchemaScripts()[static_cast<size_t>(step)]);
  }
  if (version == 0) {
    database.Run("INSERT INTO state VALUES (0, 0, 0, $1, NULL)", int64_t{kAnalyzerVersion});
  }
  database.Run("UPDATE schema_version SET number = $1", newest);
  transaction.Commit();
}

}  // namespace pioneer::search
