#include "search/index/postgres_address.h"

#include <libpq-fe.h>

#include <map>
#include <memory>

#include "base/error.h"

namespace pioneer::search {
namespace {

struct OptionsCloser {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

void AppendSetting(std::string_view name, std::string_view value, std::string& out) {
  out.append(name).append("='");
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  out += "' ";
}

bool IsSecret(std::string_view name) { return name == "password" || name == "sslpassword"; }

[[noreturn]] void FailUnreadable() {
  Fail(ErrorCode::kInvalidArgument,
       "the address of the PostgreSQL database cannot be read: write "
       "postgresql://USER@HOST:PORT/DATABASE, and special characters as %XX");
}

}  // namespace

bool IsPostgresAddress(std::string_view place) {
  return place.starts_with("postgresql://") || place.starts_with("postgres://");
}

PostgresAddress::PostgresAddress(const std::string& uri) {
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, OptionsCloser> options(
      PQconninfoParse(uri.c_str(), &problem));
  if (problem) PQfreemem(problem);  // it repeats what was given
  if (!options) FailUnreadable();
  // What a dead connection costs is bounded, unless the address says otherwise.
  std::map<std::string, std::string> settings = {
      {"connect_timeout", "10"}, {"keepalives_idle", "30"},     {"keepalives_interval", "10"},
      {"keepalives_count", "3"}, {"tcp_user_timeout", "60000"}, {"application_name", "pioneer"}};
  for (const PQconninfoOption* option = options.get(); option->keyword; ++option) {
    if (!option->val) continue;
    settings[option->keyword] = option->val;
    if (IsSecret(option->keyword) && *option->val) secrets_.emplace_back(option->val);
  }
  settings["client_encoding"] = "UTF8";
  for (const auto& [name, value] : settings) AppendSetting(name, value, settings_);
  const auto setting = [&](const char* name) {
    const auto found = settings.find(name);
    return found == settings.end() ? std::string() : found->second;
  };
  // A password with an @ that is not written as %40 would be shown as a part of the host.
  if (setting("host").find('@') != std::string::npos) FailUnreadable();
  const std::string user = setting("user"), port = setting("port");
  shown_ = fmt::format("postgresql://{}{}{}{}{}/{}", user, user.empty() ? "" : "@", setting("host"),
                       port.empty() ? "" : ":", port, setting("dbname"));
}

std::string PostgresAddress::Redact(std::string message) const {
  for (const std::string& secret : secrets_) {
    for (size_t at = 0; (at = message.find(secret, at)) != message.npos;) {
      message.replace(at, secret.size(), "***");
      at += 3;
    }
  }
  std::string line;
  for (const char c : message) {
    const bool is_space = c == '\n' || c == '\t' || c == ' ';
    if (is_space && (line.empty() || line.back() == ' ')) continue;
    line += is_space ? ' ' : c;
  }
  while (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace pioneer::search
