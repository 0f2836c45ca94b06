#include "model/huggingface/family_keys.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/error.h"

namespace pioneer {
namespace {

// Which layers look at a window only, as config.json says it.
void AddWindowPattern(const HuggingFaceConfig& config, const std::string& architecture,
                      GgufWriter& writer) {
  const Json* types = config.Find("layer_types");
  if (types == nullptr || !types->is_array()) return;
  std::vector<bool> windows;
  for (const Json& type : *types) windows.push_back(type == "sliding_attention");
  writer.SetValue(architecture + ".attention.sliding_window_pattern", windows);
}

// Linear attention in all layers but every n-th; 0 = in all.
int64_t FullAttentionInterval(const HuggingFaceConfig& config) {
  const Json* types = config.Find("layer_types");
  if (types == nullptr || !types->is_array()) {
    return config.Count({"full_attention_interval"}).value_or(4);
  }
  int64_t interval = 0, layer = 0;
  for (const Json& type : *types) {
    ++layer;
    const bool full = type == "full_attention";
    if (full && interval == 0) interval = layer;
    if (full != (interval > 0 && layer % interval == 0)) {
      Fail(ErrorCode::kUnsupported,
           "{}: \"layer_types\" has layers of full attention at uneven distances, which is not "
           "supported",
           config.name());
    }
  }
  return interval;
}

// Gemma 4 names the kind of each layer, or means five windows and then all of the past; the last
// layer always sees all.
std::vector<bool> GemmaWindows(const HuggingFaceConfig& config) {
  const int64_t n = config.RequiredCount({"num_hidden_layers"});
  const Json* types = config.Find("layer_types");
  const bool named = types != nullptr && types->is_array() && std::ssize(*types) == n;
  std::vector<bool> windows;
  for (int64_t i = 0; i < n; ++i) {
    windows.push_back(named ? types->at(static_cast<size_t>(i)) == "sliding_attention"
                            : (i + 1) % 6 != 0);
  }
  if (n > 0) windows.back() = false;
  return windows;
}

}  // namespace

void AddExaone4Keys(const HuggingFaceConfig& config, GgufWriter& writer) {
  if (config.Has("sliding_window")) AddWindowPattern(config, "exaone4", writer);
}

void AddOlmo2Keys(const HuggingFaceConfig& config, GgufWriter& writer) {
  if (!config.Has("sliding_window")) return;
  if (config.Has("layer_types")) return AddWindowPattern(config, "olmo2", writer);
  std::vector<bool> windows;
  for (int64_t i = 0; i < config.RequiredCount({"num_hidden_layers"}); ++i) {
    windows.push_back((i + 1) % 4 != 0);
  }
  writer.SetValue("olmo2.attention.sliding_window_pattern", windows);
}

void AddGemma3Keys(const HuggingFaceConfig& config, GgufWriter& writer) {
  // Sizes that config.json leaves out where they are the library's defaults.
  const auto set_default = [&](const char* name, const char* key, uint32_t value) {
    if (!config.Has(name)) writer.SetU32(std::string("gemma3.") + key, value);
  };
  set_default("max_position_embeddings", "context_length", 131072);
  set_default("num_attention_heads", "attention.head_count", 8);
  set_default("num_key_value_heads", "attention.head_count_kv", 4);
  set_default("head_dim", "attention.key_length", 256);
  set_default("head_dim", "attention.value_length", 256);
  if (!config.Has("rms_norm_eps")) {
    writer.SetF32("gemma3.attention.layer_norm_rms_epsilon", 1e-6f);
  }
  if (!config.Rope().Has("rope_theta")) writer.SetF32("gemma3.rope.freq_base", 1e6f);
}

// Sizes differ between layers that look at windows and those that see all of the past.
void AddGemma4Keys(const HuggingFaceConfig& config, GgufWriter& writer) {
  const auto set = [&](const char* key, int64_t value) {
    writer.SetU32(std::string("gemma4.") + key, static_cast<uint32_t>(value));
  };
  const std::vector<bool> windows = GemmaWindows(config);
  writer.SetValue("gemma4.attention.sliding_window_pattern", windows);
  const int64_t wide = config.full_head_dim(), narrow = config.RequiredCount({"head_dim"});
  for (const char* key : {"attention.key_length", "attention.value_length", "rope.dimension_count"})
    set(key, wide);
  for (const char* key : {"attention.key_length_swa", "attention.value_length_swa"})
    set(key, narrow);
  const HuggingFaceConfig window_rope = config.Rope("sliding_attention");
  const double share = window_rope.Number("partial_rotary_factor").value_or(1.0);
  set("rope.dimension_count_swa", static_cast<int64_t>(share * static_cast<double>(narrow)));
  writer.SetF32("gemma4.rope.freq_base_swa",
                static_cast<float>(window_rope.Number("rope_theta").value_or(10000.0)));
  set("embedding_length_per_layer_input",
      config.Count({"hidden_size_per_layer_input"}).value_or(0));

  const int64_t n_shared = config.Count({"num_kv_shared_layers"}).value_or(0);
  set("attention.shared_kv_layers", n_shared);
  const auto first_shared = std::ssize(windows) - n_shared;
  const auto width = static_cast<int32_t>(config.RequiredCount({"intermediate_size"}));
  const auto full_heads = config.CountOfFullAttention(
      config.Flag("attention_k_eq_v", true) ? "num_global_key_value_heads" : "",
      "num_key_value_heads");
  const int64_t window_heads = config.RequiredCount({"num_key_value_heads"});
  std::vector<int32_t> widths, heads;
  for (int64_t i = 0; i < std::ssize(windows); ++i) {
    widths.push_back(i >= first_shared && first_shared > 0 ? 2 * width : width);
    heads.push_back(static_cast<int32_t>(
        windows[static_cast<size_t>(i)] ? window_heads : full_heads.value_or(window_heads)));
  }
  if (config.Flag("use_double_wide_mlp", false)) {
    writer.SetI32s("gemma4.feed_forward_length", std::move(widths));
  }
  if (full_heads) writer.SetI32s("gemma4.attention.head_count_kv", std::move(heads));
}

void AddQwen35Keys(const HuggingFaceConfig& config, GgufWriter& writer) {
  const auto set = [&](const char* key, int64_t value) {
    writer.SetU32(std::string("qwen35.") + key, static_cast<uint32_t>(value));
  };
  set("ssm.inner_size", config.RequiredCount({"linear_value_head_dim"}) *
                            config.RequiredCount({"linear_num_value_heads"}));
  set("full_attention_interval", FullAttentionInterval(config));
  const HuggingFaceConfig rope = config.Rope();
  if (!rope.Has("partial_rotary_factor")) set("rope.dimension_count", config.head_dim() / 4);
  // Which pairs turn by which of a picture's positions; those of a text are all the same.
  std::vector<int32_t> sections;
  const Json* own = rope.Find("mrope_section");
  for (size_t i = 0; own != nullptr && own->is_array() && i < own->size() && i < 4; ++i) {
    if (own->at(i).is_number_integer()) sections.push_back(own->at(i).get<int32_t>());
  }
  if (sections.empty()) sections = {11, 11, 10};
  sections.resize(4);
  writer.SetI32s("qwen35.rope.dimension_sections", std::move(sections));
}

void AddGpt2Keys(const HuggingFaceConfig& config, GgufWriter& writer) {
  const int64_t width = config.RequiredCount({"n_embd"});
  writer.SetU32("gpt2.feed_forward_length",
                static_cast<uint32_t>(config.Count({"n_inner"}).value_or(4 * width)));
}

void AddGptOssKeys(const HuggingFaceConfig& config, GgufWriter& writer) {
  writer.SetU32("gpt-oss.expert_feed_forward_length",
                static_cast<uint32_t>(config.RequiredCount({"intermediate_size"})));
}

void AddPhi3Keys(const HuggingFaceConfig& config, GgufWriter& writer) {
  // 0 tells Phi-4, which has no window, from Phi-3.
  writer.SetU32("phi3.attention.sliding_window",
                static_cast<uint32_t>(config.Count({"sliding_window"}).value_or(0)));
  const auto original = config.Rope().Count({"original_max_position_embeddings"});
  writer.SetU32(
      "phi3.rope.scaling.original_context_length",
      static_cast<uint32_t>(original.value_or(config.RequiredCount({"max_position_embeddings"}))));
}

// Layers with attention have keys and values, those with convolutions none; the feed-forward part
// may be rounded up from a share of the stated size.
void AddLfm2Keys(const HuggingFaceConfig& config, GgufWriter& writer) {
  const int64_t n_kv_heads = config.RequiredCount({"num_key_value_heads"});
  const Json* types = config.Find("layer_types");
  if (types != nullptr && types->is_array()) {
    std::vector<uint64_t> heads;
    for (const Json& type : *types) {
      heads.push_back(type == "conv" ? 0 : static_cast<uint64_t>(n_kv_heads));
    }
    std::vector<int32_t> narrow(heads.begin(), heads.end());
    writer.SetI32s("lfm2.attention.head_count_kv", std::move(narrow));
  }
  int64_t width = config.RequiredCount({"block_ff_dim", "intermediate_size"});
  if (config.Flag("block_auto_adjust_ff_dim", false)) {
    const int64_t multiple = std::max<int64_t>(1, config.Count({"block_multiple_of"}).value_or(1));
    width = 2 * width / 3;
    const double factor = config.Number("block_ffn_dim_multiplier").value_or(1.0);
    width = static_cast<int64_t>(factor * static_cast<double>(width));
    width = (width + multiple - 1) / multiple * multiple;
  }
  writer.SetU32("lfm2.feed_forward_length", static_cast<uint32_t>(width));
}

// Attention is written as llama.cpp has it: one head over compressed vectors.
void AddDeepSeekKeys(const HuggingFaceConfig& config, GgufWriter& writer) {
  const auto set = [&](const char* key, int64_t value) {
    writer.SetU32(std::string("deepseek2.") + key, static_cast<uint32_t>(value));
  };
  const int64_t compressed = config.RequiredCount({"kv_lora_rank"}),
                rotated = config.RequiredCount({"qk_rope_head_dim"}),
                plain = config.RequiredCount({"qk_nope_head_dim"});
  set("attention.head_count_kv", 1);
  set("attention.key_length", compressed + rotated);
  set("attention.value_length", compressed);
  set("attention.key_length_mla", plain + rotated);
  set("attention.value_length_mla", config.RequiredCount({"v_head_dim"}));
  set("rope.dimension_count", rotated);
  const bool has_experts = config.Has("n_routed_experts");
  set("leading_dense_block_count",
      config.Count({"first_k_dense_replace"})
          .value_or(has_experts ? 0 : config.RequiredCount({"num_hidden_layers"})));
  set("expert_feed_forward_length",
      config.RequiredCount({"moe_intermediate_size", "intermediate_size"}));
  set("expert_shared_count", config.Count({"n_shared_experts"}).value_or(0));
  set("expert_gating_func", config.Text("scoring_func") == "sigmoid" ? 2 : 1);
  if (const auto multiplier = config.Rope().Number("mscale_all_dim")) {
    writer.SetF32("deepseek2.rope.scaling.yarn_log_multiplier",
                  static_cast<float>(0.1 * *multiplier));
  }
}

void AddBertKeys(const HuggingFaceConfig& config, GgufWriter& writer) {
  const std::string f = config.Text("hidden_act"),
                    positions = config.Text("position_embedding_type");
  if ((!f.empty() && f != "gelu") || (!positions.empty() && positions != "absolute")) {
    Fail(ErrorCode::kUnsupported,
         "{}: encoders with \"hidden_act\" \"{}\" and \"position_embedding_type\" \"{}\" are not "
         "supported (gelu and absolute are)",
         config.name(), f.substr(0, 64), positions.substr(0, 64));
  }
  writer.SetBool("bert.attention.causal", false);
  writer.SetU32("tokenizer.ggml.token_type_count",
                static_cast<uint32_t>(config.Count({"type_vocab_size"}).value_or(1)));
}

void AddRobertaKeys(const HuggingFaceConfig& config, GgufWriter& writer) {
  AddBertKeys(config, writer);
  const int64_t rows = config.RequiredCount({"max_position_embeddings"});
  writer.SetU32("bert.context_length", static_cast<uint32_t>(std::max<int64_t>(1, rows - 2)));
}

}  // namespace pioneer
