// Why: handing work to other threads costs about a microsecond or two; tiny work stays here.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/thread_pool.h"

namespace pioneer {

// About 10 microseconds of the cheapest element operations.
inline constexpr int64_t kMinParallelWork = 32768;

// ParallelFor over n items, each `item_work` element operations, in chunks worth sharing out.
template <typename Job>
void ForItems(ThreadPool& pool, int64_t n, int64_t item_work, const Job& job) {
  if (n <= 0) return;
  if (pool.size() == 1 || n * item_work < 2 * kMinParallelWork) return job(0, n);
  const int64_t worthwhile = kMinParallelWork / std::max<int64_t>(1, item_work);
  const int64_t fair = n / (4 * static_cast<int64_t>(pool.size()));
  pool.ParallelFor(n, std::max<int64_t>({1, worthwhile, fair}), job);
}

}  // namespace pioneer
