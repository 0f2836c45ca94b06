#include "train/source_parallel.h"

#include <exception>
#include <mutex>

namespace pioneer {

void ForEachInPool(ThreadPool& pool, size_t n, const std::function<void(size_t)>& job) {
  std::mutex mutex;
  std::exception_ptr failure;
  size_t failed_at = n;
  pool.ParallelFor(static_cast<int64_t>(n), 1, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      try {
        job(i);
      } catch (...) {
        const std::lock_guard<std::mutex> lock(mutex);
        if (i > failed_at) continue;
        failed_at = i;
        failure = std::current_exception();
      }
    }
  });
  if (failure) std::rethrow_exception(failure);
}

}  // namespace pioneer
