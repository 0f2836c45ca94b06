#include "model/config.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <variant>

#include "base/error.h"
#include "model/architecture_keys.h"
#include "model/quantize_file.h"

namespace pioneer {
namespace {

// Upper bounds far above any model; products of two of them fit in 63 bits.
constexpr int kMaxLayers = 4096;
constexpr int kMaxWidth = 1 << 20;  // of the stream, the feed-forward part, all heads together
constexpr int kMaxHeads = 1 << 14;
constexpr int kMaxVocabulary = 1 << 24;
constexpr int kMaxContext = 1 << 27;

int64_t Elements(const Tensor& tensor) { return tensor.rows() * tensor.cols(); }

// The type of most of the weights in matrices.
std::string MainType(const GgufFile& file) {
  std::map<DType, int64_t> elements;
  for (const Tensor& tensor : file.tensors()) {
    if (tensor.shape.size() >= 2) elements[tensor.dtype] += Elements(tensor);
  }
  const auto most = std::max_element(elements.begin(), elements.end(),
                                     [](auto& a, auto& b) { return a.second < b.second; });
  return most == elements.end() ? "" : std::string(InfoOf(most->first).name);
}

int VocabularySize(const GgufFile& file, const ArchitectureKeys& keys) {
  const auto found = file.metadata().find("tokenizer.ggml.tokens");
  if (found != file.metadata().end()) {
    const auto* tokens = std::get_if<std::vector<std::string>>(&found->second);
    if (tokens != nullptr) return static_cast<int>(tokens->size());
  }
  return keys.Int("vocab_size");
}

}  // namespace

ModelConfig ReadModelConfig(const GgufFile& file) {
  ModelConfig config;
  config.architecture = file.String("general.architecture");
  const ArchitectureKeys keys(file, config.architecture);
  config.name = file.String("general.name", "");
  config.n_layers = keys.Int("block_count");
  config.d_model = keys.Int("embedding_length");
  config.n_heads = keys.Most("attention.head_count");
  config.n_kv_heads = keys.Most("attention.head_count_kv", config.n_heads);
  const int even_split = config.n_heads > 0 ? config.d_model / config.n_heads : 0;
  config.head_dim = keys.Int("attention.key_length", even_split);
  config.d_ff = keys.Most("feed_forward_length");
  config.vocab_size = VocabularySize(file, keys);
  config.context_length = keys.Int("context_length");
  config.rope_dims = keys.Int("rope.dimension_count", config.head_dim);
  config.rope_base = keys.Float("rope.freq_base", 10000.0f);
  config.rms_eps = keys.Float("attention.layer_norm_rms_epsilon", 1e-5f);
  // Tensors may overlap, so a hostile file can name far more than it has; the sum may wrap, never
  // overflow.
  uint64_t n_parameters = 0;
  for (const Tensor& tensor : file.tensors())
    n_parameters += static_cast<uint64_t>(Elements(tensor));
  config.n_parameters = static_cast<int64_t>(n_parameters & (~uint64_t{0} >> 1));
  config.file_bytes = file.file_bytes();
  config.quantization = MainType(file);
  return config;
}

void CheckModelConfig(const GgufFile& file, const ModelConfig& config) {
  const auto check = [&](const char* key, int value, int max) {
    if (value >= 1 && value <= max) return;
    Fail(ErrorCode::kCorruptFile, "{}: key \"{}.{}\" is missing or {}, not in 1..{}", file.name(),
         config.architecture, key, value, max);
  };
  const auto refuse = [&](const char* key, const std::string& why) {
    Fail(ErrorCode::kCorruptFile, "{}: key \"{}.{}\" {}", file.name(), config.architecture, key,
         why);
  };
  check("block_count", config.n_layers, kMaxLayers);
  check("embedding_length", config.d_model, kMaxWidth);
  check("attention.head_count", config.n_heads, kMaxHeads);
  check("attention.head_count_kv", config.n_kv_heads, config.n_heads);
  check("attention.key_length", config.head_dim, kMaxHeadDim);
  check("feed_forward_length", config.d_ff, kMaxWidth);
  check("context_length", config.context_length, kMaxContext);
  check("rope.dimension_count", config.rope_dims, config.head_dim);
  check("vocab_size", config.vocab_size, kMaxVocabulary);
  if (config.n_heads % config.n_kv_heads != 0) {
    refuse("attention.head_count_kv", fmt::format("is {}, which does not divide the {} heads",
                                                  config.n_kv_heads, config.n_heads));
  }
  if (config.head_dim % 2 != 0) refuse("attention.key_length", "(a head's size) is odd");
  if (config.rope_dims % 2 != 0) refuse("rope.dimension_count", "is odd");
  if (int64_t{config.n_heads} * config.head_dim > kMaxWidth) {
    refuse("attention.head_count", "times the head's size is too large");
  }
  if (config.rope_base < 1) refuse("rope.freq_base", "is below 1");
  if (config.rms_eps > 1) refuse("attention.layer_norm_rms_epsilon", "is above 1");
}

void SetModelKeys(const ModelConfig& config, DType dtype, GgufWriter& writer) {
  writer.SetString("general.architecture", config.architecture);
  writer.SetString("general.name", config.name);
  writer.SetU32("general.file_type", FileTypeOf(dtype));
  writer.SetU32("general.quantization_version", 2);
  const auto set = [&](const char* key, int value) {
    writer.SetU32(config.architecture + "." + key, static_cast<uint32_t>(value));
  };
  set("block_count", config.n_layers);
  set("context_length", config.context_length);
  set("embedding_length", config.d_model);
  set("feed_forward_length", config.d_ff);
  set("attention.head_count", config.n_heads);
  set("attention.head_count_kv", config.n_kv_heads);
  set("attention.key_length", config.head_dim);
  set("attention.value_length", config.head_dim);
  set("rope.dimension_count", config.rope_dims);
  set("vocab_size", config.vocab_size);
  writer.SetF32(config.architecture + ".rope.freq_base", config.rope_base);
  writer.SetF32(config.architecture + ".attention.layer_norm_rms_epsilon", config.rms_eps);
}

}  // namespace pioneer
