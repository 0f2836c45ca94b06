#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "tensor/kernels/train_kernels.h"
#include "tensor/quantize.h"
#include "tune/adapted_pass.h"

namespace pioneer::tune {
namespace {

template <typename U>
MatrixView<U> Columns(U* data, int64_t rows, int64_t width, int64_t first, int64_t n) {
  return {data + first, rows, n, width, 1};
}

}  // namespace

template <typename T>
AdaptedPass<T>::AdaptedPass(const FrozenModel& model, const AdapterLayout& layout,
                            const MatrixSource<T>& source, bool recompute)
    : model_(model),
      layout_(layout),
      source_(source),
      inputs_(model.layers.size() + 1),
      states_(recompute ? 1 : model.layers.size()) {}

template <typename T>
int64_t AdaptedPass<T>::ActivationBytes(const FrozenModel& model, int64_t n_tokens,
                                        bool recompute) {
  const int64_t d = model.config.d_model, d_ff = model.config.d_ff;
  const auto as_element = static_cast<int64_t>(sizeof(T));
  const int64_t stream = d * static_cast<int64_t>(sizeof(float));
  const int64_t state =
      stream + (2 * d + model.qkv_width() + model.query_width() + 3 * d_ff) * as_element;
  const auto n_layers = static_cast<int64_t>(model.layers.size());
  return n_tokens * ((n_layers + 1) * stream + (recompute ? 1 : n_layers) * state);
}

// Buffers grow to the largest pack and are reused.
template <typename T>
void AdaptedPass<T>::Reserve(int64_t n_tokens) {
  if (n_tokens <= capacity_) return;
  capacity_ = n_tokens;
  const int64_t d = model_.config.d_model, d_ff = model_.config.d_ff;
  const auto n = [&](int64_t width) { return static_cast<size_t>(n_tokens * width); };
  const int64_t n_heads = model_.config.n_heads + model_.config.n_kv_heads;
  for (auto& input : inputs_) input.resize(n(d));
  for (LayerState& state : states_) {
    state.middle.resize(n(d));
    for (auto* rstd : {&state.input_rstd, &state.middle_rstd}) rstd->resize(n(1));
    for (auto* normed : {&state.normed_input, &state.normed_middle}) normed->resize(n(d));
    if (!model_.layers[0].query_norm.empty()) {
      state.raw_heads.resize(n(heads_width()));
      state.heads_rstd.resize(n(n_heads));
    }
    state.qkv.resize(n(model_.qkv_width()));
    state.attention.resize(n(model_.query_width()));
    state.gate_up.resize(n(2 * d_ff));
    state.hidden.resize(n(d_ff));
    state.log_sum.resize(n(model_.config.n_heads));
    for (auto& low : state.low) low.resize(n(layout_.rank()));
  }
  output_rstd_.resize(n(1));
  const int64_t widest = std::max({model_.qkv_width(), 2 * d_ff, model_.query_width()});
  wide_.resize(n(widest));
  d_wide_.resize(n(widest));
  heads_.resize(n(heads_width()));
  for (auto* buffer : {&normed_output_, &counted_, &d_stream_copy_}) buffer->resize(n(d));
  for (auto* buffer : {&d_stream_, &d_normed_, &d_counted_}) buffer->resize(n(d));
  d_hidden_.resize(n(d_ff));
  d_low_.resize(n(layout_.rank()));
  head_copy_.resize(static_cast<size_t>(model_.query_width()));
  ignored_.resize(static_cast<size_t>(std::max<int64_t>(d, model_.config.head_dim)));
  logits_.resize(static_cast<size_t>(kLogitRows * model_.config.vocab_size));
  d_logits_.resize(logits_.size());
}

template <typename T>
void AdaptedPass<T>::Begin(const PackedTexts& pack) {
  n_ = pack.n_tokens();
  if (n_ < 1) Fail(ErrorCode::kInvalidArgument, "a pack of texts is empty");
  Reserve(n_);
  begins_ = pack.begins;
  ends_.clear();
  positions_.clear();
  for (size_t text = 0; text < pack.n_texts(); ++text) {
    ends_.push_back(pack.end(text));
    for (int64_t i = begins_[text]; i < ends_[text]; ++i) {
      positions_.push_back(static_cast<int32_t>(i - begins_[text]));
    }
  }
  turned_back_ = positions_;
  for (int32_t& position : turned_back_) position = -position;
  slopes_.assign(static_cast<size_t>(n_), 0.0f);
  log_probs_.assign(static_cast<size_t>(n_), 0.0f);
}

template <typename T>
TrainAttentionShape AdaptedPass<T>::AttentionShape(int64_t n_tokens) const {
  const ModelConfig& config = model_.config;
  return {n_tokens, config.n_heads, config.n_kv_heads, config.head_dim, /*keys=*/{}};
}

template <typename T>
void AdaptedPass<T>::Forward(const T* adapter, const PackedTexts& pack) {
  Begin(pack);
  const int64_t d = model_.config.d_model;
  for (int64_t t = 0; t < n_; ++t) {
    const int32_t token = pack.inputs[t];
    if (token < 0 || token >= model_.config.vocab_size) {
      Fail(ErrorCode::kInvalidArgument, "token {} is not in the model's vocabulary", token);
    }
    DequantizeRow(model_.embedding.dtype, model_.embedding.row(token), inputs_[0].data() + t * d,
                  d);
  }
  for (size_t l = 0; l < model_.layers.size(); ++l) {
    OpenLayer(adapter, l);
    CloseLayer(adapter, l);
  }
  BestTrainKernels().For<T>().rms_norm(inputs_.back().data(), model_.output_norm.data(),
                                       model_.config.rms_eps, n_, d, normed_output_.data(),
                                       output_rstd_.data());
}

template <typename T>
void AdaptedPass<T>::Lower(const T* adapter, size_t l, MatrixKind kind, MatrixView<const T> x) {
  if (adapter == nullptr) return;
  const AdapterSlot& slot = layout_.slot(l, kind);
  TrainMatMul<T, T>(x, View(adapter + slot.a, layout_.rank(), slot.n_in).Transposed(),
                    View(State(l).low[static_cast<size_t>(kind)].data(), n_, layout_.rank()));
}

template <typename T>
void AdaptedPass<T>::Raise(const T* adapter, size_t l, MatrixKind kind, MatrixView<const T> x,
                           MatrixView<float> y, GemmMode mode) {
  const Tensor& matrix = model_.layers[l].matrix(kind);
  const T* weight = source_.All(matrix, scratch_);
  TrainMatMul<T, float>(x, View(weight, matrix.rows(), matrix.cols()).Transposed(), y, mode);
  if (adapter != nullptr) {
    const AdapterSlot& slot = layout_.slot(l, kind);
    const T* low = State(l).low[static_cast<size_t>(kind)].data();
    TrainMatMul<T, float>(View(low, n_, layout_.rank()),
                          View(adapter + slot.b, slot.n_out, layout_.rank()).Transposed(), y,
                          GemmMode::kAccumulate);
  }
  const std::vector<float>& bias = model_.layers[l].bias(kind);
  if (bias.empty()) return;
  for (int64_t t = 0; t < n_; ++t) {
    BestTrainKernels().add(bias.data(), y.cols, y.data + t * y.row_stride);
  }
}

template <typename T>
void AdaptedPass<T>::Project(const T* adapter, size_t l, MatrixKind kind, MatrixView<const T> x,
                             MatrixView<float> y, GemmMode mode) {
  Lower(adapter, l, kind, x);
  Raise(adapter, l, kind, x, y, mode);
}

template <typename T>
void AdaptedPass<T>::OpenLayer(const T* adapter, size_t l) {
  ForwardAttention(adapter, l);
  ForwardFeedForward(adapter, l);
}

// middle = input + attention(norm(input)) W_output
template <typename T>
void AdaptedPass<T>::ForwardAttention(const T* adapter, size_t l) {
  const FrozenLayer& layer = model_.layers[l];
  LayerState& state = State(l);
  const int64_t d = model_.config.d_model, q = model_.query_width(), kv = model_.key_width();
  BestTrainKernels().For<T>().rms_norm(inputs_[l].data(), layer.attention_norm.data(),
                                       model_.config.rms_eps, n_, d, state.normed_input.data(),
                                       state.input_rstd.data());
  const auto x = View<const T>(state.normed_input.data(), n_, d);
  float* const heads = layer.query_norm.empty() ? heads_.data() : state.raw_heads.data();
  Project(adapter, l, MatrixKind::kQuery, x, Columns(heads, n_, q + kv, 0, q),
          GemmMode::kOverwrite);
  Project(adapter, l, MatrixKind::kKey, x, Columns(heads, n_, q + kv, q, kv), GemmMode::kOverwrite);
  Project(adapter, l, MatrixKind::kValue, x, View(wide_.data(), n_, kv), GemmMode::kOverwrite);
  ForwardHeads(l);
  for (size_t text = 0; text < begins_.size(); ++text) {
    const int64_t first = begins_[text];
    TrainAttention<T>(AttentionShape(ends_[text] - first),
                      state.qkv.data() + first * model_.qkv_width(),
                      state.attention.data() + first * q,
                      state.log_sum.data() + first * model_.config.n_heads, attention_scratch_);
  }
  std::copy_n(inputs_[l].data(), n_ * d, state.middle.data());
  Project(adapter, l, MatrixKind::kAttentionOutput, View<const T>(state.attention.data(), n_, q),
          View(state.middle.data(), n_, d), GemmMode::kAccumulate);
}

// Queries and keys are normed where the model does that, and rotated; values lie in wide_.
template <typename T>
void AdaptedPass<T>::ForwardHeads(size_t l) {
  const FrozenLayer& layer = model_.layers[l];
  LayerState& state = State(l);
  const int64_t n_q = model_.config.n_heads, n_k = model_.config.n_kv_heads;
  const int64_t head_dim = model_.config.head_dim, width = heads_width(), kv = model_.key_width();
  const auto& kernels = BestTrainKernels();
  for (int64_t t = 0; t < n_ && !layer.query_norm.empty(); ++t) {
    const float* raw = state.raw_heads.data() + t * width;
    float* rstd = state.heads_rstd.data() + t * (n_q + n_k);
    float* out = heads_.data() + t * width;
    const float eps = model_.config.rms_eps;
    kernels.f32.rms_norm(raw, layer.query_norm.data(), eps, n_q, head_dim, out, rstd);
    kernels.f32.rms_norm(raw + n_q * head_dim, layer.key_norm.data(), eps, n_k, head_dim,
                         out + n_q * head_dim, rstd + n_q);
  }
  Rope(alone_, model_.rope, heads_.data(), positions_.data(), n_, n_q + n_k, head_dim);
  for (int64_t t = 0; t < n_; ++t) {
    T* const row = state.qkv.data() + t * model_.qkv_width();
    kernels.For<T>().convert(heads_.data() + t * width, width, row);
    kernels.For<T>().convert(wide_.data() + t * kv, kv, row + width);
  }
}

// hidden = silu(h W_gate) * (h W_up), h = norm(middle)
template <typename T>
void AdaptedPass<T>::ForwardFeedForward(const T* adapter, size_t l) {
  LayerState& state = State(l);
  const ProductKernels<T>& kernels = BestTrainKernels().For<T>();
  const int64_t d = model_.config.d_model, d_ff = model_.config.d_ff;
  kernels.rms_norm(state.middle.data(), model_.layers[l].feed_forward_norm.data(),
                   model_.config.rms_eps, n_, d, state.normed_middle.data(),
                   state.middle_rstd.data());
  const auto x = View<const T>(state.normed_middle.data(), n_, d);
  Project(adapter, l, MatrixKind::kGate, x, Columns(wide_.data(), n_, 2 * d_ff, 0, d_ff),
          GemmMode::kOverwrite);
  Project(adapter, l, MatrixKind::kUp, x, Columns(wide_.data(), n_, 2 * d_ff, d_ff, d_ff),
          GemmMode::kOverwrite);
  kernels.convert(wide_.data(), n_ * 2 * d_ff, state.gate_up.data());
  kernels.silu_mul(state.gate_up.data(), n_, d_ff, state.hidden.data());
  Lower(adapter, l, MatrixKind::kDown, View<const T>(state.hidden.data(), n_, d_ff));
}

// next input = middle + hidden W_down
template <typename T>
void AdaptedPass<T>::CloseLayer(const T* adapter, size_t l) {
  const int64_t d = model_.config.d_model;
  const LayerState& state = State(l);
  std::copy_n(state.middle.data(), n_ * d, inputs_[l + 1].data());
  Raise(adapter, l, MatrixKind::kDown, View<const T>(state.hidden.data(), n_, model_.config.d_ff),
        View(inputs_[l + 1].data(), n_, d), GemmMode::kAccumulate);
}

template <typename T>
void AdaptedPass<T>::GatherCounted(const PackedTexts& pack) {
  const int64_t d = model_.config.d_model;
  counted_rows_.clear();
  for (int64_t i = 0; i < n_; ++i) {
    if (pack.counted[i] == 0) continue;
    const auto place = static_cast<int64_t>(counted_rows_.size());
    std::copy_n(normed_output_.data() + i * d, d, counted_.data() + place * d);
    counted_rows_.push_back(i);
  }
}

template <typename T>
void AdaptedPass<T>::RunOutput(int64_t first, int64_t n) {
  const int64_t d = model_.config.d_model, vocab = model_.config.vocab_size;
  const auto rows = View<const T>(counted_.data() + first * d, n, d);
  for (int64_t begin = 0; begin < vocab; begin += kOutputRows) {
    const int64_t part = std::min(kOutputRows, vocab - begin);
    const T* matrix = source_.Rows(model_.output, begin, part, scratch_);
    TrainMatMul<T, float>(rows, View(matrix, part, d).Transposed(),
                          Columns(logits_.data(), n, vocab, begin, part));
  }
}

template <typename T>
void AdaptedPass<T>::CountedLogProbs(const PackedTexts& pack, float* out) {
  GatherCounted(pack);
  const auto n_rows = static_cast<int64_t>(counted_rows_.size());
  const int64_t vocab = model_.config.vocab_size;
  for (int64_t first = 0; first < n_rows; first += kLogitRows) {
    const int64_t n = std::min(kLogitRows, n_rows - first);
    RunOutput(first, n);
    for (int64_t r = 0; r < n; ++r) {
      const int64_t row = counted_rows_[first + r];
      out[row] = -BestTrainKernels().For<T>().cross_entropy(logits_.data() + r * vocab, vocab,
                                                            pack.targets[row], 0.0f, nullptr);
    }
  }
}

template <typename T>
void AdaptedPass<T>::LogProbs(const T* adapter, const PackedTexts& pack, float* out) {
  Forward(adapter, pack);
  CountedLogProbs(pack, out);
}

template <typename T>
void AdaptedPass<T>::Logits(const T* adapter, const PackedTexts& pack, float* out) {
  Forward(adapter, pack);
  const int64_t d = model_.config.d_model, vocab = model_.config.vocab_size;
  std::copy_n(normed_output_.data(), n_ * d, counted_.data());
  for (int64_t first = 0; first < n_; first += kLogitRows) {
    const int64_t n = std::min(kLogitRows, n_ - first);
    RunOutput(first, n);
    std::copy_n(logits_.data(), n * vocab, out + first * vocab);
  }
}

template class AdaptedPass<float>;
template class AdaptedPass<Bf16>;

}  // namespace pioneer::tune
