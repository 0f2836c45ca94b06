// Why: API keys let programs in. Only their SHA-256 is kept: a stolen database opens nothing. (A
// key holds 256 random bits, so a plain hash is enough; a slow one is for passwords.)
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace pioneer {

struct ApiKey {
  std::string id = {};
  std::string name = {};
  std::string hint = {};  // the key's first characters, to recognise it by
  int64_t created_at_ms = 0;
  std::optional<int64_t> last_used_at_ms = std::nullopt;  // to the minute
  bool is_admin = false;  // may do what reaches beyond the service: start programs, see files
};

struct CreatedApiKey {
  ApiKey key;
  std::string secret = {};  // "pio-..."; shown once, kept nowhere
};

// Thread-safe. Failures of the database throw Error{kIo} or kCorruptFile.
class KeyStore {
 public:
  virtual ~KeyStore() = default;

  // Throws Error{kInvalidArgument} when the name is empty or longer than 200 bytes.
  virtual CreatedApiKey Create(std::string_view name, bool is_admin = false) = 0;
  virtual std::vector<ApiKey> List() = 0;  // oldest first
  // Throws Error{kNotFound}.
  virtual void Revoke(std::string_view key_id) = 0;
  virtual bool HasKeys() = 0;

  // The key with this secret, nullopt when there is none; notes the use. Hashes are compared in
  // constant time.
  virtual std::optional<ApiKey> Identify(std::string_view secret) = 0;
  bool Verify(std::string_view secret) { return Identify(secret).has_value(); }
};

// The same file as the chat store's may be given. Throws like OpenSqliteChatStore().
std::unique_ptr<KeyStore> OpenSqliteKeyStore(const std::filesystem::path& path,
                                             const Clock& clock = Clock::Real());

// Lower-case hex SHA-256, for a cookie's token and the like.
std::string Sha256Hex(std::string_view bytes);

// `n_bytes` secure random bytes in base32 (RFC 4648, lower case, no padding): 16 bytes give 26
// characters.
std::string RandomId(int n_bytes = 16);

}  // namespace pioneer
