// Why: time is an input. Code that waits or stamps takes a Clock, so tests need no sleep.
#pragma once

#include <cstdint>

namespace pioneer {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t MonotonicNs() const = 0;  // never goes back; for durations
  virtual int64_t UnixMs() const = 0;       // wall clock; for stamps

  static const Clock& Real();
};

// Seconds since construction, by the real clock.
class Stopwatch {
 public:
  Stopwatch();
  double Seconds() const;

 private:
  int64_t start_ns_;
};

}  // namespace pioneer
