// Why: SQLite behind two small classes, so that every error becomes one message in the user's words
// and no statement is left open.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "store/migrations.h"

struct sqlite3;
struct sqlite3_stmt;

namespace pioneer {

// One statement with its values bound, run once. Not thread-safe; lives shorter than its Database.
class Statement {
 public:
  Statement(sqlite3_stmt* statement, std::string_view what) : statement_(statement), what_(what) {}
  ~Statement();
  Statement(Statement&& other) noexcept
      : statement_(std::exchange(other.statement_, nullptr)),
        what_(other.what_),
        n_bound_(other.n_bound_) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // The next row; false when there is none.
  bool Step();
  // Runs a statement that gives no rows.
  void Run();
  // Ready to take other values and to run again.
  void Reset();

  int64_t Integer(int column) const;
  std::string Text(int column) const;
  // Of a blob or a text; until the next Step().
  std::string_view Bytes(int column) const;
  std::optional<int64_t> OptionalInteger(int column) const;
  std::optional<std::string> OptionalText(int column) const;

  // Binds the next parameter.
  void Bind(int64_t value);
  void Bind(std::string_view value);  // copied
  void Bind(std::nullptr_t);
  template <typename T>
  void Bind(const std::optional<T>& value) {
    value ? Bind(*value) : Bind(nullptr);
  }

 private:
  sqlite3_stmt* statement_;
  std::string_view what_;
  int n_bound_ = 0;
};

class Database;

// What a database is for, where it is not the service's own.
struct DatabaseOptions {
  SchemaSteps schema = ServiceSchema();
  // Called before the schema's steps: for what they name (store/full_text.h).
  std::function<void(Database&)> prepare = nullptr;
  // Whether the bytes of what is deleted are overwritten at once.
  bool erase_deleted = true;
};

// One connection. The owner serializes the calls.
class Database {
 public:
  // Opens or makes the file, sets durability (WAL, synchronous=FULL) and brings the tables up to
  // date. Throws Error{kIo}, {kCorruptFile}, {kUnsupported}.
  explicit Database(const std::filesystem::path& path, const DatabaseOptions& options = {});

  // A statement of the program (never text from outside) with `values` for its '?'.
  template <typename... Values>
  Statement Query(const char* sql, const Values&... values) {
    Statement statement(Prepare(sql), sql);
    (statement.Bind(values), ...);
    return statement;
  }
  template <typename... Values>
  void Run(const char* sql, const Values&... values) {
    Query(sql, values...).Run();
  }

  // Rows changed by the last statement.
  int changes() const;
  int64_t last_row_id() const;
  // SQLite's own handle, for the other files of this room.
  sqlite3* handle() const { return db_.get(); }
  // Bounds the file, so that a test can fill it.
  void SetMaxPages(int64_t n_pages);
  // Moves the write-ahead log into the database and truncates it: nothing deleted stays in it.
  void TruncateLog();

 private:
  struct Closer {
    void operator()(sqlite3* db) const;
  };

  sqlite3_stmt* Prepare(const char* sql);
  void Configure(const DatabaseOptions& options);

  std::unique_ptr<sqlite3, Closer> db_;
};

// All or nothing: rolls back unless committed. Takes the write lock at once.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  // On disk when this returns.
  void Commit();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace pioneer
