#include "base/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/clock.h"

namespace pioneer {

ProgressLine::ProgressLine()
    : terminal_(isatty(STDERR_FILENO) != 0), start_ns_(Clock::Real().MonotonicNs()) {}

ProgressLine::~ProgressLine() {
  if (terminal_ && drawn_) fmt::print(stderr, "\n");
}

void ProgressLine::Update(const std::string& text) {
  const double now = static_cast<double>(Clock::Real().MonotonicNs() - start_ns_) * 1e-9;
  if (now - last_seconds_ < (terminal_ ? 0.1 : 10.0)) return;
  last_seconds_ = now;
  drawn_ = true;
  if (terminal_) {
    fmt::print(stderr, "\r\033[K{}", text);
    std::fflush(stderr);
  } else {
    fmt::print(stderr, "{}\n", text);
  }
}

std::string FormatDuration(double seconds) {
  const long long total = static_cast<long long>(seconds + 0.5);
  if (total >= 3600) return fmt::format("{} h {:02} min", total / 3600, total / 60 % 60);
  if (total >= 60) return fmt::format("{} min {:02} s", total / 60, total % 60);
  return fmt::format("{} s", total);
}

std::string FormatBytes(double bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  while (bytes >= 1024 && unit < 4) {
    bytes /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

}  // namespace pioneer
