#include <algorithm>

#include "tensor/kernels/train_kernels.h"
#include "tune/adapted_pass.h"

namespace pioneer::tune {
namespace {

template <typename U>
MatrixView<const U> ColumnsOf(const U* data, int64_t rows, int64_t width, int64_t first,
                              int64_t n) {
  return {data + first, rows, n, width, 1};
}

}  // namespace

template <typename T>
LossSums AdaptedPass<T>::LossAndGradient(const T* adapter, const PackedTexts& pack,
                                         const Loss& loss, float* gradient) {
  Forward(adapter, pack);
  CountedLogProbs(pack, log_probs_.data());
  const LossSums sums = loss.Evaluate(pack, log_probs_, slopes_);
  BackwardOutput(pack, slopes_.data());
  Backward(adapter, gradient);
  return sums;
}

// d_normed_ = the gradient at the final norm's output. Logits of the last rows are still there;
// those of others are computed again.
template <typename T>
void AdaptedPass<T>::BackwardOutput(const PackedTexts& pack, const float* slopes) {
  const int64_t d = model_.config.d_model, vocab = model_.config.vocab_size;
  const auto n_rows = static_cast<int64_t>(counted_rows_.size());
  std::fill_n(d_normed_.data(), n_ * d, 0.0f);
  for (int64_t first = 0; first < n_rows; first += kLogitRows) {
    const int64_t n = std::min(kLogitRows, n_rows - first);
    if (n_rows > kLogitRows) RunOutput(first, n);
    for (int64_t r = 0; r < n; ++r) {
      const int64_t row = counted_rows_[first + r];
      BestTrainKernels().For<T>().cross_entropy(logits_.data() + r * vocab, vocab,
                                                pack.targets[row], -slopes[row],
                                                d_logits_.data() + r * vocab);
    }
    const auto d_rows = View(d_counted_.data(), n, d);
    for (int64_t begin = 0; begin < vocab; begin += kOutputRows) {
      const int64_t part = std::min(kOutputRows, vocab - begin);
      const T* matrix = source_.Rows(model_.output, begin, part, scratch_);
      TrainMatMul<T, float>(ColumnsOf<T>(d_logits_.data(), n, vocab, begin, part),
                            View(matrix, part, d), d_rows,
                            begin == 0 ? GemmMode::kOverwrite : GemmMode::kAccumulate);
    }
    for (int64_t r = 0; r < n; ++r) {
      std::copy_n(d_counted_.data() + r * d, d, d_normed_.data() + counted_rows_[first + r] * d);
    }
  }
}

// d_stream_ holds the gradient at the residual stream, d_stream_copy_ the same as T, from the last
// layer down to the first.
template <typename T>
void AdaptedPass<T>::Backward(const T* adapter, float* gradient) {
  const int64_t d = model_.config.d_model;
  std::fill_n(d_stream_.data(), n_ * d, 0.0f);
  BestTrainKernels().For<T>().rms_norm_backward(
      inputs_.back().data(), model_.output_norm.data(), output_rstd_.data(), d_normed_.data(), n_,
      d, d_stream_.data(), ignored_.data(), d_stream_copy_.data());
  for (size_t l = model_.layers.size(); l-- > 0;) {
    const bool kept = states_.size() == model_.layers.size() || l + 1 == model_.layers.size();
    if (!kept) OpenLayer(adapter, l);
    BackwardFeedForward(adapter, l, gradient);
    BackwardAttention(adapter, l, gradient);
  }
}

template <typename T>
void AdaptedPass<T>::BackProject(const T* adapter, size_t l, MatrixKind kind, MatrixView<const T> x,
                                 MatrixView<const T> dy, MatrixView<float> dx, GemmMode mode,
                                 float* gradient) {
  const Tensor& matrix = model_.layers[l].matrix(kind);
  const T* weight = source_.All(matrix, scratch_);
  TrainMatMul<T, float>(dy, View(weight, matrix.rows(), matrix.cols()), dx, mode);
  const AdapterSlot& slot = layout_.slot(l, kind);
  const int64_t rank = layout_.rank();
  const auto low = View<const T>(State(l).low[static_cast<size_t>(kind)].data(), n_, rank);
  TrainMatMul<T, float>(dy.Transposed(), low, View(gradient + slot.b, slot.n_out, rank),
                        GemmMode::kAccumulate);
  TrainMatMul<T, T>(dy, View(adapter + slot.b, slot.n_out, rank), View(d_low_.data(), n_, rank));
  const auto d_low = View<const T>(d_low_.data(), n_, rank);
  TrainMatMul<T, float>(d_low.Transposed(), x, View(gradient + slot.a, rank, slot.n_in),
                        GemmMode::kAccumulate);
  TrainMatMul<T, float>(d_low, View(adapter + slot.a, rank, slot.n_in), dx, GemmMode::kAccumulate);
}

template <typename T>
void AdaptedPass<T>::BackwardFeedForward(const T* adapter, size_t l, float* gradient) {
  const LayerState& state = State(l);
  const ProductKernels<T>& kernels = BestTrainKernels().For<T>();
  const int64_t d = model_.config.d_model, d_ff = model_.config.d_ff;
  BackProject(adapter, l, MatrixKind::kDown, View<const T>(state.hidden.data(), n_, d_ff),
              View<const T>(d_stream_copy_.data(), n_, d), View(wide_.data(), n_, d_ff),
              GemmMode::kOverwrite, gradient);
  kernels.convert(wide_.data(), n_ * d_ff, d_hidden_.data());
  kernels.silu_mul_backward(state.gate_up.data(), d_hidden_.data(), n_, d_ff, d_wide_.data());

  const auto x = View<const T>(state.normed_middle.data(), n_, d);
  const auto dx = View(d_normed_.data(), n_, d);
  BackProject(adapter, l, MatrixKind::kGate, x, ColumnsOf<T>(d_wide_.data(), n_, 2 * d_ff, 0, d_ff),
              dx, GemmMode::kOverwrite, gradient);
  BackProject(adapter, l, MatrixKind::kUp, x,
              ColumnsOf<T>(d_wide_.data(), n_, 2 * d_ff, d_ff, d_ff), dx, GemmMode::kAccumulate,
              gradient);
  kernels.rms_norm_backward(state.middle.data(), model_.layers[l].feed_forward_norm.data(),
                            state.middle_rstd.data(), d_normed_.data(), n_, d, d_stream_.data(),
                            ignored_.data(), d_stream_copy_.data());
}

template <typename T>
void AdaptedPass<T>::BackwardAttention(const T* adapter, size_t l, float* gradient) {
  const LayerState& state = State(l);
  const ProductKernels<T>& kernels = BestTrainKernels().For<T>();
  const int64_t d = model_.config.d_model, q = model_.query_width(), kv = model_.key_width();
  const int64_t width = model_.qkv_width();
  BackProject(adapter, l, MatrixKind::kAttentionOutput,
              View<const T>(state.attention.data(), n_, q),
              View<const T>(d_stream_copy_.data(), n_, d), View(wide_.data(), n_, q),
              GemmMode::kOverwrite, gradient);
  kernels.convert(wide_.data(), n_ * q, d_wide_.data());
  for (size_t text = 0; text < begins_.size(); ++text) {
    const int64_t first = begins_[text];
    TrainAttentionBackward<T>(
        AttentionShape(ends_[text] - first), state.qkv.data() + first * width,
        state.attention.data() + first * q, state.log_sum.data() + first * model_.config.n_heads,
        d_wide_.data() + first * q, wide_.data() + first * width, attention_scratch_);
  }
  BackwardHeads(l);

  const auto x = View<const T>(state.normed_input.data(), n_, d);
  const auto dx = View(d_normed_.data(), n_, d);
  BackProject(adapter, l, MatrixKind::kQuery, x, ColumnsOf<T>(d_wide_.data(), n_, width, 0, q), dx,
              GemmMode::kOverwrite, gradient);
  BackProject(adapter, l, MatrixKind::kKey, x, ColumnsOf<T>(d_wide_.data(), n_, width, q, kv), dx,
              GemmMode::kAccumulate, gradient);
  BackProject(adapter, l, MatrixKind::kValue, x,
              ColumnsOf<T>(d_wide_.data(), n_, width, q + kv, kv), dx, GemmMode::kAccumulate,
              gradient);
  kernels.rms_norm_backward(inputs_[l].data(), model_.layers[l].attention_norm.data(),
                            state.input_rstd.data(), d_normed_.data(), n_, d, d_stream_.data(),
                            ignored_.data(), d_stream_copy_.data());
}

// From wide_, the gradient of what attention saw, to d_wide_, that of the projections' outputs;
// both [tokens, qkv_width].
template <typename T>
void AdaptedPass<T>::BackwardHeads(size_t l) {
  const FrozenLayer& layer = model_.layers[l];
  const LayerState& state = State(l);
  const int64_t n_q = model_.config.n_heads, n_k = model_.config.n_kv_heads;
  const int64_t head_dim = model_.config.head_dim, width = model_.qkv_width();
  const int64_t heads = heads_width(), q = model_.query_width();
  const TrainKernels& kernels = BestTrainKernels();
  for (int64_t t = 0; t < n_; ++t) {
    std::copy_n(wide_.data() + t * width, heads, heads_.data() + t * heads);
  }
  Rope(alone_, model_.rope, heads_.data(), turned_back_.data(), n_, n_q + n_k, head_dim);
  for (int64_t t = 0; t < n_; ++t) {
    float* const d_row = wide_.data() + t * width;
    const float* const turned = heads_.data() + t * heads;
    if (layer.query_norm.empty()) {
      std::copy_n(turned, heads, d_row);
    } else {
      const float* raw = state.raw_heads.data() + t * heads;
      const float* rstd = state.heads_rstd.data() + t * (n_q + n_k);
      std::fill_n(d_row, heads, 0.0f);
      kernels.f32.rms_norm_backward(raw, layer.query_norm.data(), rstd, turned, n_q, head_dim,
                                    d_row, ignored_.data(), head_copy_.data());
      kernels.f32.rms_norm_backward(raw + q, layer.key_norm.data(), rstd + n_q, turned + q, n_k,
                                    head_dim, d_row + q, ignored_.data(), head_copy_.data());
    }
    kernels.For<T>().convert(d_row, width, d_wide_.data() + t * width);
  }
}

template LossSums AdaptedPass<float>::LossAndGradient(const float*, const PackedTexts&, const Loss&,
                                                      float*);
template LossSums AdaptedPass<Bf16>::LossAndGradient(const Bf16*, const PackedTexts&, const Loss&,
                                                     float*);

}  // namespace pioneer::tune
