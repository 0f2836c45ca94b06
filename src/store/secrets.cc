// Why: identifiers and keys that nobody can guess, and the hashes that are kept of them.
#include <openssl/evp.h>

#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "store/key_store.h"

namespace pioneer {

std::string Sha256Hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int n_digest = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &n_digest, EVP_sha256(), nullptr) != 1) {
    Fail(ErrorCode::kInternal, "SHA-256 failed");
  }
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (unsigned int i = 0; i < n_digest; ++i) {
    out += kHex[digest[i] >> 4];
    out += kHex[digest[i] & 15];
  }
  return out;
}

std::string RandomId(int n_bytes) {
  static constexpr char kBase32[] = "abcdefghijklmnopqrstuvwxyz234567";
  std::vector<unsigned char> random(static_cast<size_t>(n_bytes));
  SecureRandomBytes(random.data(), n_bytes);
  std::string out;
  unsigned int bits = 0;
  int n_bits = 0;
  for (const unsigned char byte : random) {
    bits = (bits << 8 | byte) & 0xFFFF;
    for (n_bits += 8; n_bits >= 5; n_bits -= 5) out += kBase32[bits >> (n_bits - 5) & 31];
  }
  if (n_bits > 0) out += kBase32[bits << (5 - n_bits) & 31];
  return out;
}

}  // namespace pioneer
