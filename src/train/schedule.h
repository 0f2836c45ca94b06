// Why: the learning rate over a stage: a linear warm-up, then a fall to a final share of the peak.
// Everything is a function of the stage's progress, so a stage limited by minutes follows the
// clock.
#pragma once

namespace pioneer {

enum class ScheduleKind { kCosine, kLinear, kConstant };

struct Schedule {
  ScheduleKind kind = ScheduleKind::kCosine;
  double peak = 1e-3;
  double warmup = 0.02;      // share of the stage
  double final_share = 0.1;  // of the peak, reached at the end; ignored by kConstant
};

// progress in [0, 1]; values outside are clamped.
double LearningRate(const Schedule& schedule, double progress);

}  // namespace pioneer
