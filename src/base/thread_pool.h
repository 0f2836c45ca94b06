// Why: one pool of threads for all compute of the process, so that engine steps and training do not
// fight over cores.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pioneer {

// Cores this process may use: CPU affinity and the cgroup's quota, at least 1.
int UsableCores();

// A fixed set of threads that run one parallel job at a time. Waiting threads spin for a bounded
// time, then sleep. Run() may be called from any thread; calls from several threads take turns.
// Jobs must not throw and must not call Run() of the same pool.
class ThreadPool {
 public:
  // The calling thread takes part, so n_threads - 1 threads are started. 0 = UsableCores().
  explicit ThreadPool(int n_threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return n_threads_; }

  // Calls job(thread_index) once on each thread, 0 <= thread_index < size(); returns when all are
  // done.
  void Run(const std::function<void(int)>& job);

  // Splits [0, n) into chunks of `grain` (the last may be shorter) that threads take as they become
  // free: job(begin, end).
  void ParallelFor(int64_t n, int64_t grain, const std::function<void(int64_t, int64_t)>& job);

 private:
  void WorkerLoop(int thread_index);

  int n_threads_;
  std::mutex run_mutex_;
  std::vector<std::thread> workers_;
  const std::function<void(int)>* job_ = nullptr;
  std::atomic<uint32_t> generation_{0};
  std::atomic<int> pending_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace pioneer
