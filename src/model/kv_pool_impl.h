// Why: what a pool of pages consists of, for the files that make it up. Nobody else includes this.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <memory>
#include <vector>

#include "base/error.h"
#include "model/kv_pages.h"
#include "model/prefix_file.h"
#include "model/prefix_index.h"

namespace pioneer {

struct KvPagePool::Impl {
  // Where a layer's K and V begin in a page, in bytes; no K and V when v_start is 0.
  struct Layer {
    int64_t k_start = 0, v_start = 0;
  };

  std::vector<Layer> layers;
  KvTypes types;
  int64_t state_floats = 0;
  int64_t state_pages = 0;
  int64_t page_bytes = 0;
  int32_t total_pages = 0;
  std::byte* memory = nullptr;
  std::vector<int32_t> free;  // last in, first out: a page that is warm is used again first
  PrefixIndex index;
  std::shared_ptr<const PrefixFile> file;  // of the nodes that are stored; may be null
  std::atomic<int32_t> n_free{0}, n_cached{0};

  Impl(const MemoryPlan& plan, uint64_t secret)
      : types(plan.types),
        state_floats(plan.state_floats),
        state_pages(plan.StatePages()),
        page_bytes(plan.PageBytes()),
        index(secret) {
    int64_t at = 0;
    for (const KvLayer& layer : plan.layers) {
      if (layer.n_kv_heads == 0) {
        layers.push_back({});
        continue;
      }
      const int64_t v_start = at + layer.n_kv_heads * KeyHeadBytes(types.k, layer.k_dim);
      layers.push_back({at, v_start});
      at = v_start + layer.n_kv_heads * ValueHeadBytes(types.v, layer.v_dim);
    }
  }
  ~Impl() {
    if (memory != nullptr) ::munmap(memory, static_cast<size_t>(page_bytes) * total_pages);
  }
  std::byte* PageAt(int32_t page) const { return memory + page_bytes * page; }
  // Of a file that keeps pages. What pages hold depends on their types, too.
  PrefixFileLayout FileLayout(const std::string& identity) const {
    return {identity + "\n" + KvPageLayout(types.k) + ", " + KvPageLayout(types.v), page_bytes,
            state_floats};
  }
  int64_t n_available() const { return std::ssize(free) + index.n_idle(); }
  void CountFree() {
    n_free = static_cast<int32_t>(n_available());
    n_cached = static_cast<int32_t>(index.n_idle());
  }
  void MakeFree(int64_t n) {
    while (std::ssize(free) < n) {
      if (!index.Evict(free)) Fail(ErrorCode::kInternal, "{} KV pages are not there", n);
    }
  }
  int32_t TakePage() {
    MakeFree(1);
    const int32_t page = free.back();
    free.pop_back();
    return page;
  }
  // Gives a node that lies in the file a page, held; false when there is no room or the file is
  // damaged.
  bool ReadPage(int32_t node);
  std::vector<int32_t> TakeStatePages() {
    MakeFree(state_pages);
    std::vector<int32_t> taken(free.begin(), free.begin() + state_pages);
    free.erase(free.begin(), free.begin() + state_pages);
    for (const int32_t page : taken) GiveMemoryBack(page);
    return taken;
  }
  void PutStatePages(const std::vector<int32_t>& pages) {
    free.insert(free.begin(), pages.begin(), pages.end());
  }
  // As far as the system's pages lie within this one.
  void GiveMemoryBack(int32_t page) const {
    constexpr uintptr_t kSystemPage = 4096;
    const auto begin = reinterpret_cast<uintptr_t>(PageAt(page));
    const uintptr_t first = (begin + kSystemPage - 1) / kSystemPage * kSystemPage;
    const uintptr_t last = (begin + static_cast<uintptr_t>(page_bytes)) / kSystemPage * kSystemPage;
    if (first < last) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
  }
};

}  // namespace pioneer
