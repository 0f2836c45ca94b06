#include <algorithm>

#include "tensor/kernels/train_kernels.h"
#include "train/llama_pass.h"

namespace pioneer {

// d_stream_ holds the gradient at the residual stream, d_stream_copy_ the same as T, from the last
// layer down to the embedding.
template <typename T>
void LlamaPass<T>::Backward(const TrainWeights<T>& weights, std::span<const int32_t> inputs,
                            float* gradient) {
  const int64_t d = layout_.shape().d_model;
  std::fill_n(d_stream_.data(), n_tokens_ * d, 0.0f);
  BestTrainKernels().For<T>().rms_norm_backward(
      inputs_.back().data(), weights.exact + layout_.output_norm(), output_rstd_.data(),
      d_normed_.data(), n_tokens_, d, d_stream_.data(), gradient + layout_.output_norm(),
      d_stream_copy_.data());
  for (size_t l = layout_.layers().size(); l-- > 0;) {
    const bool kept = states_.size() == layout_.layers().size() || l + 1 == layout_.layers().size();
    if (!kept) OpenLayer(weights, l);
    BackwardFeedForward(weights, l, gradient);
    BackwardAttention(weights, l, gradient);
  }
  for (const TextPack::Text& text : texts_) {
    if (text.index == TextPack::kFiller) continue;
    for (int64_t t = text.first; t < text.first + text.n; ++t) {
      BestTrainKernels().add(d_stream_.data() + t * d, d,
                             gradient + layout_.embedding() + inputs[t] * d);
    }
  }
}

template <typename T>
void LlamaPass<T>::BackwardFeedForward(const TrainWeights<T>& weights, size_t l, float* gradient) {
  const LayerOffsets& at = layout_.layers()[l];
  const LayerState& state = State(l);
  const ProductKernels<T>& kernels = BestTrainKernels().For<T>();
  const int64_t n = n_tokens_, d = layout_.shape().d_model, d_ff = layout_.shape().d_ff;
  const auto d_out = View<const T>(d_stream_copy_.data(), n, d);
  TrainMatMul<T, T>(d_out, View(weights.product + at.ffn_down, d, d_ff),
                    View(d_hidden_.data(), n, d_ff));
  TrainMatMul<T, float>(d_out.Transposed(), View<const T>(state.hidden.data(), n, d_ff),
                        View(gradient + at.ffn_down, d, d_ff), GemmMode::kAccumulate);
  kernels.silu_mul_backward(state.gate_up.data(), d_hidden_.data(), n, d_ff, d_wide_.data());

  const auto d_gate_up = View<const T>(d_wide_.data(), n, 2 * d_ff);
  TrainMatMul<T, float>(d_gate_up, View(weights.product + at.gate_up, 2 * d_ff, d),
                        View(d_normed_.data(), n, d));
  TrainMatMul<T, float>(d_gate_up.Transposed(), View<const T>(state.normed_middle.data(), n, d),
                        View(gradient + at.gate_up, 2 * d_ff, d), GemmMode::kAccumulate);
  kernels.rms_norm_backward(state.middle.data(), weights.exact + at.ffn_norm,
                            state.middle_rstd.data(), d_normed_.data(), n, d, d_stream_.data(),
                            gradient + at.ffn_norm, d_stream_copy_.data());
}

template <typename T>
void LlamaPass<T>::BackwardAttention(const TrainWeights<T>& weights, size_t l, float* gradient) {
  const LayerOffsets& at = layout_.layers()[l];
  const LayerState& state = State(l);
  const LlamaShape& shape = layout_.shape();
  const ProductKernels<T>& kernels = BestTrainKernels().For<T>();
  const int64_t n = n_tokens_, d = shape.d_model, width = shape.attention_width();
  const auto d_out = View<const T>(d_stream_copy_.data(), n, d);
  TrainMatMul<T, T>(d_out, View(weights.product + at.attn_output, d, width),
                    View(d_wide_.data(), n, width));
  TrainMatMul<T, float>(d_out.Transposed(), View<const T>(state.attention.data(), n, width),
                        View(gradient + at.attn_output, d, width), GemmMode::kAccumulate);
  TrainAttentionBackward<T>(AttentionShape(), state.qkv.data(), state.attention.data(),
                            state.log_sum.data(), d_wide_.data(), wide_.data(), attention_scratch_);
  Rotate(wide_.data(), -1.0f, d_wide_.data());

  const auto d_qkv = View<const T>(d_wide_.data(), n, shape.qkv_width());
  TrainMatMul<T, float>(d_qkv, View(weights.product + at.qkv, shape.qkv_width(), d),
                        View(d_normed_.data(), n, d));
  TrainMatMul<T, float>(d_qkv.Transposed(), View<const T>(state.normed_input.data(), n, d),
                        View(gradient + at.qkv, shape.qkv_width(), d), GemmMode::kAccumulate);
  kernels.rms_norm_backward(inputs_[l].data(), weights.exact + at.attn_norm,
                            state.input_rstd.data(), d_normed_.data(), n, d, d_stream_.data(),
                            gradient + at.attn_norm, d_stream_copy_.data());
}

template void LlamaPass<float>::Backward(const TrainWeights<float>&, std::span<const int32_t>,
                                         float*);
template void LlamaPass<Bf16>::Backward(const TrainWeights<Bf16>&, std::span<const int32_t>,
                                        float*);

}  // namespace pioneer
