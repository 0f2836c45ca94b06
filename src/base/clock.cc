#include "base/clock.h"

#include <chrono>

namespace pioneer {
namespace {

class RealClock : public Clock {
 public:
  int64_t MonotonicNs() const override {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  }
  int64_t UnixMs() const override {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  }
};

}  // namespace

const Clock& Clock::Real() {
  static const RealClock clock;
  return clock;
}

Stopwatch::Stopwatch() : start_ns_(Clock::Real().MonotonicNs()) {}

double Stopwatch::Seconds() const {
  return static_cast<double>(Clock::Real().MonotonicNs() - start_ns_) * 1e-9;
}

}  // namespace pioneer
