// Why: keys and values of all conversations live in one pool of equal pages with a fixed limit, so
// that memory never grows with the load and a conversation's pages are free the moment it ends.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "tensor/ops/attention.h"

namespace pioneer {

class KvPagePool;

// The pages of one sequence. Returns them to the pool when destroyed. Not thread-safe.
class KvSequence {
 public:
  explicit KvSequence(KvPagePool& pool) : pool_(&pool) {}
  ~KvSequence();
  KvSequence(const KvSequence&) = delete;
  KvSequence& operator=(const KvSequence&) = delete;

  // Makes room for n_tokens in all; false (and nothing changed) when the pool has too few pages.
  bool Reserve(int64_t n_tokens);
  int64_t capacity() const;

  // Page pointers of one layer, for AttentionSequence and StoreKv; valid until the next Reserve().
  uint16_t* const* k_pages(int layer) const;
  uint16_t* const* v_pages(int layer) const;

 private:
  KvPagePool* pool_;
  std::vector<int32_t> pages_;
  std::vector<std::vector<uint16_t*>> k_, v_;  // [layer][page]
};

// Not thread-safe: belongs to the engine's thread (free_pages() may be read from any).
class KvPagePool {
 public:
  // Memory is reserved at once and touched as pages are first used.
  // Throws Error{kOutOfMemory} when the limit does not hold one page or cannot be reserved.
  KvPagePool(int n_layers, int n_kv_heads, int head_dim, int64_t limit_bytes);
  ~KvPagePool();

  int64_t page_bytes() const;  // of all layers, K and V
  int32_t total_pages() const;
  int32_t free_pages() const;

 private:
  friend class KvSequence;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pioneer
