// Why: the same model as a maker of vectors: what it makes of texts, and how its weights would
// change that.
#include <algorithm>

#include "tensor/ops/unit_mean.h"
#include "train/llama_pass.h"

namespace pioneer {

template <typename T>
void LlamaPass<T>::Embed(const TrainWeights<T>& weights, const TextPack& pack, float* vectors) {
  const int64_t d = layout_.shape().d_model;
  Forward(weights, pack.inputs, pack.texts);
  NormOutput(weights);
  for (const TextPack::Text& text : pack.texts) {
    if (text.index == TextPack::kFiller) continue;
    UnitMean(normed_output_.data() + text.first * d, text.n, d, vectors + text.index * d);
  }
}

template <typename T>
void LlamaPass<T>::EmbedGradient(const TrainWeights<T>& weights, const TextPack& pack,
                                 const float* d_vectors, float* gradient) {
  const int64_t d = layout_.shape().d_model;
  Forward(weights, pack.inputs, pack.texts);
  NormOutput(weights);
  std::vector<float> vector(static_cast<size_t>(d));
  for (const TextPack::Text& text : pack.texts) {
    float* const d_rows = d_normed_.data() + text.first * d;
    if (text.index == TextPack::kFiller) {
      std::fill_n(d_rows, text.n * d, 0.0f);
      continue;
    }
    const float length = UnitMean(normed_output_.data() + text.first * d, text.n, d, vector.data());
    UnitMeanBackward(vector.data(), length, d_vectors + text.index * d, text.n, d, d_rows);
  }
  Backward(weights, pack.inputs, gradient);
}

template void LlamaPass<float>::Embed(const TrainWeights<float>&, const TextPack&, float*);
template void LlamaPass<Bf16>::Embed(const TrainWeights<Bf16>&, const TextPack&, float*);
template void LlamaPass<float>::EmbedGradient(const TrainWeights<float>&, const TextPack&,
                                              const float*, float*);
template void LlamaPass<Bf16>::EmbedGradient(const TrainWeights<Bf16>&, const TextPack&,
                                             const float*, float*);

}  // namespace pioneer
