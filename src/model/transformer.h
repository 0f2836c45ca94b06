// Why: what all architectures have in common: a step is cut into slices, tokens become rows of the
// residual stream, layers change it one after the other, and the rows that are asked for become
// logits. An architecture's file says what a layer is.
#pragma once

#include <future>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/blocks/norm.h"
#include "model/blocks/pass.h"
#include "model/embedding_head.h"
#include "model/model.h"
#include "model/weight_loader.h"

namespace pioneer {

class Transformer : public Model {
 public:
  const ModelConfig& config() const final { return config_; }
  const Tokenizer& tokenizer() const final { return *tokenizer_.get(); }
  const MemoryPlan& memory() const final { return memory_; }
  const std::string& chat_template() const final { return chat_template_; }
  const AdapterSites& adapter_sites() const final { return *adapter_sites_; }
  void Forward(ThreadPool& pool, const StepBatch& batch, Matrix& logits) final;
  bool can_generate() const final { return embedding_head_.info.causal; }
  const EmbeddingInfo& embedding() const final { return embedding_head_.info; }
  void EmbedTexts(ThreadPool& pool, const StepBatch& batch, Matrix& out) final;

 protected:
  // Reads the config, the tokenizer and token_embd.weight. The derived class loads its layers,
  // calls LoadOutput, and fills memory_ where its layers do not all store config_.n_kv_heads heads
  // of config_.head_dim. Throws as LoadModel does.
  explicit Transformer(WeightLoader& load, bool causal = true);
  // output.weight, or the embedding where the file has none.
  void LoadOutput(WeightLoader& load, Norm norm);

  // Fills pass.work.x [n, d_model].
  virtual void Embed(Pass& pass);
  void ReadEmbedding(ThreadPool& pool, const int32_t* tokens, int64_t n, float* out);
  // Changes pass.work.x.
  virtual void RunLayer(Pass& pass, int layer) = 0;

  ModelConfig config_;
  MemoryPlan memory_;
  Tensor embedding_;  // [vocab_size, d_model]
  int64_t rows_read_ = 0;  // of the embedding, since its memory was given back
  float embedding_scale_ = 1.0f;
  Norm output_norm_;
  Linear output_;  // [vocab_size, d_model], may be the embedding
  float logit_scale_ = 1.0f;
  float logit_softcap_ = 0.0f;  // c: logits become c tanh(logits / c); 0: as they are

 private:
  void RunPass(Pass& pass);
  // Makes logits of these rows of the pass, ascending.
  void Output(Pass& pass, std::span<const int32_t> rows, float* logits);

  std::shared_ptr<const AdapterSites> adapter_sites_;
  EmbeddingHead embedding_head_;
  std::shared_future<std::unique_ptr<Tokenizer>> tokenizer_;  // made beside the weights
  std::string chat_template_;
  Workspace work_;
};

}  // namespace pioneer
