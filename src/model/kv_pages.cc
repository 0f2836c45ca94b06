// Why: the pool is one reserved region cut in equal pages, with a free list. A recurrent state is
// paid for with pages, the coldest ones, whose memory then stays untouched.
#include "model/kv_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <limits>

#include "base/error.h"
#include "base/progress.h"

namespace pioneer {

struct KvPagePool::Impl {
  // Where a layer's K and V begin in a page, in float16 values; no K and V when v_start is 0.
  struct Layer {
    int64_t k_start = 0, v_start = 0;
  };

  std::vector<Layer> layers;
  int64_t state_floats = 0;
  int64_t state_pages = 0;
  int64_t page_bytes = 0;
  int32_t total_pages = 0;
  uint16_t* memory = nullptr;
  std::vector<int32_t> free;  // last in, first out: a page that is warm is used again first
  std::atomic<int32_t> n_free{0};

  explicit Impl(const MemoryPlan& plan)
      : state_floats(plan.state_floats),
        state_pages(plan.StatePages()),
        page_bytes(plan.PageBytes()) {
    int64_t at = 0;
    for (const KvLayer& layer : plan.layers) {
      const int64_t tokens = int64_t{kKvPageTokens} * layer.n_kv_heads;
      layers.push_back({at, at + tokens * layer.k_dim});
      at += tokens * (int64_t{layer.k_dim} + layer.v_dim);
      if (layer.n_kv_heads == 0) layers.back() = {};
    }
  }
  ~Impl() {
    if (memory != nullptr) ::munmap(memory, static_cast<size_t>(page_bytes) * total_pages);
  }
  uint16_t* PageAt(int32_t page) const {
    return memory + page_bytes / static_cast<int64_t>(sizeof(uint16_t)) * page;
  }
  int64_t n_available() const { return static_cast<int64_t>(free.size()); }
  void CountFree() { n_free = static_cast<int32_t>(free.size()); }
};

KvPagePool::KvPagePool(const MemoryPlan& plan, int64_t limit_bytes)
    : impl_(std::make_unique<Impl>(plan)) {
  const int64_t least = plan.BytesFor(1);
  if (limit_bytes < least) {
    Fail(ErrorCode::kOutOfMemory,
         "the limit of {} for conversations does not hold one page of {} tokens ({}); raise it",
         FormatBytes(static_cast<double>(limit_bytes)), kKvPageTokens,
         FormatBytes(static_cast<double>(least)));
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
  impl_->CountFree();
}

KvPagePool::~KvPagePool() = default;

int64_t KvPagePool::page_bytes() const { return impl_->page_bytes; }
int32_t KvPagePool::total_pages() const { return impl_->total_pages; }
int32_t KvPagePool::free_pages() const { return impl_->n_free.load(std::memory_order_relaxed); }
int64_t KvPagePool::max_tokens() const {
  return (impl_->total_pages - impl_->state_pages) * kKvPageTokens;
}

KvSequence::~KvSequence() {
  KvPagePool::Impl& pool = *pool_->impl_;
  pool.free.insert(pool.free.end(), pages_.rbegin(), pages_.rend());
  pool.free.insert(pool.free.begin(), state_pages_.begin(), state_pages_.end());
  pool.CountFree();
}

bool KvSequence::Reserve(int64_t n_tokens) {
  KvPagePool::Impl& pool = *pool_->impl_;
  if (n_tokens <= capacity()) return true;
  const int64_t n_new = (n_tokens - 1) / kKvPageTokens + 1 - static_cast<int64_t>(pages_.size());
  const int64_t n_state = pages_.empty() ? pool.state_pages : 0;
  if (n_new > pool.n_available() - n_state) return false;
  if (n_state > 0) {
    state_.Resize(1, pool.state_floats);
    ClearState();
    state_pages_.assign(pool.free.begin(), pool.free.begin() + n_state);
    pool.free.erase(pool.free.begin(), pool.free.begin() + n_state);
  }
  k_.resize(pool.layers.size());
  v_.resize(pool.layers.size());
  for (int64_t i = 0; i < n_new; ++i) {
    const int32_t page = pool.free.back();
    pool.free.pop_back();
    pages_.push_back(page);
    for (size_t layer = 0; layer < pool.layers.size(); ++layer) {
      const auto [k_start, v_start] = pool.layers[layer];
      if (v_start == 0) continue;
      k_[layer].push_back(pool.PageAt(page) + k_start);
      v_[layer].push_back(pool.PageAt(page) + v_start);
    }
  }
  pool.CountFree();
  return true;
}

int64_t KvSequence::capacity() const { return static_cast<int64_t>(pages_.size()) * kKvPageTokens; }

uint16_t* const* KvSequence::k_pages(int layer) const {
  return k_.empty() ? nullptr : k_[layer].data();
}
uint16_t* const* KvSequence::v_pages(int layer) const {
  return v_.empty() ? nullptr : v_[layer].data();
}

void KvSequence::ClearState() { std::fill(state_.data(), state_.data() + state_.cols(), 0.0f); }

}  // namespace pioneer
