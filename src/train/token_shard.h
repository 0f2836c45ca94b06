// Why: a source is tokenized once and then read by mapping: a run starts in an instant the second
// time, and sources larger than memory work.
//
// File, little-endian: "PIOTOK1\n"; the tokens (u16, or u32 for large vocabularies), padded to 8;
// one byte a token that says whether it counts, padded to 8 (absent when all count); the end of
// each document as u64; a footer of six u64: token bytes, has marks, documents, tokens,
// fingerprint, the same magic.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/file.h"
#include "train/document_encoder.h"

namespace pioneer {

// One thread. Nothing is at `path` until Finish().
class TokenShardWriter {
 public:
  TokenShardWriter(const fs::path& path, int64_t vocab_size, uint64_t fingerprint);
  void Add(const EncodedDocument& document);
  void Finish();
  int64_t n_tokens() const { return n_tokens_; }

 private:
  void Pad();

  AtomicFile file_;
  int token_bytes_;
  uint64_t fingerprint_;
  int64_t n_tokens_ = 0;
  bool all_counted_ = true;
  std::vector<uint8_t> counted_;
  std::vector<uint64_t> document_ends_;
};

// Immutable; any thread may read.
class TokenShard {
 public:
  // Throws Error{kCorruptFile} when the file contradicts itself or a token is >= vocab_size.
  TokenShard(const fs::path& path, int64_t vocab_size);

  int64_t n_tokens() const { return n_tokens_; }
  int64_t n_documents() const { return static_cast<int64_t>(document_ends_.size()); }
  uint64_t fingerprint() const { return fingerprint_; }
  // Tokens [begin, end) of the shard are document d.
  int64_t document_begin(int64_t d) const { return d == 0 ? 0 : document_end(d - 1); }
  int64_t document_end(int64_t d) const { return static_cast<int64_t>(document_ends_[d]); }
  int32_t token(int64_t i) const {
    return token_bytes_ == 2 ? static_cast<int32_t>(narrow_[i]) : static_cast<int32_t>(wide_[i]);
  }
  bool counted(int64_t i) const { return counted_.empty() || counted_[i] != 0; }

 private:
  void CheckContent(const fs::path& path, int64_t vocab_size) const;

  MappedFile file_;
  int token_bytes_ = 2;
  int64_t n_tokens_ = 0;
  uint64_t fingerprint_ = 0;
  const uint16_t* narrow_ = nullptr;
  const uint32_t* wide_ = nullptr;
  std::span<const uint8_t> counted_;
  std::span<const uint64_t> document_ends_;
};

}  // namespace pioneer
