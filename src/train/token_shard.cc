#include "train/token_shard.h"

#include <cstring>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr uint64_t kMagic = 0x0A314B4F544F4950;  // "PIOTOK1\n"
constexpr size_t kHeaderBytes = 8;

struct Footer {
  uint64_t token_bytes, has_marks, n_documents, n_tokens, fingerprint, magic;
};

constexpr uint64_t Padded(uint64_t bytes) { return (bytes + 7) / 8 * 8; }

}  // namespace

TokenShardWriter::TokenShardWriter(const fs::path& path, int64_t vocab_size, uint64_t fingerprint)
    : file_(path), token_bytes_(vocab_size <= 65536 ? 2 : 4), fingerprint_(fingerprint) {
  file_.Write(&kMagic, sizeof kMagic);
}

void TokenShardWriter::Add(const EncodedDocument& document) {
  const std::vector<int32_t>& tokens = document.tokens;
  if (token_bytes_ == 2) {
    const std::vector<uint16_t> narrow(tokens.begin(), tokens.end());
    file_.Write(narrow.data(), narrow.size() * sizeof(uint16_t));
  } else {
    file_.Write(tokens.data(), tokens.size() * sizeof(int32_t));
  }
  n_tokens_ += static_cast<int64_t>(tokens.size());
  counted_.insert(counted_.end(), document.counted.begin(), document.counted.end());
  // The first token of a document is never predicted, so its mark says nothing.
  for (size_t i = 1; i < document.counted.size(); ++i) all_counted_ &= document.counted[i] != 0;
  document_ends_.push_back(static_cast<uint64_t>(n_tokens_));
}

void TokenShardWriter::Pad() {
  const char zeros[8] = {};
  file_.Write(zeros, Padded(file_.offset()) - file_.offset());
}

void TokenShardWriter::Finish() {
  Pad();
  if (!all_counted_) file_.Write(counted_.data(), counted_.size());
  Pad();
  file_.Write(document_ends_.data(), document_ends_.size() * sizeof(uint64_t));
  const Footer footer = {
      static_cast<uint64_t>(token_bytes_), all_counted_ ? 0u : 1u, document_ends_.size(),
      static_cast<uint64_t>(n_tokens_),    fingerprint_,           kMagic};
  file_.Write(&footer, sizeof footer);
  file_.Commit();
}

TokenShard::TokenShard(const fs::path& path, int64_t vocab_size) : file_(path) {
  const std::span<const std::byte> bytes = file_.bytes();
  const auto check = [&](bool ok, const char* what) {
    if (ok) return;
    Fail(ErrorCode::kCorruptFile, "the token file {} is broken ({}); delete it and start again",
         path.string(), what);
  };
  Footer footer = {};
  check(bytes.size() >= kHeaderBytes + sizeof footer, "too short");
  std::memcpy(&footer, bytes.data() + bytes.size() - sizeof footer, sizeof footer);
  check(std::memcmp(bytes.data(), &kMagic, sizeof kMagic) == 0 && footer.magic == kMagic,
        "not a token file, or cut short");
  check(footer.token_bytes == 2 || footer.token_bytes == 4, "size of a token");
  check(footer.has_marks <= 1, "marks");
  check(footer.n_tokens <= bytes.size() && footer.n_documents <= bytes.size(), "counts");
  const uint64_t marks_at = kHeaderBytes + Padded(footer.n_tokens * footer.token_bytes);
  const uint64_t ends_at = marks_at + Padded(footer.has_marks * footer.n_tokens);
  check(ends_at + footer.n_documents * 8 + sizeof footer == bytes.size(), "size of the file");

  token_bytes_ = static_cast<int>(footer.token_bytes);
  n_tokens_ = static_cast<int64_t>(footer.n_tokens);
  fingerprint_ = footer.fingerprint;
  narrow_ = reinterpret_cast<const uint16_t*>(bytes.data() + kHeaderBytes);
  wide_ = reinterpret_cast<const uint32_t*>(bytes.data() + kHeaderBytes);
  if (footer.has_marks != 0) {
    counted_ = {reinterpret_cast<const uint8_t*>(bytes.data() + marks_at), footer.n_tokens};
  }
  document_ends_ = {reinterpret_cast<const uint64_t*>(bytes.data() + ends_at), footer.n_documents};
  CheckContent(path, vocab_size);
}

void TokenShard::CheckContent(const fs::path& path, int64_t vocab_size) const {
  uint64_t before = 0;
  bool ok = true;
  for (const uint64_t end : document_ends_) {
    ok &= end >= before;
    before = end;
  }
  ok &= before == static_cast<uint64_t>(n_tokens_);
  for (int64_t i = 0; i < n_tokens_; ++i) ok &= token(i) >= 0 && token(i) < vocab_size;
  if (!ok) {
    Fail(ErrorCode::kCorruptFile,
         "the token file {} does not fit this tokenizer or is broken; delete it and start again",
         path.string());
  }
}

}  // namespace pioneer
