// The metadata that all families share: sizes and the rotation.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "model/huggingface/families.h"

namespace pioneer {
namespace {

// All but the first four may be absent.
struct SharedKey {
  std::initializer_list<std::string_view> names;
  std::string_view gguf_key;
};

const SharedKey kSharedCounts[] = {
    {{"max_position_embeddings", "n_positions", "n_ctx"}, "context_length"},
    {{"hidden_size", "n_embd"}, "embedding_length"},
    {{"num_hidden_layers", "n_layer"}, "block_count"},
    {{"num_attention_heads", "n_head"}, "attention.head_count"},
    {{"num_key_value_heads"}, "attention.head_count_kv"},
    {{"intermediate_size"}, "feed_forward_length"},
    {{"head_dim"}, "attention.key_length"},
    {{"head_dim"}, "attention.value_length"},
    {{"num_local_experts", "num_experts"}, "expert_count"},
    {{"num_experts_per_tok"}, "expert_used_count"},
    {{"vocab_size"}, "vocab_size"},
};

const KeyRule kSharedNumbers[] = {
    {"rms_norm_eps", "attention.layer_norm_rms_epsilon"},
    {"norm_eps", "attention.layer_norm_rms_epsilon"},
    {"layer_norm_epsilon", "attention.layer_norm_epsilon"},
    {"layer_norm_eps", "attention.layer_norm_epsilon"},
};

class KeyWriter {
 public:
  KeyWriter(const ModelFamily& family, const HuggingFaceConfig& config, GgufWriter& writer)
      : family_(family),
        config_(config),
        rope_(config.Rope()),
        prefix_(std::string(family.architecture) + "."),
        writer_(writer) {}

  void AddAll() {
    for (const SharedKey& key : kSharedCounts) {
      if (const auto count = config_.Count(key.names)) SetCount(key.gguf_key, *count);
    }
    for (const KeyRule& key : kSharedNumbers) {
      if (const auto value = config_.Number(key.name)) SetNumber(key.gguf_key, *value);
    }
    for (const KeyRule& key : family_.keys) AddOwn(key);
    AddRotation();
    if (family_.add_keys != nullptr) family_.add_keys(config_, writer_);
  }

 private:
  void SetCount(std::string_view key, int64_t value) {
    writer_.SetU32(prefix_ + std::string(key), static_cast<uint32_t>(value));
  }
  void SetNumber(std::string_view key, double value) {
    writer_.SetF32(prefix_ + std::string(key), static_cast<float>(value));
  }

  void AddOwn(const KeyRule& key) {
    if (!config_.Has(key.name)) return;
    switch (key.kind) {
      case ValueKind::kCount:
        return SetCount(key.gguf_key, *config_.Count({key.name}));
      case ValueKind::kNumber:
        return SetNumber(key.gguf_key, *config_.Number(key.name));
      case ValueKind::kFlag:
        return writer_.SetBool(prefix_ + std::string(key.gguf_key), config_.Flag(key.name, false));
    }
  }

  void AddRotation() {
    const auto base = rope_.Number("rope_theta");
    if (base) SetNumber("rope.freq_base", *base);
    std::string type = rope_.Text("rope_type");
    if (type.empty()) type = rope_.Text("type");
    const double share = rope_.Number("partial_rotary_factor").value_or(1.0);
    if (type == "proportional") return AddProportional(share);
    if (base || share != 1.0) {
      SetCount("rope.dimension_count",
               static_cast<int64_t>(share * static_cast<double>(config_.head_dim())));
    }
    if (type == "linear") return AddScaling("linear");
    if (type == "yarn") return AddYarn();
    if (type == "llama3") return AddLlama3Factors();
    if (type == "longrope" || type == "su") return AddLongRope();
    // "dynamic" changes nothing up to the length that the model was trained for.
    if (type.empty() || type == "default" || type == "dynamic") return;
    Fail(ErrorCode::kUnsupported, "{}: the rotation \"{}\" is not known", config_.name(),
         type.substr(0, 64));
  }

  double Required(std::string_view key) const {
    const auto value = rope_.Number(key);
    if (!value || *value <= 0) {
      Fail(ErrorCode::kCorruptFile, "{}: \"{}\" of the rotation is missing or not positive",
           config_.name(), key);
    }
    return *value;
  }

  void AddScaling(const char* type) {
    writer_.SetString(prefix_ + "rope.scaling.type", type);
    SetNumber("rope.scaling.factor", Required("factor"));
  }

  void AddYarn() {
    AddScaling("yarn");
    SetCount("rope.scaling.original_context_length",
             rope_.Count({"original_max_position_embeddings"})
                 .value_or(config_.RequiredCount({"max_position_embeddings"})));
    if (const auto fast = rope_.Number("beta_fast")) {
      SetNumber("rope.scaling.yarn_beta_fast", *fast);
    }
    if (const auto slow = rope_.Number("beta_slow")) {
      SetNumber("rope.scaling.yarn_beta_slow", *slow);
    }
  }

  // Llama 3.1: slow rotations are divided by `factor`, fast ones kept, those between are blended.
  // GGUF has the divisors as a tensor.
  void AddLlama3Factors() {
    const double factor = Required("factor"), low = Required("low_freq_factor"),
                 high = Required("high_freq_factor"),
                 length = Required("original_max_position_embeddings"),
                 base = rope_.Number("rope_theta").value_or(10000.0);
    const int64_t dims = config_.head_dim();
    std::vector<float> divisors;
    for (int64_t i = 0; i < dims; i += 2) {
      const double wave =
          2 * M_PI * std::pow(base, static_cast<double>(i) / static_cast<double>(dims));
      const double blend = std::clamp((length / wave - low) / (high - low), 0.0, 1.0);
      divisors.push_back(static_cast<float>(1.0 / ((1 - blend) / factor + blend)));
    }
    AddVector("rope_freqs.weight", std::move(divisors));
  }

  // Gemma 4: a share of the pairs turns as if all did, the others do not turn at all.
  void AddProportional(double share) {
    constexpr float kStill = 1e30f;  // what the frequency is divided by
    const int64_t dims = config_.full_head_dim();
    std::vector<float> divisors(static_cast<size_t>(dims / 2), kStill);
    const double n = std::clamp(share, 0.0, 1.0) * static_cast<double>(dims) / 2;
    std::fill_n(divisors.begin(), static_cast<size_t>(n),
                static_cast<float>(rope_.Number("factor").value_or(1.0)));
    SetCount("rope.dimension_count", dims);
    AddVector("rope_freqs.weight", std::move(divisors));
  }

  void AddLongRope() {
    const int64_t length = config_.RequiredCount({"max_position_embeddings"});
    const int64_t original = rope_.Count({"original_max_position_embeddings"}).value_or(length);
    const double scale =
        static_cast<double>(length) / static_cast<double>(std::max<int64_t>(2, original));
    const double attention =
        scale > 1 ? std::sqrt(1 + std::log(scale) / std::log(static_cast<double>(original))) : 1.0;
    SetNumber("rope.scaling.attn_factor", attention);
    AddVector("rope_factors_long.weight", FactorList("long_factor"));
    AddVector("rope_factors_short.weight", FactorList("short_factor"));
  }

  std::vector<float> FactorList(const char* key) const {
    const Json* list = rope_.Find(key);
    std::vector<float> factors;
    if (list != nullptr && list->is_array()) {
      for (const Json& factor : *list) {
        if (factor.is_number()) factors.push_back(factor.get<float>());
      }
    }
    const double share = rope_.Number("partial_rotary_factor").value_or(1.0);
    const auto expected = static_cast<size_t>(share * static_cast<double>(config_.head_dim())) / 2;
    if (factors.size() != expected) {
      Fail(ErrorCode::kCorruptFile, "{}: \"{}\" should be a list of {} numbers", config_.name(),
           key, expected);
    }
    return factors;
  }

  void AddVector(const char* name, std::vector<float> values) {
    const auto owned = std::make_shared<const std::vector<float>>(std::move(values));
    writer_.AddTensor({name,
                       DType::kF32,
                       {static_cast<int64_t>(owned->size())},
                       reinterpret_cast<const std::byte*>(owned->data()),
                       owned});
  }

  const ModelFamily& family_;
  const HuggingFaceConfig& config_;
  const HuggingFaceConfig rope_;
  const std::string prefix_;
  GgufWriter& writer_;
};

}  // namespace

void AddModelKeys(const ModelFamily& family, const HuggingFaceConfig& config, GgufWriter& writer) {
  KeyWriter(family, config, writer).AddAll();
}

}  // namespace pioneer
