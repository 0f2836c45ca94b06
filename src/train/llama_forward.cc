#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "tensor/kernels/train_kernels.h"
#include "train/llama_pass.h"

namespace pioneer {
namespace {

// Rows of logits that exist at a time: the whole [tokens, vocabulary] never does.
constexpr int64_t kLossRows = 256;

}  // namespace

template <typename T>
LlamaPass<T>::LlamaPass(const ParameterLayout& layout)
    : layout_(layout), layers_(static_cast<size_t>(layout.shape().n_layers)) {
  const LlamaShape& shape = layout.shape();
  const auto n = [&](int64_t width) { return static_cast<size_t>(shape.context * width); };
  for (LayerState& state : layers_) {
    for (auto* stream : {&state.input, &state.middle}) stream->resize(n(shape.d_model));
    for (auto* rstd : {&state.input_rstd, &state.middle_rstd}) rstd->resize(n(1));
    for (auto* normed : {&state.normed_input, &state.normed_middle}) {
      normed->resize(n(shape.d_model));
    }
    state.qkv.resize(n(shape.qkv_width()));
    state.attention.resize(n(shape.attention_width()));
    state.gate_up.resize(n(2 * shape.d_ff));
    state.hidden.resize(n(shape.d_ff));
    state.log_sum.resize(n(shape.n_heads));
  }
  output_.resize(n(shape.d_model));
  output_rstd_.resize(n(1));
  normed_output_.resize(n(shape.d_model));
  wide_.resize(n(shape.qkv_width()));
  logits_.resize(static_cast<size_t>(std::min(kLossRows, shape.context) * shape.vocab_size));
  d_logits_.resize(logits_.size());
  for (auto* buffer : {&d_stream_, &d_normed_}) buffer->resize(n(shape.d_model));
  d_stream_copy_.resize(n(shape.d_model));
  d_wide_.resize(n(std::max({shape.qkv_width(), 2 * shape.d_ff, shape.attention_width()})));
  d_hidden_.resize(n(shape.d_ff));
  cosines_.resize(n(shape.head_dim));
  sines_.resize(n(shape.head_dim));
  for (int64_t i = 0; i < shape.context * shape.head_dim; ++i) {
    const int64_t position = i / shape.head_dim, lane = i % shape.head_dim;
    const double frequency = std::pow(static_cast<double>(shape.rope_base),
                                      -static_cast<double>(lane / 2 * 2) / shape.head_dim);
    const double angle = static_cast<double>(position) * frequency;
    cosines_[i] = static_cast<float>(std::cos(angle));
    sines_[i] = static_cast<float>(lane % 2 == 0 ? -std::sin(angle) : std::sin(angle));
  }
}

template <typename T>
TrainAttentionShape LlamaPass<T>::AttentionShape() const {
  const LlamaShape& shape = layout_.shape();
  return {n_tokens_, shape.n_heads, shape.n_kv_heads, shape.head_dim};
}

template <typename T>
double LlamaPass<T>::Loss(const TrainWeights<T>& weights, const TrainSequence& sequence) {
  Forward(weights, sequence);
  return ForwardLoss(weights, sequence, 0, nullptr);
}

template <typename T>
double LlamaPass<T>::LossAndGradient(const TrainWeights<T>& weights, const TrainSequence& sequence,
                                     float gradient_scale, float* gradient) {
  Forward(weights, sequence);
  const double loss = ForwardLoss(weights, sequence, gradient_scale, gradient);
  Backward(weights, sequence, gradient);
  return loss;
}

template <typename T>
void LlamaPass<T>::Forward(const TrainWeights<T>& weights, const TrainSequence& sequence) {
  n_tokens_ = static_cast<int64_t>(sequence.inputs.size());
  const int64_t d = layout_.shape().d_model;
  if (n_tokens_ < 1 || n_tokens_ > layout_.shape().context) {
    Fail(ErrorCode::kInvalidArgument, "a training sequence has {} tokens; allowed are 1 to {}",
         n_tokens_, layout_.shape().context);
  }
  for (int64_t t = 0; t < n_tokens_; ++t) {
    const float* row = weights.exact + layout_.embedding() + sequence.inputs[t] * d;
    std::copy_n(row, d, layers_[0].input.data() + t * d);
  }
  for (size_t l = 0; l < layers_.size(); ++l) {
    ForwardAttention(weights, layout_.layers()[l], layers_[l]);
    auto& output = l + 1 < layers_.size() ? layers_[l + 1].input : output_;
    ForwardFeedForward(weights, layout_.layers()[l], layers_[l], output);
  }
}

// middle = input + attention(norm(input)) * W_output
template <typename T>
void LlamaPass<T>::ForwardAttention(const TrainWeights<T>& weights, const LayerOffsets& at,
                                    LayerState& state) {
  const LlamaShape& shape = layout_.shape();
  const ProductKernels<T>& kernels = BestTrainKernels().For<T>();
  const int64_t n = n_tokens_, d = shape.d_model;
  kernels.rms_norm(state.input.data(), weights.exact + at.attn_norm, shape.rms_eps, n, d,
                   state.normed_input.data(), state.input_rstd.data());
  TrainMatMul<T, float>(View<const T>(state.normed_input.data(), n, d),
                        View(weights.product + at.qkv, shape.qkv_width(), d).Transposed(),
                        View(wide_.data(), n, shape.qkv_width()));
  kernels.rope(wide_.data(), cosines_.data(), sines_.data(), 1.0f, n,
               shape.n_heads + 2 * shape.n_kv_heads, shape.n_heads + shape.n_kv_heads,
               shape.head_dim, state.qkv.data());
  TrainAttention<T>(AttentionShape(), state.qkv.data(), state.attention.data(),
                    state.log_sum.data(), attention_scratch_);
  std::copy_n(state.input.data(), n * d, state.middle.data());
  const int64_t width = shape.attention_width();
  TrainMatMul<T, float>(View<const T>(state.attention.data(), n, width),
                        View(weights.product + at.attn_output, d, width).Transposed(),
                        View(state.middle.data(), n, d), GemmMode::kAccumulate);
}

// output = middle + (silu(h W_gate) * (h W_up)) W_down, h = norm(middle)
template <typename T>
void LlamaPass<T>::ForwardFeedForward(const TrainWeights<T>& weights, const LayerOffsets& at,
                                      LayerState& state, TrainBuffer<float>& output) {
  const LlamaShape& shape = layout_.shape();
  const ProductKernels<T>& kernels = BestTrainKernels().For<T>();
  const int64_t n = n_tokens_, d = shape.d_model, d_ff = shape.d_ff;
  kernels.rms_norm(state.middle.data(), weights.exact + at.ffn_norm, shape.rms_eps, n, d,
                   state.normed_middle.data(), state.middle_rstd.data());
  TrainMatMul<T, T>(View<const T>(state.normed_middle.data(), n, d),
                    View(weights.product + at.gate_up, 2 * d_ff, d).Transposed(),
                    View(state.gate_up.data(), n, 2 * d_ff));
  kernels.silu_mul(state.gate_up.data(), n, d_ff, state.hidden.data());
  std::copy_n(state.middle.data(), n * d, output.data());
  TrainMatMul<T, float>(View<const T>(state.hidden.data(), n, d_ff),
                        View(weights.product + at.ffn_down, d, d_ff).Transposed(),
                        View(output.data(), n, d), GemmMode::kAccumulate);
}

// A few rows at a time: logits, loss, and at once their gradients to the final norm's output and
// to the output matrix. Rows that do not count have a zero gradient.
template <typename T>
double LlamaPass<T>::ForwardLoss(const TrainWeights<T>& weights, const TrainSequence& sequence,
                                 float gradient_scale, float* gradient) {
  const LlamaShape& shape = layout_.shape();
  const ProductKernels<T>& kernels = BestTrainKernels().For<T>();
  const int64_t d = shape.d_model, vocab = shape.vocab_size;
  kernels.rms_norm(output_.data(), weights.exact + layout_.output_norm(), shape.rms_eps, n_tokens_,
                   d, normed_output_.data(), output_rstd_.data());
  const auto matrix = View(weights.product + layout_.output(), vocab, d);
  double loss = 0;
  for (int64_t first = 0; first < n_tokens_; first += kLossRows) {
    const int64_t rows = std::min(kLossRows, n_tokens_ - first);
    const auto normed = View<const T>(normed_output_.data() + first * d, rows, d);
    TrainMatMul<T, float>(normed, matrix.Transposed(), View(logits_.data(), rows, vocab));
    for (int64_t r = 0; r < rows; ++r) {
      T* d_row = gradient == nullptr ? nullptr : d_logits_.data() + r * vocab;
      const bool counted = sequence.counted[first + r] != 0;
      const float row_loss =
          kernels.cross_entropy(logits_.data() + r * vocab, vocab, sequence.targets[first + r],
                                counted ? gradient_scale : 0.0f, d_row);
      if (counted) loss += static_cast<double>(row_loss);
    }
    if (gradient == nullptr) continue;
    const auto d_logits = View<const T>(d_logits_.data(), rows, vocab);
    TrainMatMul<T, float>(d_logits, matrix, View(d_normed_.data() + first * d, rows, d));
    TrainMatMul<T, float>(d_logits.Transposed(), normed,
                          View(gradient + layout_.output(), vocab, d), GemmMode::kAccumulate);
  }
  return loss;
}

template class LlamaPass<float>;
template class LlamaPass<Bf16>;

}  // namespace pioneer
