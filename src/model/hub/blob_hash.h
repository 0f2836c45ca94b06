// Why: Hugging Face names every file's content by a hash: large ones (LFS) by SHA-256, small ones
// as git does, by SHA-1 of "blob LENGTH\0" and the content. What was downloaded is checked by it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace pioneer {

// Whether this is the name of a content: 40 or 64 small hexadecimal digits.
bool IsBlobName(std::string_view text);

// Computes the name of a content of `total_bytes` of the same kind as `name`, which must be one.
// One thread.
class BlobHash {
 public:
  BlobHash(std::string_view name, int64_t total_bytes);
  ~BlobHash();
  BlobHash(const BlobHash&) = delete;
  BlobHash& operator=(const BlobHash&) = delete;

  void Add(std::string_view bytes);
  std::string Finish();  // once

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace pioneer
