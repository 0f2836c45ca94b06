// Why: tests run the processes of a run as threads of one process.
#pragma once

#include <condition_variable>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <tuple>
#include <vector>

#include "train/communicator.h"

namespace pioneer {

// Where messages lie between threads, by kind, sender and receiver.
class TestPost {
 public:
  enum class Kind { kSend, kBroadcast, kSum };
  using Address = std::tuple<Kind, int, int>;

  void Put(const Address& address, const void* data, size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto* begin = static_cast<const std::byte*>(data);
    messages_[address].emplace_back(begin, begin + bytes);
    arrived_.notify_all();
  }
  void Take(const Address& address, void* data, size_t bytes) {
    std::unique_lock<std::mutex> lock(mutex_);
    auto& waiting = messages_[address];
    arrived_.wait(lock, [&] { return !waiting.empty(); });
    if (waiting.front().size() != bytes) std::terminate();  // the processes do not agree
    std::memcpy(data, waiting.front().data(), bytes);
    waiting.pop_front();
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::map<Address, std::deque<std::vector<std::byte>>> messages_;
};

class TestCommunicator : public Communicator {
 public:
  TestCommunicator(TestPost& post, int rank, int size)
      : Communicator(rank, size, rank, size), post_(post) {}

  void Send(std::span<const float> data, int to) override {
    post_.Put({Kind::kSend, rank(), to}, data.data(), data.size_bytes());
  }
  void Receive(std::span<float> data, int from) override {
    post_.Take({Kind::kSend, from, rank()}, data.data(), data.size_bytes());
  }
  void Broadcast(std::span<float> data, int from) override {
    if (from != rank()) return expected_.push_back({data, from});
    for (int to = 0; to < size(); ++to) {
      if (to != from) post_.Put({Kind::kBroadcast, from, to}, data.data(), data.size_bytes());
    }
  }
  void Finish() override {
    for (const auto& [data, from] : expected_) {
      post_.Take({Kind::kBroadcast, from, rank()}, data.data(), data.size_bytes());
    }
    expected_.clear();
  }
  void Sum(std::span<double> values) override {
    for (int to = 0; to < size(); ++to) {
      post_.Put({Kind::kSum, rank(), to}, values.data(), values.size_bytes());
    }
    std::vector<double> sum(values.size()), theirs(values.size());
    for (int from = 0; from < size(); ++from) {
      post_.Take({Kind::kSum, from, rank()}, theirs.data(), values.size_bytes());
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += theirs[i];
    }
    std::copy(sum.begin(), sum.end(), values.begin());
  }

 private:
  using Kind = TestPost::Kind;
  TestPost& post_;
  std::vector<std::pair<std::span<float>, int>> expected_;
};

// Calls `process` for each of n processes at once.
inline void RunProcesses(int n, const std::function<void(Communicator&)>& process) {
  TestPost post;
  std::vector<std::thread> threads;
  for (int rank = 0; rank < n; ++rank) {
    threads.emplace_back([&, rank] {
      TestCommunicator processes(post, rank, n);
      process(processes);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace pioneer
