// Why: one training sequence through a llama model, forward and backward. Each thread owns a pass
// and its activations and works on its own sequences, so threads meet once a step.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tensor/ops/train_attention.h"
#include "tensor/ops/train_buffer.h"
#include "tensor/ops/train_matmul.h"
#include "train/llama_parameters.h"
#include "train/text_packs.h"

namespace pioneer {

// inputs[i] is followed by targets[i]; loss counts where counted[i] != 0. All of one length, ids
// within the vocabulary. texts: all rows, in order; none sees another, each is at most as long as
// the model's context. Without texts it is one. A text to embed has inputs alone: packs are made of
// these.
struct TrainSequence {
  std::span<const int32_t> inputs, targets;
  std::span<const uint8_t> counted;
  std::span<const TextPack::Text> texts = {};

  int64_t n_tokens() const;  // filler left out
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
  // recompute: only the residual stream between layers is kept for the backward pass, which
  // computes the rest of each layer again: a third more products, a fraction of the memory, the
  // same bits.
  explicit LlamaPass(const ParameterLayout& layout, bool recompute = false);

  // What its activations take, in bytes.
  static int64_t ActivationBytes(const LlamaShape& shape, bool recompute);

  // Sum of the cross-entropy (nats) of the counted targets.
  double Loss(const TrainWeights<T>& weights, const TrainSequence& sequence);

  // The same; adds d(loss * gradient_scale)/d(parameters) to gradient [layout.size()].
  double LossAndGradient(const TrainWeights<T>& weights, const TrainSequence& sequence,
                         float gradient_scale, float* gradient);

  // The vectors that stand for the pack's texts: the mean of the final norm's output, of length 1.
  // vectors: [texts of the batch, d_model], of which the pack's are written.
  void Embed(const TrainWeights<T>& weights, const TextPack& pack, float* vectors);

  // The same forward pass again; adds the gradient of what has d_vectors at the vectors.
  void EmbedGradient(const TrainWeights<T>& weights, const TextPack& pack, const float* d_vectors,
                     float* gradient);

  // Logits of every position: out [sequence.inputs.size(), vocab_size].
  void Logits(const TrainWeights<T>& weights, const TrainSequence& sequence, float* out);

  // The first result of the forward pass that holds a NaN or infinity, as "blk.3.attention"; ""
  // when all are finite.
  std::string FirstNotFinite(const TrainWeights<T>& weights, const TrainSequence& sequence);

 private:
  // What the backward pass of one layer needs from its forward pass, beside its input; all
  // [tokens, width].
  struct LayerState {
    TrainBuffer<float> middle;  // residual stream before feed-forward
    TrainBuffer<float> input_rstd, middle_rstd;
    TrainBuffer<T> normed_input, qkv, attention, normed_middle, gate_up, hidden;
    TrainBuffer<float> log_sum;
  };

  void Reserve(int64_t rows);
  void Forward(const TrainWeights<T>& weights, const TrainSequence& sequence);
  // texts: of inputs; they must live until the backward pass.
  void Forward(const TrainWeights<T>& weights, std::span<const int32_t> inputs,
               std::span<const TextPack::Text> texts);
  void Rotate(const float* heads, float direction, T* out);  // each text from position 0
  // Fills the layer's state from its input; CloseLayer makes the next layer's input of it.
  void OpenLayer(const TrainWeights<T>& weights, size_t l);
  void CloseLayer(const TrainWeights<T>& weights, size_t l);
  void ForwardAttention(const TrainWeights<T>& weights, size_t l);
  void ForwardFeedForward(const TrainWeights<T>& weights, size_t l);
  void NormOutput(const TrainWeights<T>& weights);
  // Fills d_normed_ with the gradient at the final norm's output when gradient is not null. Costs
  // as much as there are targets that count.
  double ForwardLoss(const TrainWeights<T>& weights, const TrainSequence& sequence,
                     float gradient_scale, float* gradient);
  void Backward(const TrainWeights<T>& weights, std::span<const int32_t> inputs, float* gradient);
  void BackwardFeedForward(const TrainWeights<T>& weights, size_t l, float* gradient);
  void BackwardAttention(const TrainWeights<T>& weights, size_t l, float* gradient);
  template <typename U>
  bool Finite(const TrainBuffer<U>& rows, int64_t width);
  LayerState& State(size_t l) { return states_[states_.size() == 1 ? 0 : l]; }
  TrainAttentionShape AttentionShape() const;

  ParameterLayout layout_;
  int64_t n_tokens_ = 0;                    // of the pass at hand
  TextPack::Text whole_;                    // a sequence that is one text
  std::span<const TextPack::Text> texts_;   // of the pass
  std::vector<KeyRange> keys_;              // that each row sees
  std::vector<TrainBuffer<float>> inputs_;  // residual stream before each layer and after the last
  std::vector<LayerState> states_;          // of each layer, or one that all take turns to use
  TrainBuffer<float> cosines_, sines_;      // [context, head_dim], see the rope kernel
  TrainBuffer<float> output_rstd_;
  TrainBuffer<T> normed_output_;
  TrainBuffer<float> wide_;  // float32 results on their way to T
  TrainBuffer<T> picked_;  // rows of the final norm's output whose targets count
  TrainBuffer<float> logits_, d_picked_;
  TrainBuffer<T> d_logits_;
  TrainBuffer<float> d_stream_, d_normed_;  // [tokens, d_model]
  TrainBuffer<T> d_stream_copy_, d_wide_, d_hidden_;
  TrainAttentionScratch<T> attention_scratch_;
};

}  // namespace pioneer
