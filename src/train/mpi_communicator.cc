#include "train/mpi_communicator.h"

#include <dlfcn.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "train/mpi_calls.h"

namespace pioneer {
namespace {

constexpr char kModuleName[] = "pioneer-mpi.so";

// Waits last from microseconds to the minutes in which the first process prepares data: look often
// at first, then leave the core to those who compute.
template <typename Condition>
void WaitUntil(const Condition& condition) {
  constexpr double kBusySeconds = 200e-6;
  constexpr std::chrono::microseconds kLongest(1000);
  const Stopwatch watch;
  std::chrono::microseconds pause(20);
  while (!condition()) {
    if (watch.Seconds() < kBusySeconds) continue;
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongest);
  }
}

class MpiCommunicator : public Communicator {
 public:
  MpiCommunicator(const MpiCalls& calls, const CancelToken& cancel)
      : Communicator(calls.rank, calls.size, calls.host_rank, calls.host_size),
        calls_(calls),
        cancel_(cancel) {}

  // Finalizing waits for mpirun, which sleeps for a second after it passed a signal on, and kills.
  // What fails in all processes alike is told by the first one, which the others let go before.
  ~MpiCommunicator() override {
    const bool failed = std::uncaught_exceptions() > 0;
    if (!failed && !cancel_.cancelled()) calls_.finalize();
    if (failed && !first()) {
      std::this_thread::sleep_for(std::chrono::seconds(2));
    }
  }

  void Send(std::span<const float> data, int to) override {
    started_.push_back(calls_.send(data.data(), data.size(), to));
  }
  void Broadcast(std::span<float> data, int from) override {
    started_.push_back(calls_.broadcast(data.data(), data.size(), from));
  }
  void Finish() override {
    WaitUntil([&] {
      std::erase_if(started_, [&](int request) { return calls_.done(request); });
      return started_.empty();
    });
  }
  void Receive(std::span<float> data, int from) override {
    Wait(calls_.receive(data.data(), data.size(), from));
  }
  void Sum(std::span<double> values) override { Wait(calls_.sum(values.data(), values.size())); }

 private:
  void Wait(int request) {
    WaitUntil([&] { return calls_.done(request); });
  }

  const MpiCalls& calls_;
  CancelToken cancel_;
  std::vector<int> started_;
};

bool StartedByMpirun() {
  return std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr;
}

}  // namespace

std::unique_ptr<Communicator> JoinMpiRun(const CancelToken& cancel) {
  if (!StartedByMpirun()) return nullptr;
  const fs::path module = fs::read_symlink("/proc/self/exe").parent_path() / kModuleName;
  if (!fs::exists(module)) {
    Fail(ErrorCode::kUnsupported,
         "mpirun started this program, which was built without Open MPI ({} is missing): install "
         "libopenmpi-dev and openmpi-bin (scripts/setup.sh does) and build again",
         module.string());
  }
  // Open MPI's own plug-ins look for its symbols among the global ones.
  void* library = ::dlopen(module.c_str(), RTLD_NOW | RTLD_GLOBAL);
  const auto start =
      library == nullptr ? nullptr : reinterpret_cast<StartMpi*>(::dlsym(library, kStartMpi));
  if (start == nullptr) {
    Fail(ErrorCode::kUnsupported, "cannot use Open MPI: {}. Install openmpi-bin", ::dlerror());
  }
  return std::make_unique<MpiCommunicator>(*start(), cancel);
}

}  // namespace pioneer
