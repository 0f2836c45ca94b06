// Why: a run of a million steps is seen on a screen of a thousand pixels. Neighbouring steps are
// drawn together with their mean, least and greatest value, so that no spike is lost; memory and
// answers stay small however long the run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "train/train_log.h"

namespace pioneer::lab {

inline constexpr size_t kMaxPoints = 1000;

// Of the finite values that it was given.
struct Spread {
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  double sum = 0;
  int64_t count = 0;

  void Add(double value);
  void Add(const Spread& other);
  double mean() const { return sum / static_cast<double>(count); }  // NaN of none
};

// Where something stands on every axis.
struct RunPlace {
  int64_t step = 0, tokens = 0;
  double seconds = 0;  // of training
};

struct SeriesPoint {
  RunPlace place;  // of the last step in it
  Spread loss, gradient_norm, learning_rate, tokens_per_second;
};

struct HeldOutPoint {
  RunPlace place;
  double loss = 0, bits_per_byte = 0;
};

struct RunMark {
  RunPlace place;
  std::string text;
};

// One thread. Entries come in the order of their steps; one that does not is passed over.
class LogSeries {
 public:
  // At most `max_points` (even) points and held-out points.
  explicit LogSeries(size_t max_points = kMaxPoints) : max_points_(max_points) {}

  void Add(const TrainLogEntry& entry);

  const std::vector<SeriesPoint>& points() const { return points_; }
  int64_t steps_per_point() const { return steps_per_point_; }  // the last may have fewer
  const std::vector<HeldOutPoint>& held_out() const { return held_out_; }
  const std::vector<RunMark>& stages() const { return stages_; }    // where each begins
  const std::vector<RunMark>& skipped() const { return skipped_; }  // the latest kMaxMarks
  int64_t n_skipped() const { return n_skipped_; }
  int64_t n_entries() const { return n_entries_; }
  const RunPlace& end() const { return end_; }

  static constexpr size_t kMaxMarks = 100;
  static constexpr size_t kMaxMarkBytes = 300;

 private:
  void AddPoint(const TrainLogEntry& entry);
  void AddHeldOut(const TrainLogEntry& entry);

  size_t max_points_;
  int64_t steps_per_point_ = 1, in_last_point_ = 0;
  std::vector<SeriesPoint> points_;
  std::vector<HeldOutPoint> held_out_;
  std::vector<RunMark> stages_, skipped_;
  std::string stage_;
  int64_t n_skipped_ = 0, n_entries_ = 0;
  RunPlace end_;
};

}  // namespace pioneer::lab
