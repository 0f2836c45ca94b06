#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "tensor/kernels/train_kernels.h"
#include "train/llama_pass.h"

namespace pioneer {
namespace {

// Rows of logits that exist at a time: the whole [tokens, vocabulary] never does.
constexpr int64_t kLossRows = 256;

// Products of few shapes: each shape's code is made once and kept.
int64_t RoundedUp(int64_t rows) {
  constexpr int64_t kBlock = 32;
  return (rows + kBlock - 1) / kBlock * kBlock;
}

std::vector<int64_t> CountedRows(const TrainSequence& sequence) {
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < std::ssize(sequence.counted); ++i) {
    if (sequence.counted[i] != 0) rows.push_back(i);
  }
  return rows;
}

}  // namespace

int64_t TrainSequence::n_tokens() const {
  int64_t n = std::ssize(inputs);
  for (const TextPack::Text& text : texts) {
    if (text.index == TextPack::kFiller) n -= text.n;
  }
  return n;
}

template <typename T>
LlamaPass<T>::LlamaPass(const ParameterLayout& layout, bool recompute)
    : layout_(layout),
      inputs_(static_cast<size_t>(layout.shape().n_layers) + 1),
      states_(recompute ? 1 : static_cast<size_t>(layout.shape().n_layers)) {
  const LlamaShape& shape = layout.shape();
  Reserve(shape.context);
  const auto n = static_cast<size_t>(shape.context * shape.head_dim);
  cosines_.resize(n);
  sines_.resize(n);
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
void LlamaPass<T>::Reserve(int64_t rows) {
  const LlamaShape& shape = layout_.shape();
  if (std::ssize(output_rstd_) >= rows) return;
  const auto n = [rows](int64_t width) { return static_cast<size_t>(rows * width); };
  for (auto& input : inputs_) input.resize(n(shape.d_model));
  for (LayerState& state : states_) {
    state.middle.resize(n(shape.d_model));
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
  output_rstd_.resize(n(1));
  normed_output_.resize(n(shape.d_model));
  wide_.resize(n(shape.qkv_width()));
  const int64_t loss_rows = std::min(kLossRows, RoundedUp(rows));
  logits_.resize(static_cast<size_t>(loss_rows * shape.vocab_size));
  d_logits_.resize(logits_.size());
  picked_.resize(static_cast<size_t>(loss_rows * shape.d_model));
  d_picked_.resize(picked_.size());
  for (auto* buffer : {&d_stream_, &d_normed_}) buffer->resize(n(shape.d_model));
  d_stream_copy_.resize(n(shape.d_model));
  d_wide_.resize(n(std::max({shape.qkv_width(), 2 * shape.d_ff, shape.attention_width()})));
  d_hidden_.resize(n(shape.d_ff));
}

template <typename T>
int64_t LlamaPass<T>::ActivationBytes(const LlamaShape& shape, bool recompute) {
  const auto as_float = static_cast<int64_t>(sizeof(float));
  const auto as_element = static_cast<int64_t>(sizeof(T));
  const int64_t input = shape.d_model * as_float;
  const int64_t state =
      (shape.d_model + 2 + shape.n_heads) * as_float +
      (2 * shape.d_model + shape.qkv_width() + shape.attention_width() + 3 * shape.d_ff) *
          as_element;
  const int64_t n_states = recompute ? 1 : shape.n_layers;
  return shape.context * ((shape.n_layers + 1) * input + n_states * state);
}

template <typename T>
TrainAttentionShape LlamaPass<T>::AttentionShape() const {
  const LlamaShape& shape = layout_.shape();
  return {n_tokens_, shape.n_heads, shape.n_kv_heads, shape.head_dim, keys_};
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
  Backward(weights, sequence.inputs, gradient);
  return loss;
}

template <typename T>
void LlamaPass<T>::Forward(const TrainWeights<T>& weights, const TrainSequence& sequence) {
  if (!sequence.texts.empty()) return Forward(weights, sequence.inputs, sequence.texts);
  whole_ = {0, std::ssize(sequence.inputs), 0};
  Forward(weights, sequence.inputs, {&whole_, 1});
}

template <typename T>
void LlamaPass<T>::Forward(const TrainWeights<T>& weights, std::span<const int32_t> inputs,
                           std::span<const TextPack::Text> texts) {
  const int64_t d = layout_.shape().d_model, context = layout_.shape().context;
  n_tokens_ = std::ssize(inputs);
  texts_ = texts;
  keys_.clear();
  Reserve(n_tokens_);
  for (const TextPack::Text& text : texts) {
    const bool filler = text.index == TextPack::kFiller;
    if (text.n < 1 || (text.n > context && !filler)) {
      Fail(ErrorCode::kInvalidArgument, "a training sequence has {} tokens; allowed are 1 to {}",
           text.n, context);
    }
    for (int64_t t = text.first; t < text.first + text.n; ++t) {
      const float* row = weights.exact + layout_.embedding() + inputs[t] * d;
      float* const to = inputs_[0].data() + t * d;
      filler ? std::fill_n(to, d, 0.0f) : std::copy_n(row, d, to);
      keys_.push_back({text.first, layout_.shape().causal ? t + 1 : text.first + text.n});
    }
  }
  for (size_t l = 0; l < layout_.layers().size(); ++l) {
    OpenLayer(weights, l);
    CloseLayer(weights, l);
  }
}

template <typename T>
void LlamaPass<T>::OpenLayer(const TrainWeights<T>& weights, size_t l) {
  ForwardAttention(weights, l);
  ForwardFeedForward(weights, l);
}

// middle = input + attention(norm(input)) * W_output
template <typename T>
void LlamaPass<T>::ForwardAttention(const TrainWeights<T>& weights, size_t l) {
  const LlamaShape& shape = layout_.shape();
  const LayerOffsets& at = layout_.layers()[l];
  const TrainBuffer<float>& input = inputs_[l];
  LayerState& state = State(l);
  const ProductKernels<T>& kernels = BestTrainKernels().For<T>();
  const int64_t n = n_tokens_, d = shape.d_model;
  kernels.rms_norm(input.data(), weights.exact + at.attn_norm, shape.rms_eps, n, d,
                   state.normed_input.data(), state.input_rstd.data());
  TrainMatMul<T, float>(View<const T>(state.normed_input.data(), n, d),
                        View(weights.product + at.qkv, shape.qkv_width(), d).Transposed(),
                        View(wide_.data(), n, shape.qkv_width()));
  Rotate(wide_.data(), 1.0f, state.qkv.data());
  TrainAttention<T>(AttentionShape(), state.qkv.data(), state.attention.data(),
                    state.log_sum.data(), attention_scratch_);
  std::copy_n(input.data(), n * d, state.middle.data());
  const int64_t width = shape.attention_width();
  TrainMatMul<T, float>(View<const T>(state.attention.data(), n, width),
                        View(weights.product + at.attn_output, d, width).Transposed(),
                        View(state.middle.data(), n, d), GemmMode::kAccumulate);
}

template <typename T>
void LlamaPass<T>::Rotate(const float* heads, float direction, T* out) {
  const LlamaShape& shape = layout_.shape();
  const ProductKernels<T>& kernels = BestTrainKernels().For<T>();
  for (const TextPack::Text& text : texts_) {
    const int64_t offset = text.first * shape.qkv_width();
    if (text.index == TextPack::kFiller) {  // zeros, and perhaps more rows than there are positions
      kernels.convert(heads + offset, text.n * shape.qkv_width(), out + offset);
      continue;
    }
    kernels.rope(heads + offset, cosines_.data(), sines_.data(), direction, text.n,
                 shape.n_heads + 2 * shape.n_kv_heads, shape.n_heads + shape.n_kv_heads,
                 shape.head_dim, out + offset);
  }
}

// hidden = silu(h W_gate) * (h W_up), h = norm(middle)
template <typename T>
void LlamaPass<T>::ForwardFeedForward(const TrainWeights<T>& weights, size_t l) {
  const LlamaShape& shape = layout_.shape();
  const LayerOffsets& at = layout_.layers()[l];
  LayerState& state = State(l);
  const ProductKernels<T>& kernels = BestTrainKernels().For<T>();
  const int64_t n = n_tokens_, d = shape.d_model, d_ff = shape.d_ff;
  kernels.rms_norm(state.middle.data(), weights.exact + at.ffn_norm, shape.rms_eps, n, d,
                   state.normed_middle.data(), state.middle_rstd.data());
  TrainMatMul<T, T>(View<const T>(state.normed_middle.data(), n, d),
                    View(weights.product + at.gate_up, 2 * d_ff, d).Transposed(),
                    View(state.gate_up.data(), n, 2 * d_ff));
  kernels.silu_mul(state.gate_up.data(), n, d_ff, state.hidden.data());
}

// next input = middle + hidden W_down
template <typename T>
void LlamaPass<T>::CloseLayer(const TrainWeights<T>& weights, size_t l) {
  const int64_t n = n_tokens_, d = layout_.shape().d_model, d_ff = layout_.shape().d_ff;
  const LayerState& state = State(l);
  TrainBuffer<float>& output = inputs_[l + 1];
  std::copy_n(state.middle.data(), n * d, output.data());
  TrainMatMul<T, float>(View<const T>(state.hidden.data(), n, d_ff),
                        View(weights.product + layout_.layers()[l].ffn_down, d, d_ff).Transposed(),
                        View(output.data(), n, d), GemmMode::kAccumulate);
}

template <typename T>
void LlamaPass<T>::NormOutput(const TrainWeights<T>& weights) {
  const LlamaShape& shape = layout_.shape();
  BestTrainKernels().For<T>().rms_norm(inputs_.back().data(), weights.exact + layout_.output_norm(),
                                       shape.rms_eps, n_tokens_, shape.d_model,
                                       normed_output_.data(), output_rstd_.data());
}

// A few of the rows that count at a time: logits, loss, and at once their gradients to the final
// norm's output and to the output matrix. The other rows have a zero gradient.
template <typename T>
double LlamaPass<T>::ForwardLoss(const TrainWeights<T>& weights, const TrainSequence& sequence,
                                 float gradient_scale, float* gradient) {
  const int64_t d = layout_.shape().d_model, vocab = layout_.shape().vocab_size;
  const ProductKernels<T>& kernels = BestTrainKernels().For<T>();
  NormOutput(weights);
  if (gradient != nullptr) std::fill_n(d_normed_.data(), n_tokens_ * d, 0.0f);
  const std::vector<int64_t> counted = CountedRows(sequence);
  const auto matrix = View(weights.product + layout_.output(), vocab, d);
  double loss = 0;
  for (int64_t first = 0; first < std::ssize(counted); first += kLossRows) {
    const int64_t n = std::min(kLossRows, std::ssize(counted) - first), rows = RoundedUp(n);
    const std::span<const int64_t> places(counted.data() + first, static_cast<size_t>(n));
    for (int64_t r = 0; r < n; ++r) {
      std::copy_n(normed_output_.data() + places[r] * d, d, picked_.data() + r * d);
    }
    std::fill_n(picked_.data() + n * d, (rows - n) * d, T{});
    const auto picked = View<const T>(picked_.data(), rows, d);
    TrainMatMul<T, float>(picked, matrix.Transposed(), View(logits_.data(), rows, vocab));
    for (int64_t r = 0; r < n; ++r) {
      T* d_row = gradient == nullptr ? nullptr : d_logits_.data() + r * vocab;
      const auto row_loss =
          kernels.cross_entropy(logits_.data() + r * vocab, vocab, sequence.targets[places[r]],
                                gradient_scale, d_row);
      loss += static_cast<double>(row_loss);
    }
    if (gradient == nullptr) continue;
    std::fill_n(d_logits_.data() + n * vocab, (rows - n) * vocab, T{});
    const auto d_logits = View<const T>(d_logits_.data(), rows, vocab);
    TrainMatMul<T, float>(d_logits, matrix, View(d_picked_.data(), rows, d));
    TrainMatMul<T, float>(d_logits.Transposed(), picked,
                          View(gradient + layout_.output(), vocab, d), GemmMode::kAccumulate);
    for (int64_t r = 0; r < n; ++r) {
      std::copy_n(d_picked_.data() + r * d, d, d_normed_.data() + places[r] * d);
    }
  }
  return loss;
}

template <typename T>
void LlamaPass<T>::Logits(const TrainWeights<T>& weights, const TrainSequence& sequence,
                          float* out) {
  Forward(weights, sequence);
  NormOutput(weights);
  const int64_t d = layout_.shape().d_model, vocab = layout_.shape().vocab_size;
  TrainMatMul<T, float>(View<const T>(normed_output_.data(), n_tokens_, d),
                        View(weights.product + layout_.output(), vocab, d).Transposed(),
                        View(out, n_tokens_, vocab));
}

// A sum of squares is finite only where all numbers are.
template <typename T>
template <typename U>
bool LlamaPass<T>::Finite(const TrainBuffer<U>& rows, int64_t width) {
  std::vector<float> squares(static_cast<size_t>(n_tokens_));
  BestTrainKernels().For<U>().row_dots(rows.data(), rows.data(), n_tokens_, width, width,
                                       squares.data());
  return std::all_of(squares.begin(), squares.end(), [](float s) { return std::isfinite(s); });
}

template <typename T>
std::string LlamaPass<T>::FirstNotFinite(const TrainWeights<T>& weights,
                                         const TrainSequence& sequence) {
  const LlamaShape& shape = layout_.shape();
  Forward(weights, sequence);
  if (!Finite(inputs_[0], shape.d_model)) return "token_embd";
  for (size_t l = 0; l < layout_.layers().size(); ++l) {
    OpenLayer(weights, l);
    const LayerState& state = State(l);
    const std::pair<const char*, bool> results[] = {
        {"attn_norm", Finite(state.normed_input, shape.d_model)},
        {"attn_qkv", Finite(state.qkv, shape.qkv_width())},
        {"attention", Finite(state.attention, shape.attention_width())},
        {"attn_output", Finite(state.middle, shape.d_model)},
        {"ffn_norm", Finite(state.normed_middle, shape.d_model)},
        {"ffn_gate, ffn_up", Finite(state.gate_up, 2 * shape.d_ff)},
        {"silu(ffn_gate) * ffn_up", Finite(state.hidden, shape.d_ff)},
        {"ffn_down", Finite(inputs_[l + 1], shape.d_model)}};
    for (const auto& [name, finite] : results) {
      if (!finite) return fmt::format("blk.{}.{}", l, name);
    }
  }
  NormOutput(weights);
  if (!Finite(normed_output_, shape.d_model)) return "output_norm";
  if (sequence.targets.empty()) return "";  // a text to embed
  return std::isfinite(ForwardLoss(weights, sequence, 0, nullptr)) ? "" : "output";
}

template class LlamaPass<float>;
template class LlamaPass<Bf16>;

}  // namespace pioneer
