// Why: one pack of texts through a frozen model and its adapter, forward and backward; gradients
// are those of the adapter alone. Each thread owns a pass and its activations and works on its own
// packs, so threads meet once a step. The kernels and products are those of train/llama_pass.h.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/thread_pool.h"
#include "tensor/ops/train_attention.h"
#include "tensor/ops/train_buffer.h"
#include "tensor/ops/train_matmul.h"
#include "tune/adapter_layout.h"
#include "tune/frozen_model.h"
#include "tune/loss.h"
#include "tune/matrix_source.h"
#include "tune/packed_texts.h"

namespace pioneer::tune {

// T is float or Bf16: the element type of everything that enters a product. The residual stream,
// norms, softmax, loss and gradients are float32 in both.
template <typename T>
class AdaptedPass {
 public:
  // What a pass works with must outlive it. recompute: only the residual stream between layers is
  // kept for the backward pass, which computes the rest of each layer again: the same bits.
  AdaptedPass(const FrozenModel& model, const AdapterLayout& layout, const MatrixSource<T>& source,
              bool recompute);

  // What its activations take for packs of n_tokens, in bytes.
  static int64_t ActivationBytes(const FrozenModel& model, int64_t n_tokens, bool recompute);

  // adapter: [layout.size()], with B already multiplied by the layout's scale; null = the base
  // model. out[i] = the log probability of pack.targets[i] where it counts.
  void LogProbs(const T* adapter, const PackedTexts& pack, float* out);
  // Logits of all rows: out [pack.n_tokens(), vocab_size].
  void Logits(const T* adapter, const PackedTexts& pack, float* out);

  // Adds the loss's gradient to gradient [layout.size()]; that of the halves B is with respect to
  // the scaled B. adapter is not null.
  LossSums LossAndGradient(const T* adapter, const PackedTexts& pack, const Loss& loss,
                           float* gradient);

 private:
  // What the backward pass of one layer needs from its forward pass, beside its input; all
  // [tokens, width].
  struct LayerState {
    TrainBuffer<float> middle;  // residual stream before feed-forward
    TrainBuffer<float> input_rstd, middle_rstd;
    TrainBuffer<float> raw_heads, heads_rstd;  // before norms of heads, where there are any
    TrainBuffer<T> normed_input, qkv, attention, normed_middle, gate_up, hidden;
    TrainBuffer<float> log_sum;
    std::array<TrainBuffer<T>, kMatrixKinds> low;  // A x of each matrix, [tokens, rank]
  };

  void Reserve(int64_t n_tokens);
  void Begin(const PackedTexts& pack);
  void Forward(const T* adapter, const PackedTexts& pack);
  // Fills the layer's state from its input; CloseLayer makes the next layer's input of it.
  void OpenLayer(const T* adapter, size_t l);
  void ForwardAttention(const T* adapter, size_t l);
  void ForwardHeads(size_t l);
  void ForwardFeedForward(const T* adapter, size_t l);
  void CloseLayer(const T* adapter, size_t l);
  // y = x W^T + x A^T B^T + bias, or y += it: A x, which the backward pass needs too, and the rest.
  void Lower(const T* adapter, size_t l, MatrixKind kind, MatrixView<const T> x);
  void Raise(const T* adapter, size_t l, MatrixKind kind, MatrixView<const T> x,
             MatrixView<float> y, GemmMode mode);
  void Project(const T* adapter, size_t l, MatrixKind kind, MatrixView<const T> x,
               MatrixView<float> y, GemmMode mode);

  void GatherCounted(const PackedTexts& pack);
  // Logits of counted rows [first, first + n), in logits_.
  void RunOutput(int64_t first, int64_t n);
  void CountedLogProbs(const PackedTexts& pack, float* out);
  void BackwardOutput(const PackedTexts& pack, const float* slopes);

  void Backward(const T* adapter, float* gradient);
  void BackwardFeedForward(const T* adapter, size_t l, float* gradient);
  void BackwardAttention(const T* adapter, size_t l, float* gradient);
  void BackwardHeads(size_t l);
  // dx (+)= the gradient at the input of a matrix whose output has the gradient dy.
  void BackProject(const T* adapter, size_t l, MatrixKind kind, MatrixView<const T> x,
                   MatrixView<const T> dy, MatrixView<float> dx, GemmMode mode, float* gradient);

  // Rows of logits that exist at a time, and rows of the output matrix that are made at a time.
  static constexpr int64_t kLogitRows = 128, kOutputRows = 8192;

  LayerState& State(size_t l) { return states_[states_.size() == 1 ? 0 : l]; }
  TrainAttentionShape AttentionShape(int64_t n_tokens) const;
  int64_t heads_width() const { return model_.query_width() + model_.key_width(); }

  const FrozenModel& model_;
  const AdapterLayout& layout_;
  const MatrixSource<T>& source_;
  ThreadPool alone_{1};                           // ops that want a pool run on the calling thread
  int64_t n_ = 0;                                 // tokens of the pack at hand
  int64_t capacity_ = 0;                          // tokens that the buffers hold
  std::vector<int64_t> ends_, begins_;            // of its texts
  std::vector<int32_t> positions_, turned_back_;  // of its tokens, and with the other sign
  std::vector<int64_t> counted_rows_;
  std::vector<TrainBuffer<float>> inputs_;  // residual stream before each layer and after the last
  std::vector<LayerState> states_;          // of each layer, or one that all take turns to use
  TrainBuffer<float> output_rstd_;
  TrainBuffer<T> normed_output_, counted_;
  TrainBuffer<float> wide_, heads_;  // float32 results on their way to T
  TrainBuffer<float> logits_, d_counted_;
  TrainBuffer<T> d_logits_;
  TrainBuffer<float> d_stream_, d_normed_;
  TrainBuffer<float> ignored_, head_copy_;  // results that kernels give and nobody needs
  TrainBuffer<T> d_stream_copy_, d_wide_, d_hidden_, d_low_;
  std::vector<float> slopes_, log_probs_;
  MatrixScratch<T> scratch_;
  TrainAttentionScratch<T> attention_scratch_;
};

}  // namespace pioneer::tune
