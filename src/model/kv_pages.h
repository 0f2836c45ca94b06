// Why: keys, values and recurrent states of all conversations live in one pool with a fixed limit,
// so that memory never grows with the load and a conversation's share is free the moment it ends.
//
// Full pages may be published. They are shared with all sequences that begin with the same tokens,
// and stay when their sequence ends, as long as nobody needs the room: what is kept so counts as
// free. What a page holds depends on nothing but its tokens and those before it (and the adapters:
// see Prefix), so a shared page is bit for bit what the sequence would have computed itself.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "model/memory_plan.h"
#include "tensor/tensor.h"

namespace pioneer {

class KvPagePool;

// The pages of one sequence. Returns them to the pool when destroyed. Not thread-safe.
class KvSequence {
 public:
  // Shares pages only with sequences of the same domain: what, beside the tokens, their content
  // depends on.
  explicit KvSequence(KvPagePool& pool, std::string domain = "")
      : pool_(&pool), domain_(std::move(domain)) {}
  ~KvSequence();
  KvSequence(const KvSequence&) = delete;
  KvSequence& operator=(const KvSequence&) = delete;

  // What is known of a text's beginning: the first n_tokens can be taken over. Of a model with a
  // recurrent state that is less than what pages are there for, n_matched, where the nearest kept
  // state lies before their end.
  struct Known {
    int64_t n_tokens = 0, n_matched = 0;  // multiples of kKvPageTokens
  };
  static Known FindKnown(const KvPagePool& pool, const std::string& domain,
                         std::span<const int32_t> tokens);
  // Shares the pages of that beginning. Before anything else; Reserve() with at least as many
  // tokens must follow at once.
  Known Adopt(std::span<const int32_t> tokens);

  // Makes room for n_tokens in all, and for the state when n_tokens > 0; false (and nothing
  // changed) when the pool has too few pages.
  bool Reserve(int64_t n_tokens);
  int64_t capacity() const;

  // Page pointers of one layer that stores keys and values, for AttentionSequence and StoreKv;
  // valid until the next Reserve().
  std::byte* const* k_pages(int layer) const;
  std::byte* const* v_pages(int layer) const;
  KvTypes types() const;  // of what they hold

  // [state_floats of the plan], at first zero or that of what was adopted; null before the first
  // Reserve() and when the plan has none. Keeps its place.
  float* state() { return state_.data(); }
  void ClearState();

  // Lets others find the full pages of these tokens, the first of the sequence, all of which are
  // stored; nothing that is published is ever written again. Where another sequence was first, its
  // page takes the place of the own one.
  void Publish(std::span<const int32_t> tokens);
  // Keeps a copy of the state for those who adopt the pages that are published: they end where the
  // state is. A passing one goes when this sequence keeps the next. Does nothing where the pool has
  // no room, or no state.
  void KeepState(bool passing);

 private:
  int64_t AdoptState(std::span<const int32_t> tokens, int64_t n_tokens);
  void ReleaseNodes();  // and all pages
  void AddPage(int32_t page);
  void PutPage(size_t index, int32_t page);

  KvPagePool* pool_;
  std::string domain_;
  std::vector<int32_t> nodes_;  // of the first pages, which are published
  int32_t passing_ = -1;        // the node with the state that goes, if any
  std::vector<int32_t> pages_;
  std::vector<int32_t> state_pages_;            // their memory is not used, only their worth
  std::vector<std::vector<std::byte*>> k_, v_;  // [layer][page]
  Matrix state_;
};

// Not thread-safe: belongs to the engine's thread (free_pages() and cached_pages() may be read from
// any).
class KvPagePool {
 public:
  // Memory is reserved at once and touched as pages are first used.
  // Throws Error{kOutOfMemory} when the limit does not hold a sequence of one token or cannot be
  // reserved, kInvalidArgument for an impossible plan.
  KvPagePool(const MemoryPlan& plan, int64_t limit_bytes);
  ~KvPagePool();

  int64_t page_bytes() const;  // of all layers, K and V
  int32_t total_pages() const;
  int32_t free_pages() const;    // with those that are only kept
  int32_t cached_pages() const;  // kept, though nobody uses them now
  // Tokens that a single sequence may have.
  int64_t max_tokens() const;

  // What is kept can survive the process, see model/prefix_file.h. `identity` says all that the
  // content of pages depends on: model, kernels, program. Pages are read from the file when they
  // are adopted. A file that is missing, damaged or of another identity is left alone; false, and a
  // line in the log for the latter two.
  bool OpenCache(const fs::path& path, const std::string& identity);
  // Writes the pages of the domain "" that were used last, at most max_bytes of them; the file is
  // replaced whole. Returns how many pages. Throws Error{kIo}.
  int64_t SaveCache(const fs::path& path, const std::string& identity, int64_t max_bytes) const;

 private:
  friend class KvSequence;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pioneer
