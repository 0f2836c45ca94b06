// Why: handlers block (on the engine, on the disk); they get threads of their own, up to a limit.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace pioneer {

// Threads are started when a task finds none free, and kept. Thread-safe.
class WorkerPool {
 public:
  explicit WorkerPool(int max_threads) : max_threads_(max_threads) {}
  ~WorkerPool() { Stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Tasks beyond the limit wait in line. A task must not throw. Dropped after Stop().
  void Submit(std::function<void()> task);

  // Waits for running tasks and drops waiting ones. Not from a task.
  void Stop();

 private:
  void WorkerLoop();

  const int max_threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  std::vector<std::thread> threads_;
  size_t idle_threads_ = 0;
  bool stopping_ = false;
};

}  // namespace pioneer
