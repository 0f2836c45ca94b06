#include "lab/log_series.h"

#include <algorithm>
#include <cmath>

namespace pioneer::lab {

void Spread::Add(double value) {
  if (!std::isfinite(value)) return;
  min = std::min(min, value);
  max = std::max(max, value);
  sum += value;
  ++count;
}

void Spread::Add(const Spread& other) {
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  sum += other.sum;
  count += other.count;
}

void LogSeries::Add(const TrainLogEntry& entry) {
  if (entry.step <= end_.step) return;
  ++n_entries_;
  end_.step = entry.step;
  end_.tokens = std::max(end_.tokens, entry.tokens);
  if (std::isfinite(entry.seconds)) end_.seconds = std::max(end_.seconds, entry.seconds);
  if (n_entries_ == 1 || entry.stage != stage_) {
    stage_ = entry.stage;
    if (stages_.size() < kMaxMarks) stages_.push_back({end_, stage_.substr(0, kMaxMarkBytes)});
  }
  if (entry.skipped) {
    ++n_skipped_;
    if (skipped_.size() == kMaxMarks) skipped_.erase(skipped_.begin());
    skipped_.push_back({end_, entry.why_skipped.substr(0, kMaxMarkBytes)});
  }
  AddPoint(entry);
  if (entry.validation_loss >= 0) AddHeldOut(entry);
}

void LogSeries::AddPoint(const TrainLogEntry& entry) {
  if (points_.empty() || in_last_point_ == steps_per_point_) {
    if (points_.size() == max_points_) {
      for (size_t i = 0; i < max_points_ / 2; ++i) {
        SeriesPoint& pair = points_[i] = points_[2 * i];
        const SeriesPoint& second = points_[2 * i + 1];
        pair.place = second.place;
        pair.loss.Add(second.loss);
        pair.gradient_norm.Add(second.gradient_norm);
        pair.learning_rate.Add(second.learning_rate);
        pair.tokens_per_second.Add(second.tokens_per_second);
      }
      points_.resize(max_points_ / 2);
      steps_per_point_ *= 2;
    }
    points_.emplace_back();
    in_last_point_ = 0;
  }
  SeriesPoint& point = points_.back();
  point.place = end_;
  point.loss.Add(entry.loss);
  point.gradient_norm.Add(entry.gradient_norm);
  point.learning_rate.Add(entry.learning_rate);
  point.tokens_per_second.Add(entry.tokens_per_second);
  ++in_last_point_;
}

// Of too many every second goes; the latest stays.
void LogSeries::AddHeldOut(const TrainLogEntry& entry) {
  if (held_out_.size() == max_points_) {
    for (size_t i = 0; i < max_points_ / 2; ++i) held_out_[i] = held_out_[2 * i + 1];
    held_out_.resize(max_points_ / 2);
  }
  held_out_.push_back({end_, entry.validation_loss, entry.validation_bits_per_byte});
}

}  // namespace pioneer::lab
