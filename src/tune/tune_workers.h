// Why: the packs of a step are shared out to threads, each with its own activations and its own
// gradient, so threads meet only at the end of a step.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "tensor/ops/train_buffer.h"
#include "tune/adapter_layout.h"
#include "tune/frozen_model.h"
#include "tune/loss.h"
#include "tune/packed_texts.h"

namespace pioneer::tune {

// One thread at a time. Pack i goes to thread i % pool.size(): the same packs on the same number of
// threads give the same bits.
class TuneWorkers {
 public:
  struct Options {
    bool bf16 = false;           // products in bfloat16 (accumulated in float32), else in float32
    int64_t pack_tokens = 1024;  // of the largest pack, about
  };
  // Everything must outlive it. Layers are computed again in the backward pass where keeping them
  // would take more than a quarter of the memory; matrices are kept expanded as matrix_source.h
  // says. Neither changes a bit.
  static std::unique_ptr<TuneWorkers> Make(const FrozenModel& model, const AdapterLayout& layout,
                                           ThreadPool& pool, const Options& options);
  virtual ~TuneWorkers() = default;

  // Call after every change; values [layout.size()] are copied.
  virtual void SetAdapter(const float* values) = 0;
  // Of the counted targets of each pack, others 0; of the base model where not `adapted`.
  virtual std::vector<std::vector<float>> LogProbs(std::span<const PackedTexts> packs,
                                                   bool adapted) = 0;
  // Overwrites `gradient` [layout.size()] with the sum over all packs.
  virtual LossSums LossAndGradient(std::span<const PackedTexts> packs, const Loss& loss,
                                   TrainBuffer<float>& gradient) = 0;
};

}  // namespace pioneer::tune
