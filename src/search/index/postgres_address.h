// Why: the address of a PostgreSQL database may hold a password, which is for libpq alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pioneer::search {

bool IsPostgresAddress(std::string_view place);

class PostgresAddress {
 public:
  // "postgresql://user@host:port/database?option=value", as libpq reads it (PostgreSQL's manual,
  // 34.1.1.2). Throws Error{kInvalidArgument}, which says nothing of what was given.
  explicit PostgresAddress(const std::string& uri);

  // For libpq: all that was given, and what Pioneer wants of a connection.
  const std::string& connection_settings() const { return settings_; }
  // For people: no password, no options.
  const std::string& shown() const { return shown_; }
  // A message in one line, with stars in place of every secret that was given.
  std::string Redact(std::string message) const;

 private:
  std::string settings_, shown_;
  std::vector<std::string> secrets_;
};

}  // namespace pioneer::search
