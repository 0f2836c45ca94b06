// Why: the trained numbers of an adapter in one flat array, so that the optimizer, gradient sums,
// checkpoints and export see a single vector with named parts. Beside each matrix W of the layers
// stands scale * B A (LoRA: Hu et al. 2021, https://arxiv.org/abs/2106.09685).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tensor/ops/train_buffer.h"
#include "tune/frozen_model.h"

namespace pioneer::tune {

// The change of one matrix: A [rank, n_in] at `a`, B [n_out, rank] at `b`.
struct AdapterSlot {
  std::string tensor;  // of the matrix: "blk.0.attn_q.weight"
  int64_t n_out = 0, n_in = 0;
  int64_t a = 0, b = 0;
};

// Immutable; any thread may read.
class AdapterLayout {
 public:
  // Throws Error{kInvalidArgument} for a rank that is not from 1 to the least side of a matrix.
  AdapterLayout(const FrozenModel& model, int rank, float alpha);

  int rank() const { return rank_; }
  float alpha() const { return alpha_; }
  float scale() const { return alpha_ / static_cast<float>(rank_); }
  int64_t size() const { return size_; }  // of the flat array
  const std::vector<AdapterSlot>& slots() const { return slots_; }
  const AdapterSlot& slot(size_t layer, MatrixKind kind) const {
    return slots_[layer * kMatrixKinds + static_cast<size_t>(kind)];
  }

  // A: uniform within 1 / sqrt(n_in), as PEFT begins; B: 0, so that the adapter begins as nothing.
  TrainBuffer<float> InitialValues(uint64_t seed) const;

 private:
  int rank_;
  float alpha_;
  int64_t size_ = 0;
  std::vector<AdapterSlot> slots_;
};

}  // namespace pioneer::tune
