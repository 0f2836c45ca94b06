// Why: processes that mpirun starts on one machine must not fight over its cores, and mpirun's
// default, to bind a process to a single core, must not leave the other cores idle.
#pragma once

#include <sched.h>

#include "train/communicator.h"

namespace pioneer {

// The cores of this machine, shared out among a run's processes on it.
class HostShare {
 public:
  // With several processes: lets this thread, and those that it will start, run wherever mpirun
  // itself may, so that the first process can prepare data with all cores.
  explicit HostShare(const Communicator& processes);

  int host_threads() const { return host_threads_; }  // of all processes here

  // Threads of this process, from those that the recipe gives the whole run; 0 = all usable cores.
  // Throws Error{kInvalidArgument} when there are fewer threads than processes.
  int OwnThreads(int run_threads) const;

  // From now on, this thread and those that it will start run where mpirun wanted them to, if that
  // is room for `threads`.
  void Settle(int threads) const;

 private:
  const Communicator& processes_;
  int bound_threads_ = 0, host_threads_ = 0;
  cpu_set_t bound_{};  // as mpirun left it
};

}  // namespace pioneer
