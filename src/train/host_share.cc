#include "train/host_share.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/thread_pool.h"

namespace pioneer {
namespace {

// Of n things, how many go to place i of `places`.
int PartOf(int n, int i, int places) { return n * (i + 1) / places - n * i / places; }

}  // namespace

HostShare::HostShare(const Communicator& processes) : processes_(processes) {
  bound_threads_ = host_threads_ = UsableCores();
  if (processes.size() == 1) return;
  cpu_set_t mpirun;
  if (::sched_getaffinity(0, sizeof bound_, &bound_) != 0) return;
  if (::sched_getaffinity(::getppid(), sizeof mpirun, &mpirun) != 0) return;
  if (::sched_setaffinity(0, sizeof mpirun, &mpirun) == 0) host_threads_ = UsableCores();
}

int HostShare::OwnThreads(int run_threads) const {
  if (run_threads == 0) {
    return std::max(1, PartOf(host_threads_, processes_.host_rank(), processes_.host_size()));
  }
  if (run_threads < processes_.size()) {
    Fail(ErrorCode::kInvalidArgument,
         "the recipe's \"threads\" ({}) are those of the whole run, fewer than its {} processes",
         run_threads, processes_.size());
  }
  return PartOf(run_threads, processes_.rank(), processes_.size());
}

void HostShare::Settle(int threads) const {
  if (processes_.size() > 1 && threads <= bound_threads_) {
    ::sched_setaffinity(0, sizeof bound_, &bound_);
  }
}

}  // namespace pioneer
