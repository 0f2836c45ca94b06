// Why: how runs look on the wire (docs/web-api.md), in one place.
#pragma once

#include "base/json.h"
#include "lab/lab.h"
#include "lab/samples.h"

namespace pioneer::serve {

OrderedJson RunSummaryJson(const lab::RunSummary& run);

// Columns: {step, tokens, seconds, loss: {mean, min, max}, ..., held_out: {...}, stages, skipped}.
// Numbers have six digits; what was not finite is null.
OrderedJson LogSeriesJson(const lab::LogSeries& series);

OrderedJson SamplesJson(const std::vector<lab::SampleStep>& steps);

}  // namespace pioneer::serve
