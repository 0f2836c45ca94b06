// Why: the pool is one reserved region cut in equal pages, with a free list; when that runs out,
// pages come from those that are kept for their content. A recurrent state is paid for with pages,
// the coldest ones, whose memory is given back to the system.
#include "model/kv_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/progress.h"
#include "base/random.h"
#include "model/kv_pool_impl.h"

namespace pioneer {
namespace {

uint64_t RandomSecret() {
  uint64_t secret = 0;
  SecureRandomBytes(&secret, sizeof(secret));
  return secret;
}

}  // namespace

KvPagePool::KvPagePool(const MemoryPlan& plan, int64_t limit_bytes)
    : impl_(std::make_unique<Impl>(plan, RandomSecret())) {
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
  // One token's step at depth reads all of its pages: large ones of the system's spare it the walks.
  ::madvise(mapped, static_cast<size_t>(n_pages * impl_->page_bytes), MADV_HUGEPAGE);
  impl_->memory = static_cast<std::byte*>(mapped);
  impl_->total_pages = static_cast<int32_t>(n_pages);
  impl_->free.resize(static_cast<size_t>(n_pages));
  for (int32_t i = 0; i < impl_->total_pages; ++i) impl_->free[i] = impl_->total_pages - 1 - i;
  impl_->CountFree();
}

KvPagePool::~KvPagePool() = default;

int64_t KvPagePool::page_bytes() const { return impl_->page_bytes; }
int32_t KvPagePool::total_pages() const { return impl_->total_pages; }
int32_t KvPagePool::free_pages() const { return impl_->n_free.load(std::memory_order_relaxed); }
int32_t KvPagePool::cached_pages() const { return impl_->n_cached.load(std::memory_order_relaxed); }
int64_t KvPagePool::max_tokens() const {
  return (impl_->total_pages - impl_->state_pages) * kKvPageTokens;
}

KvSequence::~KvSequence() {
  KvPagePool::Impl& pool = *pool_->impl_;
  pool.free.insert(pool.free.end(), pages_.rbegin(), pages_.rend() - std::ssize(nodes_));
  ReleaseNodes();
  pool.PutStatePages(state_pages_);
  pool.CountFree();
}

void KvSequence::ReleaseNodes() {
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    pool_->impl_->index.Release(*node);
  }
  nodes_.clear();
  pages_.clear();
  k_.clear();
  v_.clear();
}

KvSequence::Known KvSequence::FindKnown(const KvPagePool& pool, const std::string& domain,
                                        std::span<const int32_t> tokens) {
  const PrefixIndex& index = pool.impl_->index;
  Known known;
  for (int32_t node = PrefixIndex::kNone; known.n_matched + kKvPageTokens <= std::ssize(tokens);) {
    node = index.Find(node, domain, tokens.data() + known.n_matched);
    if (node == PrefixIndex::kNone) break;
    if (index.page(node) == PrefixIndex::kNone && index.stored(node) == PrefixIndex::kNone) break;
    known.n_matched += kKvPageTokens;
    if (pool.impl_->state_floats == 0 || index.has_state(node)) known.n_tokens = known.n_matched;
  }
  return known;
}

KvSequence::Known KvSequence::Adopt(std::span<const int32_t> tokens) {
  KvPagePool::Impl& pool = *pool_->impl_;
  Known known = FindKnown(*pool_, domain_, tokens);
  if (pool.state_floats > 0) known.n_tokens = AdoptState(tokens, known.n_tokens);
  for (int64_t at = 0; at < known.n_tokens; at += kKvPageTokens) {
    const int32_t parent = nodes_.empty() ? PrefixIndex::kNone : nodes_.back();
    const int32_t node = pool.index.Find(parent, domain_, tokens.data() + at);
    if (pool.index.page(node) != PrefixIndex::kNone) {
      pool.index.Hold(node);
    } else if (!pool.ReadPage(node)) {
      if (pool.state_floats == 0) {
        known.n_tokens = at;
      } else {  // a state is worth nothing without all pages before it
        ReleaseNodes();
        known.n_tokens = 0;
      }
      break;
    }
    nodes_.push_back(node);
    AddPage(pool.index.page(node));
  }
  if (known.n_tokens == 0) state_.Resize(0, 0);
  pool.CountFree();
  return known;
}

// The state after the most of these tokens that there is one of; returns how many.
int64_t KvSequence::AdoptState(std::span<const int32_t> tokens, int64_t n_tokens) {
  KvPagePool::Impl& pool = *pool_->impl_;
  for (; n_tokens > 0; n_tokens = FindKnown(*pool_, domain_, tokens.first(n_tokens - 1)).n_tokens) {
    int32_t node = PrefixIndex::kNone;
    for (int64_t at = 0; at < n_tokens; at += kKvPageTokens) {
      node = pool.index.Find(node, domain_, tokens.data() + at);
    }
    state_.Resize(1, pool.state_floats);
    if (const PrefixState* kept = pool.index.state(node)) {
      std::copy(kept->values.begin(), kept->values.end(), state_.data());
      pool.index.TouchState(node);
      break;
    }
    if (pool.file->ReadState(pool.index.stored(node), {state_.data(), size_t(pool.state_floats)})) {
      break;
    }
    pool.index.ForgetStoredState(node);
  }
  return n_tokens;
}

bool KvSequence::Reserve(int64_t n_tokens) {
  KvPagePool::Impl& pool = *pool_->impl_;
  const bool wants_state = state_pages_.empty() && pool.state_pages > 0 && n_tokens > 0;
  if (n_tokens <= capacity() && !wants_state) return true;
  const int64_t n_pages = n_tokens == 0 ? 0 : (n_tokens - 1) / kKvPageTokens + 1;
  const int64_t n_new = std::max<int64_t>(0, n_pages - std::ssize(pages_));
  const int64_t n_state = wants_state ? pool.state_pages : 0;
  if (n_new > pool.n_available() - n_state) return false;
  if (wants_state) {
    if (nodes_.empty()) {
      state_.Resize(1, pool.state_floats);
      std::fill_n(state_.data(), pool.state_floats, 0.0f);
    }
    state_pages_ = pool.TakeStatePages();
  }
  for (int64_t i = 0; i < n_new; ++i) AddPage(pool.TakePage());
  pool.CountFree();
  return true;
}

void KvSequence::ClearState() { std::fill(state_.data(), state_.data() + state_.cols(), 0.0f); }

void KvSequence::AddPage(int32_t page) {
  const size_t n_layers = pool_->impl_->layers.size();
  k_.resize(n_layers);
  v_.resize(n_layers);
  pages_.push_back(page);
  for (size_t layer = 0; layer < n_layers; ++layer) {
    if (pool_->impl_->layers[layer].v_start == 0) continue;
    k_[layer].push_back(nullptr);
    v_[layer].push_back(nullptr);
  }
  PutPage(pages_.size() - 1, page);
}

void KvSequence::PutPage(size_t index, int32_t page) {
  const KvPagePool::Impl& pool = *pool_->impl_;
  pages_[index] = page;
  for (size_t layer = 0; layer < pool.layers.size(); ++layer) {
    const auto [k_start, v_start] = pool.layers[layer];
    if (v_start == 0) continue;
    k_[layer][index] = pool.PageAt(page) + k_start;
    v_[layer][index] = pool.PageAt(page) + v_start;
  }
}

void KvSequence::Publish(std::span<const int32_t> tokens) {
  KvPagePool::Impl& pool = *pool_->impl_;
  for (size_t i = nodes_.size(); (i + 1) * kKvPageTokens <= tokens.size(); ++i) {
    const int32_t parent = i == 0 ? PrefixIndex::kNone : nodes_.back();
    const int32_t* const own = tokens.data() + i * kKvPageTokens;
    const int32_t found = pool.index.Find(parent, domain_, own);
    if (found == PrefixIndex::kNone) {
      nodes_.push_back(pool.index.Add(parent, domain_, own, pages_[i]));
      continue;
    }
    nodes_.push_back(found);
    if (pool.index.page(found) == PrefixIndex::kNone) {  // so far it lay in a file
      pool.index.SetPage(found, pages_[i]);
      continue;
    }
    pool.index.Hold(found);
    pool.free.push_back(pages_[i]);
    PutPage(i, pool.index.page(found));
  }
  pool.CountFree();
}

void KvSequence::KeepState(bool passing) {
  KvPagePool::Impl& pool = *pool_->impl_;
  if (nodes_.empty() || pool.state_floats == 0) return;
  PrefixIndex& index = pool.index;
  const int32_t node = nodes_.back();
  if (PrefixState* known = index.state(node)) {
    known->passing = known->passing && passing;
    return;
  }
  const int32_t before = std::exchange(passing_, passing ? node : PrefixIndex::kNone);
  PrefixState state;
  if (before != PrefixIndex::kNone && index.state(before) && index.state(before)->passing) {
    state = index.TakeState(before);
  } else if (pool.n_available() >= pool.state_pages) {
    state.pages = pool.TakeStatePages();
  } else {
    passing_ = PrefixIndex::kNone;
    return;
  }
  state.values.assign(state_.data(), state_.data() + pool.state_floats);
  state.passing = passing;
  index.SetState(node, std::move(state));
  pool.CountFree();
}

int64_t KvSequence::capacity() const { return static_cast<int64_t>(pages_.size()) * kKvPageTokens; }

KvTypes KvSequence::types() const { return pool_->impl_->types; }
std::byte* const* KvSequence::k_pages(int layer) const {
  return k_.empty() ? nullptr : k_[layer].data();
}
std::byte* const* KvSequence::v_pages(int layer) const {
  return v_.empty() ? nullptr : v_[layer].data();
}

}  // namespace pioneer
