// Why: working memory of training starts on a cache line, so that no vector load crosses two.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace pioneer {

template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};

  CacheLineAllocator() = default;
  template <typename U>
  CacheLineAllocator(const CacheLineAllocator<U>&) {}  // NOLINT: allocators convert

  T* allocate(size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kAlignment)); }
  void deallocate(T* p, size_t) { ::operator delete(p, kAlignment); }
  bool operator==(const CacheLineAllocator&) const { return true; }
};

template <typename T>
using TrainBuffer = std::vector<T, CacheLineAllocator<T>>;

}  // namespace pioneer
