// Why: API keys in SQLite.
#include <openssl/crypto.h>

#include <mutex>

#include "base/error.h"
#include "store/database.h"
#include "store/key_store.h"

namespace pioneer {
namespace {

constexpr int kSecretBytes = 32;
constexpr size_t kHintChars = 10;
constexpr size_t kMaxNameBytes = 200;
constexpr size_t kMaxSecretBytes = 256;
constexpr int64_t kLastUsedStepMs = 60'000;  // a write to the disk for every request is too dear
constexpr const char* kColumns = "id, name, hint, created_at_ms, last_used_at_ms, is_admin";

ApiKey ReadKey(const Statement& row) {
  return {row.Text(0),        row.Text(1), row.Text(2), row.Integer(3), row.OptionalInteger(4),
          row.Integer(5) != 0};
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

class SqliteKeyStore : public KeyStore {
 public:
  SqliteKeyStore(const std::filesystem::path& path, const Clock& clock)
      : database_(path), clock_(clock) {}

  CreatedApiKey Create(std::string_view name, bool is_admin) override;
  std::vector<ApiKey> List() override;
  void Revoke(std::string_view key_id) override;
  bool HasKeys() override;
  std::optional<ApiKey> Identify(std::string_view secret) override;

 private:
  void NoteUse(ApiKey& key);

  std::mutex mutex_;
  Database database_;
  const Clock& clock_;
};

CreatedApiKey SqliteKeyStore::Create(std::string_view name, bool is_admin) {
  if (name.empty() || name.size() > kMaxNameBytes) {
    Fail(ErrorCode::kInvalidArgument, "the name of a key must have 1 to {} bytes", kMaxNameBytes);
  }
  CreatedApiKey created;
  created.secret = "pio-" + RandomId(kSecretBytes);
  created.key = {RandomId(),      std::string(name), created.secret.substr(0, kHintChars),
                 clock_.UnixMs(), std::nullopt,      is_admin};
  std::lock_guard lock(mutex_);
  database_.Run(
      "INSERT INTO api_key (id, name, hint, secret_hash, created_at_ms, is_admin) "
      "VALUES (?, ?, ?, ?, ?, ?)",
      created.key.id, created.key.name, created.key.hint, Sha256Hex(created.secret),
      created.key.created_at_ms, static_cast<int64_t>(is_admin));
  return created;
}

std::vector<ApiKey> SqliteKeyStore::List() {
  std::lock_guard lock(mutex_);
  const std::string sql = fmt::format("SELECT {} FROM api_key ORDER BY sequence", kColumns);
  Statement rows = database_.Query(sql.c_str());
  std::vector<ApiKey> keys;
  while (rows.Step()) keys.push_back(ReadKey(rows));
  return keys;
}

void SqliteKeyStore::Revoke(std::string_view key_id) {
  std::lock_guard lock(mutex_);
  database_.Run("DELETE FROM api_key WHERE id = ?", key_id);
  if (database_.changes() == 0) {
    Fail(ErrorCode::kNotFound, "there is no API key with the id {}", key_id);
  }
}

bool SqliteKeyStore::HasKeys() {
  std::lock_guard lock(mutex_);
  return database_.Query("SELECT 1 FROM api_key LIMIT 1").Step();
}

std::optional<ApiKey> SqliteKeyStore::Identify(std::string_view secret) {
  if (secret.empty() || secret.size() > kMaxSecretBytes) return std::nullopt;
  const std::string hash = Sha256Hex(secret);
  std::lock_guard lock(mutex_);
  // All rows, each compared in full: the time tells nothing about how much of a hash is right.
  const std::string sql = fmt::format("SELECT {}, secret_hash FROM api_key", kColumns);
  std::optional<ApiKey> found;
  {
    Statement rows = database_.Query(sql.c_str());
    while (rows.Step()) {
      if (EqualInConstantTime(rows.Text(6), hash)) found = ReadKey(rows);
    }
  }
  if (found) NoteUse(*found);
  return found;
}

void SqliteKeyStore::NoteUse(ApiKey& key) {
  const int64_t now_ms = clock_.UnixMs();
  if (key.last_used_at_ms && now_ms - *key.last_used_at_ms < kLastUsedStepMs) return;
  try {
    database_.Run("UPDATE api_key SET last_used_at_ms = ? WHERE id = ?", now_ms, key.id);
    key.last_used_at_ms = now_ms;
  } catch (const Error&) {
    // A full disk must not lock out the holder of a good key.
  }
}

}  // namespace

std::unique_ptr<KeyStore> OpenSqliteKeyStore(const std::filesystem::path& path,
                                             const Clock& clock) {
  return std::make_unique<SqliteKeyStore>(path, clock);
}

}  // namespace pioneer
