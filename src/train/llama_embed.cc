// Why: the same model as a maker of vectors: what it makes of a text, and how its weights would
// change that.
#include "tensor/ops/unit_mean.h"
#include "train/llama_pass.h"

namespace pioneer {

template <typename T>
void LlamaPass<T>::Embed(const TrainWeights<T>& weights, const TrainSequence& sequence,
                         float* vector) {
  Forward(weights, sequence);
  NormOutput(weights);
  UnitMean(normed_output_.data(), n_tokens_, layout_.shape().d_model, vector);
}

template <typename T>
void LlamaPass<T>::EmbedGradient(const TrainWeights<T>& weights, const TrainSequence& sequence,
                                 const float* d_vector, float* gradient) {
  const int64_t d = layout_.shape().d_model;
  Forward(weights, sequence);
  NormOutput(weights);
  std::vector<float> vector(static_cast<size_t>(d));
  const float length = UnitMean(normed_output_.data(), n_tokens_, d, vector.data());
  UnitMeanBackward(vector.data(), length, d_vector, n_tokens_, d, d_normed_.data());
  Backward(weights, sequence, gradient);
}

template void LlamaPass<float>::Embed(const TrainWeights<float>&, const TrainSequence&, float*);
template void LlamaPass<Bf16>::Embed(const TrainWeights<Bf16>&, const TrainSequence&, float*);
template void LlamaPass<float>::EmbedGradient(const TrainWeights<float>&, const TrainSequence&,
                                              const float*, float*);
template void LlamaPass<Bf16>::EmbedGradient(const TrainWeights<Bf16>&, const TrainSequence&,
                                             const float*, float*);

}  // namespace pioneer
