// Why: long work says how far it is, on stderr when that is a terminal, silent otherwise.
#pragma once

#include <string>

namespace pioneer {

// One line that is rewritten in place, at most ten times a second. When stderr is no terminal,
// prints a plain line at most every ten seconds. One thread.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine();  // ends the line
  void Update(const std::string& text);

 private:
  bool terminal_;
  bool drawn_ = false;
  double last_seconds_ = -1e9;
  long long start_ns_;
};

// "1 h 02 min", "3 min 05 s", "12 s".
std::string FormatDuration(double seconds);
// "1.5 GiB", "320 KiB", "12 B".
std::string FormatBytes(double bytes);

}  // namespace pioneer
