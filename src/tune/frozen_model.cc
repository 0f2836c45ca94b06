#include "tune/frozen_model.h"

#include <cmath>
#include <set>

#include "base/error.h"
#include "model/architecture_keys.h"
#include "model/config.h"
#include "model/rope_config.h"
#include "model/weight_loader.h"

namespace pioneer::tune {
namespace {

constexpr std::array<const char*, kMatrixKinds> kMatrixNames = {
    "attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"};

// Takes the parts out of a file, and notes which, so that a part that is left over is noticed.
class FrozenReader {
 public:
  FrozenReader(const GgufFile& file, FrozenModel& model) : load_(file), model_(model) {}

  void Read() {
    const ModelConfig& config = model_.config;
    model_.embedding = Table("token_embd.weight", config.vocab_size, config.d_model);
    model_.output = load_.Has("output.weight")
                        ? Table("output.weight", config.vocab_size, config.d_model)
                        : model_.embedding;
    model_.output_norm = Vector("output_norm.weight", config.d_model);
    for (int i = 0; i < config.n_layers; ++i) model_.layers.push_back(Layer(i));
    model_.rope = ReadRopeParams(
        load_, config,
        config.architecture == "llama" ? RopeStyle::kInterleaved : RopeStyle::kHalves);
    for (const char* name :
         {"rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"}) {
      known_.insert(name);
    }
    RefuseOtherTensors();
  }

 private:
  Tensor Table(const std::string& name, int64_t rows, int64_t columns) {
    known_.insert(name);
    return load_.Table(name, rows, columns);
  }
  std::vector<float> Vector(const std::string& name, int64_t n) {
    known_.insert(name);
    return load_.Vector(name, n);
  }
  std::vector<float> OptionalVector(const std::string& name, int64_t n) {
    known_.insert(name);
    return load_.OptionalVector(name, n);
  }

  FrozenLayer Layer(int index) {
    const std::string block = fmt::format("blk.{}.", index);
    const int64_t d = model_.config.d_model, d_ff = model_.config.d_ff;
    const int64_t q = model_.query_width(), kv = model_.key_width();
    const std::array<std::pair<int64_t, int64_t>, kMatrixKinds> shapes = {
        {{q, d}, {kv, d}, {kv, d}, {d, q}, {d_ff, d}, {d_ff, d}, {d, d_ff}}};
    FrozenLayer layer;
    layer.attention_norm = Vector(block + "attn_norm.weight", d);
    layer.feed_forward_norm = Vector(block + "ffn_norm.weight", d);
    if (model_.config.architecture == "qwen3") {
      layer.query_norm = Vector(block + "attn_q_norm.weight", model_.config.head_dim);
      layer.key_norm = Vector(block + "attn_k_norm.weight", model_.config.head_dim);
    }
    for (size_t k = 0; k < shapes.size(); ++k) {
      const auto [rows, columns] = shapes[k];
      layer.matrices[k] = Table(block + kMatrixNames[k] + ".weight", rows, columns);
      layer.biases[k] = OptionalVector(block + kMatrixNames[k] + ".bias", rows);
    }
    return layer;
  }

  void RefuseOtherTensors() const {
    for (const Tensor& tensor : load_.file().tensors()) {
      if (known_.contains(tensor.name)) continue;
      Fail(ErrorCode::kUnsupported,
           "{}: this model has \"{}\", a part that cannot be tuned around yet (dense llama, qwen2 "
           "and qwen3 models can be tuned)",
           load_.file().name(), tensor.name);
    }
  }

  WeightLoader load_;
  FrozenModel& model_;
  std::set<std::string> known_;
};

void RefuseOtherKinds(const GgufFile& file, const ModelConfig& config) {
  if (file.String("general.type", "model") == "adapter") {
    Fail(ErrorCode::kUnsupported, "{}: this is an adapter; name the model that it was made for",
         file.name());
  }
  if (config.architecture != "llama" && config.architecture != "qwen2" &&
      config.architecture != "qwen3") {
    Fail(ErrorCode::kUnsupported,
         "{}: models of type {} cannot be tuned yet (llama, qwen2 and qwen3 can)", file.name(),
         config.architecture.substr(0, 64));
  }
  const ArchitectureKeys keys(file);
  const float scale = keys.Float("attention.scale", 0.0f);
  const float usual = 1.0f / std::sqrt(static_cast<float>(config.head_dim));
  const bool own_scale = scale != 0 && std::abs(scale - usual) > 1e-6f * usual;
  if (own_scale || keys.Int("attention.value_length", config.head_dim) != config.head_dim) {
    Fail(ErrorCode::kUnsupported, "{}: its kind of attention cannot be tuned yet", file.name());
  }
}

}  // namespace

FrozenModel OpenFrozenModel(const fs::path& path) {
  if (fs::is_directory(path)) {
    Fail(ErrorCode::kUnsupported,
         "{} is a folder; tuning reads GGUF files: make one with pioneer models import",
         path.string());
  }
  FrozenModel model;
  model.file = GgufFile::Open(path);
  model.config = ReadModelConfig(*model.file);
  RefuseOtherKinds(*model.file, model.config);
  CheckModelConfig(*model.file, model.config);
  FrozenReader(*model.file, model).Read();
  return model;
}

}  // namespace pioneer::tune
