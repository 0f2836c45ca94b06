// Why: a run that is stopped or killed at any moment goes on from its last checkpoint as if nothing
// had happened.
//
// File: magic "PIOCKPT2"; u64 length of the header; the header as JSON; padding to 64; weights and
// the optimizer's state as float32; CRC-64 of everything before it. Written atomically.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "tensor/ops/train_buffer.h"

namespace pioneer {

// Where a run stands. Sums over all stages, then those of the stage at hand.
struct TrainState {
  int64_t stage = 0;  // == number of stages: finished
  int64_t step = 0, stage_step = 0;
  int64_t tokens = 0, stage_tokens = 0;
  double seconds = 0, stage_seconds = 0;
  int64_t skipped_steps = 0, skipped_in_a_row = 0;
  std::vector<double> recent_losses, recent_norms;  // windows of the stage's outlier detectors
  int64_t optimizer_steps = 0;
  double validation_loss = -1;  // the latest, -1 when there is none
  Json data_position;           // of the stage's loader; null before its first step
  std::string lineage;          // of the data (lineage.h)
};

struct Checkpoint {
  Json model;  // the shape, for export and for refusing a changed recipe
  TrainState state;
  TrainBuffer<float> weights, optimizer;
};

void SaveCheckpoint(const fs::path& path, const Json& model, const TrainState& state,
                    const TrainBuffer<float>& weights, const TrainBuffer<float>& optimizer);

// The same where the optimizer's n_optimizer numbers do not lie in one piece: `optimizer` calls
// what it is given for each piece, in their order.
using WriteFloats = std::function<void(std::span<const float>)>;
void SaveCheckpoint(const fs::path& path, const Json& model, const TrainState& state,
                    const TrainBuffer<float>& weights, int64_t n_optimizer,
                    const std::function<void(const WriteFloats&)>& optimizer);

// Only where the run stands, without reading the weights: nothing of the file is proved by it.
// Throws like LoadCheckpoint().
TrainState LoadCheckpointState(const fs::path& path);

// Throws Error{kNotFound}, or kCorruptFile with what is wrong and what to do.
Checkpoint LoadCheckpoint(const fs::path& path);

}  // namespace pioneer
