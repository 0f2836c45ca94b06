// Why: the sequences of a batch are shared out to threads, each with its own activations and its
// own gradient, so threads meet only at the end of a step. Threads of several processes count as
// those of one.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/cancel.h"
#include "base/thread_pool.h"
#include "tensor/ops/train_buffer.h"
#include "train/communicator.h"
#include "train/llama_pass.h"

namespace pioneer {

// Whether layers are computed again in the backward pass: only where keeping what they computed
// would take more than half of the memory.
bool RecomputesLayers(const LlamaShape& shape, int n_threads, bool bf16);

// One thread at a time. Sequence i goes to thread i % n of the run's n threads: the same batch on
// the same number of threads gives the same bits. With several processes all must make the same
// calls with the same batch; each gets the losses of all, and the gradients of its own threads.
class GradientWorkers {
 public:
  // bf16: products in bfloat16 (accumulated in float32), else in float32. A batch of any size takes
  // the memory of one sequence a thread; where even that is too much, layers are computed again in
  // the backward pass, which changes no bit.
  static std::unique_ptr<GradientWorkers> Make(const ParameterLayout& layout, ThreadPool& pool,
                                               bool bf16, Communicator& processes = OneProcess());
  virtual ~GradientWorkers() = default;

  // Call after every change of the weights; the array must outlive the next calls.
  virtual void SetWeights(const float* weights) = 0;
  // Sums of the cross-entropy over counted targets.
  virtual double Loss(std::span<const TrainSequence> batch) = 0;
  // Gradients are overwritten with the gradient of loss * scale, one part a thread. Nothing when
  // any process was cancelled meanwhile: all of them learn of it here.
  virtual std::optional<double> LossAndGradient(std::span<const TrainSequence> batch, float scale,
                                                const CancelToken& cancel = {}) = 0;
  // Of a batch of pairs (texts 2i and 2i + 1 belong together): the mean of ContrastiveLoss(), and
  // its gradient; scale: 1 / temperature. All texts are run once for their vectors and once more
  // for their gradients, so that a batch takes no more memory than one pack of texts a thread (Gao,
  // Zhang, Han, Callan 2021, arXiv:2101.06983). Pack i (PackTexts) goes to thread i % n.
  virtual double PairLoss(std::span<const TrainSequence> batch, float scale) = 0;
  virtual std::optional<double> PairLossAndGradient(std::span<const TrainSequence> batch,
                                                    float scale,
                                                    const CancelToken& cancel = {}) = 0;
  virtual std::span<TrainBuffer<float>> gradients() = 0;
  // Of this process alone, for a text of 1 to context tokens.
  virtual int32_t MostLikelyNext(std::span<const int32_t> tokens) = 0;
  // Of this process alone: where the forward pass of the batch first gives a NaN or infinity, in
  // words; "" nowhere.
  virtual std::string FirstNotFinite(std::span<const TrainSequence> batch) = 0;
};

}  // namespace pioneer
