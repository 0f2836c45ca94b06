#include "cli/interrupt.h"

#include <csignal>

namespace pioneer {
namespace {

CancelToken* active = nullptr;

// Only what a signal handler may do: one store, and the default for the next signal.
extern "C" void OnInterrupt(int signal) {
  if (active != nullptr) active->Cancel();
  std::signal(signal, SIG_DFL);
}

}  // namespace

InterruptCancels::InterruptCancels() {
  active = &token_;
  std::signal(SIGINT, OnInterrupt);
  std::signal(SIGTERM, OnInterrupt);
  std::signal(SIGUSR1, OnInterrupt);
}

InterruptCancels::~InterruptCancels() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  std::signal(SIGUSR1, SIG_DFL);
  active = nullptr;
}

}  // namespace pioneer
