// Why: what a run's log.jsonl says, for the whole run as it grows, for a part of it seen closely,
// and for a glance; none of these holds the file in memory.
#pragma once

#include <optional>
#include <vector>

#include "lab/line_tail.h"
#include "lab/log_series.h"

namespace pioneer::lab {

// One thread. A copy goes on by itself.
class RunLog {
 public:
  explicit RunLog(fs::path path) : tail_(std::move(path)) {}

  struct News {
    bool restarted = false;  // the log was begun anew: `entries` and the series are from its start
    std::vector<TrainLogEntry> entries;
  };

  // Reads what was added. The first call reads everything.
  void Update();
  // The same, and tells what was new.
  News TakeNews();

  const LogSeries& series() const { return series_; }

 private:
  void Read(News* news);

  LineTail tail_;
  LogSeries series_;
};

// The steps from `from_step` to `to_step` only, so that each point stands for fewer of them. Finds
// the place by bisection: a log is in the order of its steps.
LogSeries ReadLogWindow(const fs::path& path, int64_t from_step, int64_t to_step);

struct LogGlance {
  std::optional<TrainLogEntry> last;  // the last whole line; nullopt when there is none
  double validation_loss = -1, validation_bits_per_byte = -1;  // the latest within kGlanceBytes
  std::vector<double> losses;  // at places spread evenly over the file, the first and last included
};

inline constexpr size_t kGlanceBytes = size_t{64} << 10;

// Reads a few places of the file, however large it is.
LogGlance GlanceAtLog(const fs::path& path, size_t n_losses);

}  // namespace pioneer::lab
