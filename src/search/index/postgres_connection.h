// Why: PostgreSQL behind two small classes, so that every error becomes one message in the user's
// words, a connection that was lost is made again, and no transaction is left open.
#pragma once

#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "search/index/postgres_address.h"

namespace pioneer::search {

// `text` as PostgreSQL can keep it, with as many bytes: a zero byte becomes a space, a byte that is
// no UTF-8 a question mark. All texts that are given below become that.
std::string Storable(std::string_view text);

// A value of a statement: an integer, a text, an array; none: NULL.
using SqlValues = std::vector<std::optional<std::string>>;

// An array as a statement's value ("$1::text[]").
class SqlArray {
 public:
  void Add(int64_t value);
  void Add(std::string_view text);
  void Add(const std::optional<int64_t>& value);
  void AddBytes(std::string_view bytes);  // of a bytea[]
  std::string Take();

 private:
  void Separate();
  std::string text_ = "{";
};

SqlArray MakeSqlArray(const std::vector<int64_t>& values);
SqlArray MakeSqlArray(const std::vector<std::string>& values);

inline std::optional<std::string> ToSqlValue(int64_t value) { return std::to_string(value); }
inline std::optional<std::string> ToSqlValue(std::string_view value) { return Storable(value); }
inline std::optional<std::string> ToSqlValue(SqlArray value) { return value.Take(); }
inline std::optional<std::string> ToSqlValue(const std::optional<int64_t>& value) {
  return value ? ToSqlValue(*value) : std::nullopt;
}

std::string ReadBytes(const pqxx::field& field);  // a bytea
std::string ReadText(const pqxx::field& field);
std::optional<int64_t> ReadOptional(const pqxx::field& field);

// One connection, made when it is first needed, and again after it was lost. One thread at a time.
// Throws StoreLostError (store_lost.h), Error{kIo}, {kUnsupported}, {kCorruptFile}, {kInternal}.
class PostgresConnection {
 public:
  explicit PostgresConnection(const std::string& uri) : address_(uri) {}

  // A statement of the program (never text from outside) with values for its $1, $2, ... Outside of
  // a transaction it only reads: it is asked again when the connection was found lost.
  template <typename... Values>
  pqxx::result Query(const std::string& sql, const Values&... values) {
    return Ask(sql, SqlValues{ToSqlValue(values)...});
  }
  pqxx::result Ask(const std::string& sql, const SqlValues& values);
  // The same, of a statement that gives no rows; those that it changed.
  template <typename... Values>
  int64_t Run(const std::string& sql, const Values&... values) {
    return static_cast<int64_t>(Query(sql, values...).affected_rows());
  }
  // Several statements without values.
  void RunScript(const std::string& sql);

  // The connection that is there, if any, answers.
  bool IsAlive();
  void Close();
  const PostgresAddress& address() const { return address_; }

 private:
  friend class PostgresTransaction;

  void Begin();
  void End(const char* sql);
  void Connect();
  template <typename Do>
  auto Guard(const Do& act);

  PostgresAddress address_;
  std::unique_ptr<pqxx::connection> connection_;
  std::unique_ptr<pqxx::quiet_errorhandler> quiet_;
  std::unique_ptr<pqxx::nontransaction> session_;
  std::unordered_map<std::string, std::string> prepared_;  // statement -> its name
  bool in_transaction_ = false;
};

// All or nothing: rolled back unless committed. Only one at a time, of all processes.
class PostgresTransaction {
 public:
  explicit PostgresTransaction(PostgresConnection& connection) : connection_(connection) {
    connection_.Begin();
  }
  ~PostgresTransaction();
  PostgresTransaction(const PostgresTransaction&) = delete;
  PostgresTransaction& operator=(const PostgresTransaction&) = delete;
  // On the server's disk when this returns.
  void Commit();

 private:
  PostgresConnection& connection_;
  bool open_ = true;
};

}  // namespace pioneer::search
