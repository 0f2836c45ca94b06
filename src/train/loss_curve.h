// Why: one look at the loss says how a run goes.
#pragma once

#include <string>
#include <vector>

#include "train/train_log.h"

namespace pioneer {

// An SVG picture of training and validation loss over tokens, with axes and labels, readable on
// light and dark pages. An empty log gives empty axes.
std::string DrawLossCurve(const std::vector<TrainLogEntry>& entries);

}  // namespace pioneer
