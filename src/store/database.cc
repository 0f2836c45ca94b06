#include "store/database.h"

#include <sqlite3.h>

#include "base/error.h"
#include "base/log.h"
#include "store/disk_full.h"
#include "store/migrations.h"
#include "store/search_text.h"

namespace pioneer {
namespace {

constexpr int kBusyTimeoutMs = 10'000;
constexpr int kMaxRowBytes = 16 << 20;

ErrorCode CodeOf(int result) {
  switch (result & 0xFF) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::kCorruptFile;
    case SQLITE_NOMEM:
      return ErrorCode::kOutOfMemory;
    case SQLITE_TOOBIG:
      return ErrorCode::kInvalidArgument;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_CONSTRAINT:
    case SQLITE_RANGE:
      return ErrorCode::kInternal;
    default:
      return ErrorCode::kIo;
  }
}

const char* AdviceFor(int result) {
  switch (result & 0xFF) {
    case SQLITE_FULL:
      return "; the disk is full: free some space and try again";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return "; check that the file and its folder exist and may be written";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "; another program holds the file: close it and try again";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "; restore the file from a backup, or move it away to begin a new one";
    case SQLITE_IOERR:
      return "; check the disk";
    default:
      return "";
  }
}

[[noreturn]] void FailSqlite(sqlite3* db, int result, std::string_view doing) {
  const char* path = db ? sqlite3_db_filename(db, "main") : nullptr;
  spdlog::debug("sqlite {}: {}", result, doing);
  const std::string message =
      fmt::format("the database {} failed: {}{}", path && *path ? path : "in memory",
                  db ? sqlite3_errmsg(db) : sqlite3_errstr(result), AdviceFor(result));
  if ((result & 0xFF) == SQLITE_FULL) throw DiskFullError(message);
  throw Error(CodeOf(result), message);
}

// search_contains(text, folded word): see search_text.h.
void SearchContains(sqlite3_context* context, int, sqlite3_value** values) {
  const auto text = [](sqlite3_value* value) {
    const auto* data = reinterpret_cast<const char*>(sqlite3_value_text(value));
    return data ? std::string_view(data, static_cast<size_t>(sqlite3_value_bytes(value)))
                : std::string_view();
  };
  try {
    sqlite3_result_int(context, ContainsFolded(text(values[0]), text(values[1])) ? 1 : 0);
  } catch (const std::exception& error) {
    sqlite3_result_error(context, error.what(), -1);
  }
}

}  // namespace

Statement::~Statement() { sqlite3_finalize(statement_); }

bool Statement::Step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  FailSqlite(sqlite3_db_handle(statement_), result, what_);
}

void Statement::Run() {
  while (Step()) continue;
}

void Statement::Reset() {
  sqlite3_reset(statement_);
  n_bound_ = 0;
}

int64_t Statement::Integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Statement::Text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (!data) return {};
  return {data, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

std::string_view Statement::Bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (!data) return {};
  return {data, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

std::optional<int64_t> Statement::OptionalInteger(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return Integer(column);
}

std::optional<std::string> Statement::OptionalText(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return Text(column);
}

void Statement::Bind(int64_t value) {
  const int result = sqlite3_bind_int64(statement_, ++n_bound_, value);
  if (result != SQLITE_OK) FailSqlite(sqlite3_db_handle(statement_), result, what_);
}

void Statement::Bind(std::string_view value) {
  // A null pointer would bind NULL, an empty string is meant.
  const int result = sqlite3_bind_text64(statement_, ++n_bound_, value.empty() ? "" : value.data(),
                                         value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  if (result != SQLITE_OK) FailSqlite(sqlite3_db_handle(statement_), result, what_);
}

void Statement::Bind(std::nullptr_t) {
  const int result = sqlite3_bind_null(statement_, ++n_bound_);
  if (result != SQLITE_OK) FailSqlite(sqlite3_db_handle(statement_), result, what_);
}

void Database::Closer::operator()(sqlite3* db) const { sqlite3_close_v2(db); }

Database::Database(const std::filesystem::path& path, const DatabaseOptions& options) {
  sqlite3* db = nullptr;
  const int result =
      sqlite3_open_v2(path.c_str(), &db,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, nullptr);
  db_.reset(db);
  if (result != SQLITE_OK) {
    Fail(ErrorCode::kIo, "cannot open the database {}: {}{}", path.string(), sqlite3_errstr(result),
         AdviceFor(result));
  }
  Configure(options);
  if (options.prepare) options.prepare(*this);
  Migrate(*this, options.schema);
}

void Database::Configure(const DatabaseOptions& options) {
  sqlite3_extended_result_codes(db_.get(), 1);
  sqlite3_busy_timeout(db_.get(), kBusyTimeoutMs);
  sqlite3_limit(db_.get(), SQLITE_LIMIT_LENGTH, kMaxRowBytes);
  sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  Run("PRAGMA trusted_schema = OFF");
  Run("PRAGMA journal_mode = WAL");
  // FULL syncs the log at every commit: what was acknowledged survives a power cut.
  Run("PRAGMA synchronous = FULL");
  Run("PRAGMA foreign_keys = ON");
  // "Removed for good" means that the bytes are overwritten.
  Run(options.erase_deleted ? "PRAGMA secure_delete = ON" : "PRAGMA secure_delete = OFF");
  const int result = sqlite3_create_function_v2(
      db_.get(), "search_contains", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
      nullptr, SearchContains, nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) FailSqlite(db_.get(), result, "search_contains");
}

sqlite3_stmt* Database::Prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v2(db_.get(), sql, -1, &statement, nullptr);
  if (result != SQLITE_OK) FailSqlite(db_.get(), result, sql);
  return statement;
}

int Database::changes() const { return sqlite3_changes(db_.get()); }

int64_t Database::last_row_id() const { return sqlite3_last_insert_rowid(db_.get()); }

void Database::SetMaxPages(int64_t n_pages) {
  const std::string sql = fmt::format("PRAGMA max_page_count = {}", n_pages);
  Run(sql.c_str());
}

void Database::TruncateLog() { Run("PRAGMA wal_checkpoint(TRUNCATE)"); }

Transaction::Transaction(Database& database) : database_(database) {
  database_.Run("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    database_.Run("ROLLBACK");
  } catch (const Error& error) {
    // After some failures (a full disk) SQLite has rolled back by itself.
    spdlog::debug("rollback: {}", error.what());
  }
}

void Transaction::Commit() {
  database_.Run("COMMIT");
  open_ = false;
}

}  // namespace pioneer
