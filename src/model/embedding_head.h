// Why: the rows of a text become one vector that stands for it, or a few scores; files say how.
#pragma once

#include <cstdint>
#include <optional>

#include "model/architecture_keys.h"
#include "model/blocks/linear.h"
#include "model/model.h"
#include "model/weight_loader.h"

namespace pioneer {

struct EmbeddingHead {
  EmbeddingInfo info;
  int64_t d_model = 0;
  std::optional<Linear> dense;   // cls: [d_model, d_model], followed by tanh
  std::optional<Linear> output;  // cls.output: [info.size, d_model]

  // Adds the final rows [position, position + n) of a text of n_text rows to what becomes its
  // vector. rows: [n, d_model]; pooled: [d_model]. Rows come in order, the first with position 0.
  void Pool(ThreadPool& pool, const float* rows, int64_t n, int64_t position, int64_t n_text,
            float* pooled) const;

  // pooled: [n_texts, d_model], may be overwritten; out: resized to [n_texts, info.size].
  void Finish(ThreadPool& pool, Matrix& pooled, RowAdapters adapters, Matrix& out) const;
};

// From ARCH.pooling_type, ARCH.classifier.output_labels and the tensors cls and cls.output. A file
// that says nothing and has such a tensor ranks; else a causal model takes a text's last row, and
// another the mean of its rows. A causal model's scores are probabilities of the labels, as Qwen
// 3's reranker has them; others are plain numbers.
EmbeddingHead LoadEmbeddingHead(WeightLoader& load, const ModelConfig& config, bool causal);

}  // namespace pioneer
