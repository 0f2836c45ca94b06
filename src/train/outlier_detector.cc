#include "train/outlier_detector.h"

#include <cmath>

namespace pioneer {
namespace {

constexpr size_t kOutlierWindow = 128;

}  // namespace

double OutlierDetector::Score(double value) {
  double score = 0;
  if (values_.size() >= kOutlierWindow) {
    double sum = 0, squares = 0;
    for (const double v : values_) sum += v;
    const double mean = sum / static_cast<double>(values_.size());
    for (const double v : values_) squares += (v - mean) * (v - mean);
    const double deviation = std::sqrt(squares / static_cast<double>(values_.size()));
    if (deviation > 0) score = (value - mean) / deviation;
    values_.erase(values_.begin());
  }
  values_.push_back(value);
  return score;
}

}  // namespace pioneer
