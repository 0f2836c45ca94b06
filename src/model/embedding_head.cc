#include "model/embedding_head.h"

#include <algorithm>
#include <cstring>
#include <variant>

#include "base/error.h"
#include "tensor/ops/elementwise.h"
#include "tensor/ops/softmax.h"

namespace pioneer {
namespace {

constexpr size_t kMaxLabels = 1 << 16;

Pooling ReadPooling(const WeightLoader& load, const ArchitectureKeys& keys, bool causal) {
  const Pooling usual = causal ? Pooling::kLast : Pooling::kMean;
  if (!keys.Has("pooling_type")) {
    return load.Has("cls.weight") || load.Has("cls.output.weight") ? Pooling::kRank : usual;
  }
  const int type = keys.Int("pooling_type");
  if (type == 0) return usual;  // "none": whoever runs the model chooses
  if (type < static_cast<int>(Pooling::kMean) || type > static_cast<int>(Pooling::kRank)) {
    keys.Refuse("pooling_type", fmt::format("is {}, not in 0..4", type));
  }
  return static_cast<Pooling>(type);
}

std::vector<std::string> ReadLabels(const ArchitectureKeys& keys) {
  const auto& metadata = keys.file().metadata();
  const auto found = metadata.find(keys.Name("classifier.output_labels"));
  if (found == metadata.end()) return {};
  const auto* labels = std::get_if<std::vector<std::string>>(&found->second);
  if (labels == nullptr || labels->empty() || labels->size() > kMaxLabels) {
    keys.Refuse("classifier.output_labels", "is no list of labels");
  }
  return *labels;
}

// The row of a text that stands for it.
int64_t ChosenRow(const EmbeddingInfo& info, int64_t n_text) {
  const bool last =
      info.pooling == Pooling::kLast || (info.pooling == Pooling::kRank && info.causal);
  return last ? n_text - 1 : 0;
}

}  // namespace

EmbeddingHead LoadEmbeddingHead(WeightLoader& load, const ModelConfig& config, bool causal) {
  const ArchitectureKeys keys(load.file());
  EmbeddingHead head;
  head.d_model = config.d_model;
  head.info.pooling = ReadPooling(load, keys, causal);
  head.info.causal = causal;
  head.info.size = config.d_model;
  if (head.info.pooling != Pooling::kRank) return head;
  head.info.labels = ReadLabels(keys);
  if (load.Has("cls.weight")) {
    head.dense = LoadLinear(load, "cls", config.d_model, config.d_model);
  }
  if (load.Has("cls.output.weight")) {
    head.info.size = std::max(1, static_cast<int>(head.info.labels.size()));
    head.output = LoadLinear(load, "cls.output", head.info.size, config.d_model);
  } else if (!load.Has("cls.weight")) {
    Fail(ErrorCode::kCorruptFile,
         "{}: the model ranks, but the file has neither \"cls.weight\" nor \"cls.output.weight\"",
         load.file().name());
  }
  return head;
}

void EmbeddingHead::Pool(ThreadPool& pool, const float* rows, int64_t n, int64_t position,
                         int64_t n_text, float* pooled) const {
  if (info.pooling == Pooling::kMean) {
    if (position == 0) std::fill_n(pooled, d_model, 0.0f);
    const float share = 1.0f / static_cast<float>(n_text);
    for (int64_t i = 0; i < n; ++i) {
      AddScaledInPlace(pool, pooled, share, rows + i * d_model, d_model);
    }
    return;
  }
  const int64_t row = ChosenRow(info, n_text) - position;
  if (row < 0 || row >= n) return;
  std::memcpy(pooled, rows + row * d_model, sizeof(float) * static_cast<size_t>(d_model));
}

void EmbeddingHead::Finish(ThreadPool& pool, Matrix& pooled, RowAdapters adapters,
                           Matrix& out) const {
  const int64_t n = pooled.rows();
  if (dense) {
    Matrix hidden;
    RunLinear(pool, {{&*dense, &hidden}}, pooled.data(), n, adapters);
    Activate(pool, Activation::kTanh, hidden.data(), n * d_model, hidden.data());
    pooled = std::move(hidden);
  }
  if (output) {
    RunLinear(pool, {{&*output, &out}}, pooled.data(), n, adapters);
  } else {
    out = std::move(pooled);
  }
  if (info.pooling != Pooling::kRank || !info.causal || info.size < 2) return;
  for (int64_t i = 0; i < n; ++i) Softmax(out.row(i), info.size);
}

}  // namespace pioneer
