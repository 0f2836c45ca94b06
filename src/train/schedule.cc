#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace pioneer {

double LearningRate(const Schedule& schedule, double progress) {
  progress = std::clamp(progress, 0.0, 1.0);
  if (progress < schedule.warmup) return schedule.peak * progress / schedule.warmup;
  if (schedule.kind == ScheduleKind::kConstant) return schedule.peak;
  const double rest = std::max(1e-9, 1.0 - schedule.warmup);
  const double fallen = (progress - schedule.warmup) / rest;
  const double left = schedule.kind == ScheduleKind::kCosine
                          ? 0.5 * (1.0 + std::cos(std::numbers::pi * fallen))
                          : 1.0 - fallen;
  return schedule.peak * (schedule.final_share + (1.0 - schedule.final_share) * left);
}

}  // namespace pioneer
