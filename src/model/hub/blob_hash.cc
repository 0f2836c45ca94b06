#include "model/hub/blob_hash.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/error.h"

namespace pioneer {

struct BlobHash::Context {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> md{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

bool IsBlobName(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

BlobHash::BlobHash(std::string_view name, int64_t total_bytes)
    : context_(std::make_unique<Context>()) {
  const bool is_lfs = name.size() == 64;
  if (EVP_DigestInit_ex(context_->md.get(), is_lfs ? EVP_sha256() : EVP_sha1(), nullptr) != 1) {
    Fail(ErrorCode::kInternal, "the hash function is not there");
  }
  if (!is_lfs) Add(fmt::format("blob {}", total_bytes) + '\0');
}

BlobHash::~BlobHash() = default;

void BlobHash::Add(std::string_view bytes) {
  EVP_DigestUpdate(context_->md.get(), bytes.data(), bytes.size());
}

std::string BlobHash::Finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned n_digest = 0;
  EVP_DigestFinal_ex(context_->md.get(), digest, &n_digest);
  std::string text;
  for (unsigned i = 0; i < n_digest; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

}  // namespace pioneer
