#include "base/thread_pool.h"

#include <algorithm>

namespace pioneer {
namespace {

// About 20-50 microseconds: longer than the gaps between the products of one step, much shorter
// than a scheduler's time slice.
constexpr int kSpins = 2000;

void Pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");  // "yield" does nothing on most processors
#else
  std::this_thread::yield();
#endif
}

// Waits until `value` differs from `old_value`: a bounded spin, then a futex.
template <typename T>
void WaitForChange(const std::atomic<T>& value, T old_value) {
  for (int i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old_value) return;
    Pause();
  }
  value.wait(old_value, std::memory_order_acquire);
}

}  // namespace

ThreadPool::ThreadPool(int n_threads) : n_threads_(n_threads > 0 ? n_threads : UsableCores()) {
  for (int i = 1; i < n_threads_; ++i) workers_.emplace_back([this, i] { WorkerLoop(i); });
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::WorkerLoop(int thread_index) {
  uint32_t seen = 0;
  while (true) {
    WaitForChange(generation_, seen);
    seen = generation_.load(std::memory_order_acquire);
    if (stopping_) return;
    (*job_)(thread_index);
    if (pending_.fetch_sub(1, std::memory_order_acq_rel) == 1) pending_.notify_one();
  }
}

void ThreadPool::Run(const std::function<void(int)>& job) {
  const std::lock_guard<std::mutex> lock(run_mutex_);
  if (workers_.empty()) return job(0);
  job_ = &job;
  pending_.store(n_threads_ - 1, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  job(0);
  for (int left = pending_.load(std::memory_order_acquire); left != 0;
       left = pending_.load(std::memory_order_acquire)) {
    WaitForChange(pending_, left);
  }
}

void ThreadPool::ParallelFor(int64_t n, int64_t grain,
                             const std::function<void(int64_t, int64_t)>& job) {
  if (n <= 0) return;
  if (n <= grain) return job(0, n);
  std::atomic<int64_t> next{0};
  Run([&](int) {
    while (true) {
      const int64_t begin = next.fetch_add(grain, std::memory_order_relaxed);
      if (begin >= n) return;
      job(begin, std::min(n, begin + grain));
    }
  });
}

}  // namespace pioneer
