// Why: several processes may train one model together. This is all that they say to each other, so
// that the trainer is the same for one process and for many, and is tested without MPI.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

namespace pioneer {

// The processes of one run, seen from one of them. Calls on one process must meet calls on the
// others: a Send its Receive, and Broadcast and Sum the same call everywhere, in the same order. A
// process that dies ends the run. One thread.
class Communicator {
 public:
  virtual ~Communicator() = default;

  int rank() const { return rank_; }  // 0 prepares, writes and reports
  int size() const { return size_; }
  bool first() const { return rank_ == 0; }
  int host_rank() const { return host_rank_; }  // among those on this machine
  int host_size() const { return host_size_; }

  // Started: the memory stays as it is until Finish(). Numbers from one process to another arrive
  // in the order in which they were sent.
  virtual void Send(std::span<const float> data, int to) = 0;
  virtual void Broadcast(std::span<float> data, int from) = 0;
  // Returns when all that was started is done.
  virtual void Finish() = 0;

  // Returns when `data` is here.
  virtual void Receive(std::span<float> data, int from) = 0;
  // Element by element over all processes. Numbers are whole and small, or 0 in all processes but
  // one, so that sums are exact and know no order. No process returns before all have called.
  virtual void Sum(std::span<double> values) = 0;

  void Barrier();
  double FromFirst(double value);  // what the first process says, in all

 protected:
  Communicator(int rank, int size, int host_rank, int host_size)
      : rank_(rank), size_(size), host_rank_(host_rank), host_size_(host_size) {}

 private:
  int rank_, size_, host_rank_, host_size_;
};

// A process by itself. Its calls do nothing, so all share it.
Communicator& OneProcess();

// Which of a run's threads are those of this process.
struct ThreadShare {
  int first = 0, own = 1, total = 1;
};

// All processes must call this. `own` threads of each make up the run's.
ThreadShare ShareThreads(Communicator& processes, int own);

}  // namespace pioneer
