// Why: keys, values and recurrent states of all conversations live in one pool with a fixed limit,
// so that memory never grows with the load and a conversation's share is free the moment it ends.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/memory_plan.h"
#include "tensor/tensor.h"

namespace pioneer {

class KvPagePool;

// The pages of one sequence. Returns them to the pool when destroyed. Not thread-safe.
class KvSequence {
 public:
  explicit KvSequence(KvPagePool& pool) : pool_(&pool) {}
  ~KvSequence();
  KvSequence(const KvSequence&) = delete;
  KvSequence& operator=(const KvSequence&) = delete;

  // Makes room for n_tokens in all, and for the state when n_tokens > 0; false (and nothing
  // changed) when the pool has too few pages.
  bool Reserve(int64_t n_tokens);
  int64_t capacity() const;

  // Page pointers of one layer that stores keys and values, for AttentionSequence and StoreKv;
  // valid until the next Reserve().
  uint16_t* const* k_pages(int layer) const;
  uint16_t* const* v_pages(int layer) const;

  // [state_floats of the plan], zero at first; null before the first Reserve() and when the plan
  // has none. Keeps its place.
  float* state() { return state_.data(); }
  void ClearState();

 private:
  KvPagePool* pool_;
  std::vector<int32_t> pages_;
  std::vector<int32_t> state_pages_;           // their memory is not used, only their worth
  std::vector<std::vector<uint16_t*>> k_, v_;  // [layer][page]
  Matrix state_;
};

// Not thread-safe: belongs to the engine's thread (free_pages() may be read from any).
class KvPagePool {
 public:
  // Memory is reserved at once and touched as pages are first used.
  // Throws Error{kOutOfMemory} when the limit does not hold a sequence of one token or cannot be
  // reserved, kInvalidArgument for an impossible plan.
  KvPagePool(const MemoryPlan& plan, int64_t limit_bytes);
  ~KvPagePool();

  int64_t page_bytes() const;  // of all layers, K and V
  int32_t total_pages() const;
  int32_t free_pages() const;
  // Tokens that a single sequence may have.
  int64_t max_tokens() const;

 private:
  friend class KvSequence;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pioneer
