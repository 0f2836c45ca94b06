// Why: the pool is one reserved region cut in equal pages, with a free list.
#include "model/kv_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <limits>

#include "base/error.h"
#include "base/progress.h"

namespace pioneer {

struct KvPagePool::Impl {
  int n_layers = 0;
  int64_t layer_halves = 0;  // float16 values of one layer's K (or V) in one page
  int64_t page_bytes = 0;
  int32_t total_pages = 0;
  uint16_t* memory = nullptr;
  std::vector<int32_t> free;  // last in, first out: a page that is warm is used again first
  std::atomic<int32_t> n_free{0};

  ~Impl() {
    if (memory != nullptr) ::munmap(memory, static_cast<size_t>(page_bytes) * total_pages);
  }
  // K of a layer, followed by its V.
  uint16_t* LayerOf(int32_t page, int layer) const {
    return memory + page_bytes / static_cast<int64_t>(sizeof(uint16_t)) * page +
           2 * layer_halves * layer;
  }
};

KvPagePool::KvPagePool(int n_layers, int n_kv_heads, int head_dim, int64_t limit_bytes)
    : impl_(std::make_unique<Impl>()) {
  int64_t halves = kKvPageTokens;
  if (n_layers < 1 || n_kv_heads < 1 || head_dim < 1 ||
      __builtin_mul_overflow(halves, int64_t{n_kv_heads} * head_dim, &halves) ||
      __builtin_mul_overflow(halves, int64_t{2} * int64_t{sizeof(uint16_t)} * n_layers,
                             &impl_->page_bytes)) {
    Fail(ErrorCode::kInvalidArgument, "KV pages of {} layers, {} heads of {} are impossible",
         n_layers, n_kv_heads, head_dim);
  }
  impl_->n_layers = n_layers;
  impl_->layer_halves = halves;
  if (limit_bytes < impl_->page_bytes) {
    Fail(ErrorCode::kOutOfMemory,
         "the limit of {} for conversations does not hold one page of {} tokens ({}); raise it",
         FormatBytes(static_cast<double>(limit_bytes)), kKvPageTokens,
         FormatBytes(static_cast<double>(impl_->page_bytes)));
  }
  const int64_t n_pages =
      std::min<int64_t>(limit_bytes / impl_->page_bytes, std::numeric_limits<int32_t>::max());
  // Not backed by memory until touched, so a generous limit costs nothing by itself.
  void* mapped = ::mmap(nullptr, static_cast<size_t>(n_pages * impl_->page_bytes),
                        PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) {
    Fail(ErrorCode::kOutOfMemory, "cannot reserve {} for conversations; lower the limit",
         FormatBytes(static_cast<double>(n_pages * impl_->page_bytes)));
  }
  impl_->memory = static_cast<uint16_t*>(mapped);
  impl_->total_pages = static_cast<int32_t>(n_pages);
  impl_->free.resize(static_cast<size_t>(n_pages));
  for (int32_t i = 0; i < impl_->total_pages; ++i) impl_->free[i] = impl_->total_pages - 1 - i;
  impl_->n_free = impl_->total_pages;
}

KvPagePool::~KvPagePool() = default;

int64_t KvPagePool::page_bytes() const { return impl_->page_bytes; }
int32_t KvPagePool::total_pages() const { return impl_->total_pages; }
int32_t KvPagePool::free_pages() const { return impl_->n_free.load(std::memory_order_relaxed); }

KvSequence::~KvSequence() {
  KvPagePool::Impl& pool = *pool_->impl_;
  pool.free.insert(pool.free.end(), pages_.rbegin(), pages_.rend());
  pool.n_free = static_cast<int32_t>(pool.free.size());
}

bool KvSequence::Reserve(int64_t n_tokens) {
  KvPagePool::Impl& pool = *pool_->impl_;
  if (n_tokens <= capacity()) return true;
  const int64_t n_new = (n_tokens - 1) / kKvPageTokens + 1 - static_cast<int64_t>(pages_.size());
  if (n_new > static_cast<int64_t>(pool.free.size())) return false;
  k_.resize(pool.n_layers);
  v_.resize(pool.n_layers);
  for (int64_t i = 0; i < n_new; ++i) {
    const int32_t page = pool.free.back();
    pool.free.pop_back();
    pages_.push_back(page);
    for (int layer = 0; layer < pool.n_layers; ++layer) {
      k_[layer].push_back(pool.LayerOf(page, layer));
      v_[layer].push_back(pool.LayerOf(page, layer) + pool.layer_halves);
    }
  }
  pool.n_free = static_cast<int32_t>(pool.free.size());
  return true;
}

int64_t KvSequence::capacity() const { return static_cast<int64_t>(pages_.size()) * kKvPageTokens; }

uint16_t* const* KvSequence::k_pages(int layer) const {
  return k_.empty() ? nullptr : k_[layer].data();
}
uint16_t* const* KvSequence::v_pages(int layer) const {
  return v_.empty() ? nullptr : v_[layer].data();
}

}  // namespace pioneer
