// Why: the rules of the mixes, as a table.
#include "model/quantize_preset.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/error.h"

namespace pioneer {
namespace {

// Of presets with one type, the plainest mix comes first.
constexpr QuantizePreset kPresets[] = {
    {"F32", DType::kF32, 0},      {"F16", DType::kF16, 1},          {"BF16", DType::kBF16, 32},
    {"Q8_0", DType::kQ8_0, 7},    {"Q6_K", DType::kQ6_K, 18},       {"Q5_K_S", DType::kQ5_K, 16},
    {"Q5_K_M", DType::kQ5_K, 17}, {"Q5_1", DType::kQ5_1, 9},        {"Q5_0", DType::kQ5_0, 8},
    {"Q4_K_S", DType::kQ4_K, 14}, {"Q4_K_M", DType::kQ4_K, 15},     {"Q4_1", DType::kQ4_1, 3},
    {"Q4_0", DType::kQ4_0, 2},    {"IQ4_NL", DType::kIQ4_NL, 25},   {"IQ4_XS", DType::kIQ4_XS, 30},
    {"MXFP4", DType::kMXFP4, 38}, {"MXFP4_MOE", DType::kMXFP4, 38}, {"Q3_K_S", DType::kQ3_K, 11},
    {"Q3_K_M", DType::kQ3_K, 12}, {"Q3_K_L", DType::kQ3_K, 13},     {"Q2_K", DType::kQ2_K, 10},
};

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

enum class Part { kOutput, kEmbedding, kValue, kKey, kAttentionOutput, kDown, kOther };

Part PartOf(std::string_view name) {
  const auto has = [&](std::string_view piece) { return name.find(piece) != name.npos; };
  if (name == "output.weight") return Part::kOutput;
  if (name == "token_embd.weight" || name == "per_layer_token_embd.weight") return Part::kEmbedding;
  if (has("attn_v.weight") || has("attn_qkv.weight") || has("attn_kv_b.weight")) {
    return Part::kValue;
  }
  if (has("attn_k.weight")) return Part::kKey;
  if (has("attn_output.weight")) return Part::kAttentionOutput;
  if (has("ffn_down")) return Part::kDown;
  return Part::kOther;
}

enum class When {
  kAlways,
  kGrouped,  // at least 4 query heads share a key head
  kEightExperts,
  kFirstTwo,  // of the tensors of this part
  kFirstFour,
  kFirst16th,  // of the layers
  kFirst8th,
  kFirst8thBlind,   // no importance matrix
  kFirst8thTold,    // with one
  kEdgesAndThirds,  // the first and last eighth of the layers, and every third between
};

struct Rule {
  std::string_view preset;
  Part part;
  When when;
  DType dtype;
};

// The first that fits holds; without one, the preset's own type.
constexpr Rule kRules[] = {
    {"Q2_K", Part::kValue, When::kGrouped, DType::kQ4_K},
    {"Q2_K", Part::kValue, When::kAlways, DType::kQ3_K},
    {"Q2_K", Part::kDown, When::kAlways, DType::kQ3_K},
    {"Q2_K", Part::kAttentionOutput, When::kEightExperts, DType::kQ5_K},
    {"Q2_K", Part::kAttentionOutput, When::kAlways, DType::kQ3_K},
    {"Q3_K_S", Part::kAttentionOutput, When::kEightExperts, DType::kQ5_K},
    {"Q3_K_M", Part::kValue, When::kFirstTwo, DType::kQ5_K},
    {"Q3_K_M", Part::kValue, When::kAlways, DType::kQ4_K},
    {"Q3_K_M", Part::kDown, When::kFirst16th, DType::kQ5_K},
    {"Q3_K_M", Part::kDown, When::kAlways, DType::kQ4_K},
    {"Q3_K_M", Part::kAttentionOutput, When::kEightExperts, DType::kQ5_K},
    {"Q3_K_M", Part::kAttentionOutput, When::kAlways, DType::kQ4_K},
    {"Q3_K_L", Part::kValue, When::kAlways, DType::kQ5_K},
    {"Q3_K_L", Part::kDown, When::kAlways, DType::kQ5_K},
    {"Q3_K_L", Part::kAttentionOutput, When::kAlways, DType::kQ5_K},
    {"IQ4_NL", Part::kValue, When::kGrouped, DType::kQ5_K},
    {"IQ4_NL", Part::kDown, When::kFirst8thBlind, DType::kQ5_K},
    {"IQ4_NL", Part::kAttentionOutput, When::kEightExperts, DType::kQ5_K},
    {"IQ4_XS", Part::kValue, When::kGrouped, DType::kQ5_K},
    {"IQ4_XS", Part::kDown, When::kFirst8thBlind, DType::kQ5_K},
    {"IQ4_XS", Part::kAttentionOutput, When::kEightExperts, DType::kQ5_K},
    {"Q4_0", Part::kDown, When::kFirst8thTold, DType::kQ4_1},
    {"Q4_K_S", Part::kValue, When::kFirstFour, DType::kQ5_K},
    {"Q4_K_S", Part::kDown, When::kFirst8th, DType::kQ5_K},
    {"Q4_K_S", Part::kAttentionOutput, When::kEightExperts, DType::kQ5_K},
    {"Q4_K_M", Part::kValue, When::kEdgesAndThirds, DType::kQ6_K},
    {"Q4_K_M", Part::kDown, When::kEdgesAndThirds, DType::kQ6_K},
    {"Q4_K_M", Part::kAttentionOutput, When::kEightExperts, DType::kQ5_K},
    {"Q5_0", Part::kDown, When::kFirst8thTold, DType::kQ5_1},
    {"Q5_K_M", Part::kValue, When::kEdgesAndThirds, DType::kQ6_K},
    {"Q5_K_M", Part::kDown, When::kEdgesAndThirds, DType::kQ6_K},
};

// The N of "blk.N."; 0 elsewhere.
int LayerOf(std::string_view name) {
  int layer = 0;
  if (name.starts_with("blk.")) std::from_chars(name.data() + 4, name.data() + name.size(), layer);
  return layer;
}

struct Situation {
  int index, count;  // of the layer, or of the tensor among its part
  bool grouped, eight_experts, has_importance;
};

bool Holds(When when, const Situation& s) {
  const int eighth = s.count / 8;
  switch (when) {
    case When::kAlways:
      return true;
    case When::kGrouped:
      return s.grouped;
    case When::kEightExperts:
      return s.eight_experts;
    case When::kFirstTwo:
      return s.index < 2;
    case When::kFirstFour:
      return s.index < 4;
    case When::kFirst16th:
      return s.index < s.count / 16;
    case When::kFirst8th:
      return s.index < eighth;
    case When::kFirst8thBlind:
      return s.index < eighth && !s.has_importance;
    case When::kFirst8thTold:
      return s.index < eighth && s.has_importance;
    case When::kEdgesAndThirds:
      return s.index < eighth || s.index >= 7 * s.count / 8 || (s.index - eighth) % 3 == 2;
  }
  return false;
}

// A count that may be given for each layer; the first then.
int64_t FirstCount(const GgufFile& file, const std::string& key, int64_t otherwise) {
  if (!file.Has(key)) return otherwise;
  if (const auto* counts = std::get_if<std::vector<int64_t>>(&file.metadata().at(key))) {
    return counts->empty() ? otherwise : counts->front();
  }
  if (const auto* counts = std::get_if<std::vector<uint64_t>>(&file.metadata().at(key))) {
    return counts->empty() ? otherwise : static_cast<int64_t>(counts->front());
  }
  return file.Int(key);
}

}  // namespace

std::span<const QuantizePreset> QuantizePresets() { return kPresets; }

std::optional<QuantizePreset> FindQuantizePreset(std::string_view name) {
  for (const QuantizePreset& preset : kPresets) {
    if (SameName(preset.name, name)) return preset;
  }
  for (const char* family : {"Q3_K", "Q4_K", "Q5_K"}) {
    if (SameName(family, name)) return FindQuantizePreset(std::string(name) + "_M");
  }
  return std::nullopt;
}

uint32_t FileTypeOf(DType dtype) {
  for (const QuantizePreset& preset : kPresets) {
    if (preset.dtype == dtype) return preset.file_type;
  }
  Fail(ErrorCode::kInternal, "type {} has no file type", static_cast<uint32_t>(dtype));
}

DType WeightTypeFor(DType target, int64_t n) {
  const auto fits = [n](DType type) { return n % InfoOf(type).block_elements == 0; };
  if (fits(target)) return target;
  DType small = DType::kF16;
  switch (target) {
    case DType::kQ2_K:
    case DType::kQ3_K:
      small = DType::kQ4_0;
      break;
    case DType::kIQ4_XS:
      small = DType::kIQ4_NL;
      break;
    case DType::kQ4_K:
      small = DType::kQ5_0;
      break;
    case DType::kQ5_K:
      small = DType::kQ5_1;
      break;
    case DType::kQ6_K:
      small = DType::kQ8_0;
      break;
    default:
      break;
  }
  return fits(small) ? small : DType::kF16;
}

bool IsQuantizable(const Tensor& tensor) {
  const std::string_view name = tensor.name;
  if (tensor.shape.size() < 2 || !name.ends_with("weight")) return false;
  static constexpr std::string_view kKept[] = {
      "_norm.weight",          "ffn_gate_inp.weight", "altup",       "laurel",
      "per_layer_model_proj",  "position_embd",       "token_types", "ssm_conv1d",
      "shortconv.conv.weight", "attn_rel_b.weight",   ".patch_embd",
  };
  return std::none_of(std::begin(kKept), std::end(kKept),
                      [&](std::string_view piece) { return name.find(piece) != name.npos; });
}

TypeChooser::TypeChooser(const GgufFile& file, const QuantizePreset& preset, bool has_importance,
                         bool pure)
    : preset_(preset), has_importance_(has_importance), pure_(pure) {
  const std::string architecture = file.String("general.architecture", "");
  const auto count = [&](const char* key, int64_t otherwise) {
    return FirstCount(file, architecture + "." + key, otherwise);
  };
  n_layers_ = static_cast<int>(std::clamp<int64_t>(count("block_count", 0), 0, 1 << 20));
  n_experts_ = static_cast<int>(std::clamp<int64_t>(count("expert_count", 0), 0, 1 << 20));
  const int64_t heads = count("attention.head_count", 1);
  queries_per_key_ = heads / std::max<int64_t>(1, count("attention.head_count_kv", heads));
  tied_ = file.FindTensor("output.weight") == nullptr;
  std::vector<std::string> values;
  for (const Tensor& tensor : file.tensors()) {
    if (PartOf(tensor.name) == Part::kValue) values.push_back(tensor.name);
  }
  std::stable_sort(values.begin(), values.end(),
                   [](const auto& a, const auto& b) { return LayerOf(a) < LayerOf(b); });
  for (const std::string& name : values) value_order_.emplace(name, n_values_++);
}

DType TypeChooser::Choose(const Tensor& tensor) const {
  if (pure_ || IsPlain(preset_.dtype)) return preset_.dtype;
  const Part part = PartOf(tensor.name);
  const bool mixture = preset_.name == "MXFP4_MOE";
  if (part == Part::kOutput || (part == Part::kEmbedding && tied_)) {
    const bool fits = tensor.cols() % InfoOf(preset_.dtype).block_elements == 0;
    if (mixture || !fits || preset_.dtype == DType::kQ8_0) return DType::kQ8_0;
    return DType::kQ6_K;
  }
  if (mixture) return tensor.shape.size() > 2 ? DType::kMXFP4 : DType::kQ8_0;
  const bool eight = n_experts_ == 8;
  if (eight && (part == Part::kValue || part == Part::kKey)) return DType::kQ8_0;
  Situation situation{LayerOf(tensor.name), n_layers_, queries_per_key_ >= 4, eight,
                      has_importance_};
  if (const auto at = value_order_.find(tensor.name); at != value_order_.end()) {
    situation.index = at->second;
    situation.count = n_values_;
  }
  for (const Rule& rule : kRules) {
    if (rule.preset == preset_.name && rule.part == part && Holds(rule.when, situation)) {
      return rule.dtype;
    }
  }
  return preset_.dtype;
}

}  // namespace pioneer
