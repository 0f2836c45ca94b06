// Why: one training sequence through a llama model, forward and backward. Each thread owns a pass
// and its activations and works on its own sequences, so threads meet once a step.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/ops/train_attention.h"
#include "tensor/ops/train_buffer.h"
#include "tensor/ops/train_matmul.h"
#include "train/llama_parameters.h"

namespace pioneer {

// inputs[i] is followed by targets[i]; loss counts where counted[i] != 0. All of one length, at
// most the model's context; ids within the vocabulary.
struct TrainSequence {
  std::span<const int32_t> inputs, targets;
  std::span<const uint8_t> counted;
};

// The same numbers twice: float32, and in the products' element type (the same array for float).
template <typename T>
struct TrainWeights {
  const float* exact = nullptr;
  const T* product = nullptr;
};

// T is float or Bf16: the element type of everything that enters a product. The residual stream,
// norms, softmax, loss and gradients of weights are float32 in both.
template <typename T>
class LlamaPass {
 public:
  explicit LlamaPass(const ParameterLayout& layout);

  // Sum of the cross-entropy (nats) of the counted targets.
  double Loss(const TrainWeights<T>& weights, const TrainSequence& sequence);

  // The same; adds d(loss * gradient_scale)/d(parameters) to gradient [layout.size()].
  double LossAndGradient(const TrainWeights<T>& weights, const TrainSequence& sequence,
                         float gradient_scale, float* gradient);

 private:
  // What the backward pass of one layer needs from its forward pass; all [tokens, width].
  struct LayerState {
    TrainBuffer<float> input, middle;  // residual stream before attention and before feed-forward
    TrainBuffer<float> input_rstd, middle_rstd;
    TrainBuffer<T> normed_input, qkv, attention, normed_middle, gate_up, hidden;
    TrainBuffer<float> log_sum;
  };

  void Forward(const TrainWeights<T>& weights, const TrainSequence& sequence);
  void ForwardAttention(const TrainWeights<T>& weights, const LayerOffsets& at, LayerState& state);
  void ForwardFeedForward(const TrainWeights<T>& weights, const LayerOffsets& at, LayerState& state,
                          TrainBuffer<float>& output);
  // Fills d_normed_ with the gradient at the final norm's output when gradient is not null.
  double ForwardLoss(const TrainWeights<T>& weights, const TrainSequence& sequence,
                     float gradient_scale, float* gradient);
  void Backward(const TrainWeights<T>& weights, const TrainSequence& sequence, float* gradient);
  void BackwardFeedForward(const TrainWeights<T>& weights, const LayerOffsets& at,
                           const LayerState& state, float* gradient);
  void BackwardAttention(const TrainWeights<T>& weights, const LayerOffsets& at,
                         const LayerState& state, float* gradient);
  TrainAttentionShape AttentionShape() const;

  ParameterLayout layout_;
  int64_t n_tokens_ = 0;  // of the sequence at hand
  std::vector<LayerState> layers_;
  TrainBuffer<float> cosines_, sines_;       // [context, head_dim], see the rope kernel
  TrainBuffer<float> output_, output_rstd_;  // residual stream after the last layer
  TrainBuffer<T> normed_output_;
  TrainBuffer<float> wide_;  // float32 results on their way to T
  TrainBuffer<float> logits_;
  TrainBuffer<T> d_logits_;
  TrainBuffer<float> d_stream_, d_normed_;  // [tokens, d_model]
  TrainBuffer<T> d_stream_copy_, d_wide_, d_hidden_;
  TrainAttentionScratch<T> attention_scratch_;
};

}  // namespace pioneer
