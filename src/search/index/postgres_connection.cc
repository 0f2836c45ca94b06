#include "search/index/postgres_connection.h"

#include "base/error.h"
#include "base/log.h"
#include "base/utf8.h"
#include "search/index/store_lost.h"
#include "store/disk_full.h"

namespace pioneer::search {
namespace {

constexpr int kOldestServer = 120'000;

// Of one program's writers, whichever process they are in: "pioneer" and a 1.
constexpr const char* kLockWriting = "SELECT pg_advisory_xact_lock(508741228977)";

// What an administrator may have set otherwise and the program relies on. synchronous_commit is
// raised from "off" alone: stricter settings stay.
constexpr const char* kSessionSettings =
    "SET search_path = pioneer_search;"
    "SET lock_timeout = '60s';"
    "SET statement_timeout = 0;"
    "SET idle_in_transaction_session_timeout = 0;"
    "SET default_transaction_isolation = 'read committed';"
    "SET bytea_output = 'hex';"
    "SET standard_conforming_strings = on;"
    "SET client_min_messages = 'warning';"
    "SET jit = off;"
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'";

[[noreturn]] void FailSql(const PostgresAddress& address, const pqxx::sql_error& error) {
  const std::string& state = error.sqlstate();
  spdlog::debug("postgresql {}: {}", state, error.query().substr(0, 200));
  const std::string message = fmt::format("the PostgreSQL database {} failed: {}", address.shown(),
                                          address.Redact(error.what()));
  const auto is = [&](std::string_view code) { return state.starts_with(code); };
  if (is("53100")) {
    throw DiskFullError(message + "; the server's disk is full: free some space and try again");
  }
  if (is("42501") || is("28")) {
    Fail(ErrorCode::kIo, "{}; give the user the right to it (GRANT CREATE ON DATABASE)", message);
  }
  if (is("25006")) Fail(ErrorCode::kIo, "{}; name the server that may be written", message);
  if (is("55P03")) Fail(ErrorCode::kIo, "{}; another program writes for long: try again", message);
  if (is("XX001") || is("XX002")) {
    Fail(ErrorCode::kCorruptFile, "{}; restore the database from a backup", message);
  }
  if (is("53") || is("54") || is("57") || is("58")) Fail(ErrorCode::kIo, "{}", message);
  Fail(ErrorCode::kInternal, "{}", message);
}

// The server shuts down, or libpq speaks: what a server says has a code.
bool IsLoss(const pqxx::sql_error& error) {
  return error.sqlstate().size() != 5 || error.sqlstate().starts_with("57P0");
}

}  // namespace

std::string Storable(std::string_view text) {
  std::string out(text);
  if (IsValidUtf8(text) && text.find('\0') == text.npos) return out;
  for (size_t at = 0; at < out.size();) {
    const DecodedChar c = DecodeUtf8(text.substr(at));
    for (size_t i = 0; i < static_cast<size_t>(c.length); ++i, ++at) {
      if (!c.valid) out[at] = '?';
      if (out[at] == '\0') out[at] = ' ';
    }
  }
  return out;
}

void SqlArray::Separate() {
  if (text_.size() > 1) text_ += ',';
}

void SqlArray::Add(int64_t value) {
  Separate();
  text_ += std::to_string(value);
}

void SqlArray::Add(const std::optional<int64_t>& value) {
  if (value) return Add(*value);
  Separate();
  text_ += "NULL";
}

void SqlArray::Add(std::string_view text) {
  Separate();
  text_ += '"';
  for (const char c : Storable(text)) {
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
}

void SqlArray::AddBytes(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  Separate();
  text_ += "\"\\\\x";
  for (const char c : bytes) {
    const auto byte = static_cast<uint8_t>(c);
    text_ += kDigits[byte >> 4];
    text_ += kDigits[byte & 15];
  }
  text_ += '"';
}

std::string SqlArray::Take() { return std::exchange(text_, "{") + "}"; }

SqlArray MakeSqlArray(const std::vector<int64_t>& values) {
  SqlArray array;
  for (const int64_t value : values) array.Add(value);
  return array;
}

SqlArray MakeSqlArray(const std::vector<std::string>& values) {
  SqlArray array;
  for (const std::string& value : values) array.Add(std::string_view(value));
  return array;
}

std::string ReadBytes(const pqxx::field& field) {
  const std::string_view hex(field.c_str(), field.size());
  if (!hex.starts_with("\\x") || hex.size() % 2 != 0) {
    Fail(ErrorCode::kInternal, "the PostgreSQL server gives bytes in a form that is not asked for");
  }
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (size_t i = 2; i < hex.size(); i += 2) {
    bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  }
  return bytes;
}

std::string ReadText(const pqxx::field& field) { return {field.c_str(), field.size()}; }

std::optional<int64_t> ReadOptional(const pqxx::field& field) {
  return field.is_null() ? std::nullopt : std::optional(field.as<int64_t>());
}

template <typename Do>
auto PostgresConnection::Guard(const Do& act) {
  const auto lost = [&](const char* why) {
    Close();
    throw StoreLostError(fmt::format(
        "the connection to the PostgreSQL server of {} was lost: {}; it is made again as soon as "
        "the server is there, and nothing that was indexed is lost",
        address_.shown(), address_.Redact(why)));
  };
  try {
    return act();
  } catch (const pqxx::broken_connection& error) {
    lost(error.what());
  } catch (const pqxx::in_doubt_error& error) {
    lost(error.what());
  } catch (const pqxx::sql_error& error) {
    if (IsLoss(error) || !connection_ || !connection_->is_open()) lost(error.what());
    FailSql(address_, error);
  } catch (const pqxx::pqxx_exception& error) {
    if (!connection_ || !connection_->is_open()) lost(error.base().what());
    Fail(ErrorCode::kInternal, "the PostgreSQL database {} failed: {}", address_.shown(),
         address_.Redact(error.base().what()));
  }
  Fail(ErrorCode::kInternal, "not reached");
}

void PostgresConnection::Close() {
  session_.reset();
  quiet_.reset();
  connection_.reset();
  prepared_.clear();
  in_transaction_ = false;
}

void PostgresConnection::Connect() {
  if (connection_) return;
  Guard([&] {
    auto connection = std::make_unique<pqxx::connection>(address_.connection_settings());
    if (connection->server_version() < kOldestServer) {
      Fail(ErrorCode::kUnsupported,
           "the PostgreSQL server of {} is too old: the index needs version 12 or a newer one",
           address_.shown());
    }
    quiet_ = std::make_unique<pqxx::quiet_errorhandler>(*connection);
    auto session = std::make_unique<pqxx::nontransaction>(*connection);
    session->exec(kSessionSettings);
    const std::string encoding = session->exec("SHOW server_encoding")[0][0].c_str();
    session_ = std::move(session);
    connection_ = std::move(connection);
    if (encoding == "UTF8") return;
    Close();
    Fail(ErrorCode::kUnsupported,
         "the database {} keeps texts as {}: make one with createdb --encoding=UTF8 "
         "--template=template0",
         address_.shown(), encoding);
  });
}

pqxx::result PostgresConnection::Ask(const std::string& sql, const SqlValues& values) {
  const auto ask = [&] {
    Connect();
    return Guard([&] {
      auto [name, is_new] = prepared_.try_emplace(sql);
      if (is_new) {
        name->second = fmt::format("s{}", prepared_.size());
        connection_->prepare(name->second, sql);
      }
      std::vector<const char*> given;
      for (const auto& value : values) given.push_back(value ? value->c_str() : nullptr);
      return session_->exec_prepared(name->second, pqxx::prepare::make_dynamic_params(given));
    });
  };
  const bool may_ask_again = connection_ != nullptr && !in_transaction_;
  try {
    return ask();
  } catch (const StoreLostError&) {
    if (!may_ask_again) throw;
  }
  return ask();
}

void PostgresConnection::RunScript(const std::string& sql) {
  Connect();
  Guard([&] { session_->exec(sql); });
}

bool PostgresConnection::IsAlive() {
  if (!connection_) return false;
  try {
    RunScript("SELECT 1");
    return true;
  } catch (const StoreLostError&) {
    return false;
  }
}

void PostgresConnection::Begin() {
  const auto begin = [&] {
    RunScript("BEGIN");
    in_transaction_ = true;
    RunScript(kLockWriting);
  };
  const bool may_try_again = connection_ != nullptr;
  try {
    try {
      return begin();
    } catch (const StoreLostError&) {
      if (!may_try_again) throw;
    }
    begin();
  } catch (const Error&) {
    if (in_transaction_) Close();
    throw;
  }
}

void PostgresConnection::End(const char* sql) {
  if (!in_transaction_) return;  // lost meanwhile
  RunScript(sql);
  in_transaction_ = false;
}

PostgresTransaction::~PostgresTransaction() {
  if (!open_) return;
  try {
    connection_.End("ROLLBACK");
  } catch (const std::exception& error) {
    spdlog::debug("rollback: {}", error.what());
    connection_.Close();  // which rolls back, too
  }
}

void PostgresTransaction::Commit() {
  connection_.Run("UPDATE state SET data_version = data_version + 1");
  connection_.End("COMMIT");
  open_ = false;
}

}  // namespace pioneer::search
