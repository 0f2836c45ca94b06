// Why: one broken document or one odd batch can throw a run back by hours. A step whose loss or
// gradient is far above those of the steps before is not applied (the rule of llm.c's
// outlier_detector.h: a z-score against a window of the last 128).
#pragma once

#include <vector>

namespace pioneer {

// Of one series. One thread.
class OutlierDetector {
 public:
  // How many standard deviations `value` lies above the mean of the window; 0 until the window is
  // full. Then the value joins the window, outlier or not: a lasting change is an outlier for four
  // steps at most.
  double Score(double value);

  // The window, oldest first; a checkpoint keeps it.
  const std::vector<double>& values() const { return values_; }
  void set_values(std::vector<double> values) { values_ = std::move(values); }

 private:
  std::vector<double> values_;
};

}  // namespace pioneer
