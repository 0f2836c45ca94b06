#include "model/huggingface/folder.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/error.h"
#include "model/huggingface/families.h"
#include "model/huggingface/safetensors.h"
#include "model/huggingface/tensor_layout.h"
#include "model/huggingface/tokenizer_json.h"
#include "model/model.h"
#include "model/quantize_preset.h"
#include "model/vocabulary.h"

namespace pioneer {
namespace {

constexpr int64_t kMaxLayers = 4096;
constexpr int64_t kMaxExperts = 4096;
constexpr int64_t kMaxHeadCount = 1 << 16;  // and the size of one
constexpr size_t kMaxTokenizerBytes = size_t{128} << 20;
constexpr size_t kMaxTemplateBytes = size_t{4} << 20;

// Parts of a model that are not its language model, and numbers that can be computed.
constexpr std::string_view kIgnoredPrefixes[] = {"vision_tower.",
                                                 "vision_model.",
                                                 "visual.",
                                                 "audio_tower.",
                                                 "multi_modal_projector.",
                                                 "model.vision_tower.",
                                                 "model.vision_embedder.",
                                                 "model.visual.",
                                                 "model.audio_tower.",
                                                 "model.embed_vision.",
                                                 "model.embed_audio.",
                                                 "model.multi_modal_projector.",
                                                 "mtp.",
                                                 "model.mtp."};
constexpr std::string_view kIgnoredSuffixes[] = {".rotary_emb.inv_freq", ".attn.bias",
                                                 ".attn.masked_bias", ".position_ids"};
bool IsIgnored(std::string_view name) {
  return std::any_of(std::begin(kIgnoredPrefixes), std::end(kIgnoredPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); }) ||
         std::any_of(std::begin(kIgnoredSuffixes), std::end(kIgnoredSuffixes),
                     [&](std::string_view suffix) { return name.ends_with(suffix); });
}

std::string Fill(std::string_view pattern, std::string_view hole, int64_t number) {
  std::string filled(pattern);
  const size_t at = filled.find(hole);
  return at == std::string::npos ? filled : filled.replace(at, hole.size(), std::to_string(number));
}

// "" when it is no text.
std::string TextOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// The tensors under the names that the families' tables use, each used at most as often as rules
// name it; what is left at the end is something that the tables do not know.
class NamedTensors {
 public:
  // Layers [n_layers, n_layers + n_more) guess further tokens ahead; nothing here uses them.
  NamedTensors(const Safetensors& files, int64_t n_layers, int64_t n_more) {
    for (const auto& [name, tensor] : files.tensors()) {
      if (!IsIgnored(name)) tensors_.emplace(UnwrappedTensorName(name), tensor);
    }
    for (int64_t layer = n_layers; layer < n_layers + n_more; ++layer) {
      const std::string prefix = fmt::format("model.layers.{}.", layer);
      std::erase_if(tensors_, [&](const auto& named) { return named.first.starts_with(prefix); });
    }
    // Models published without a head begin a level lower.
    if (!tensors_.contains("embed_tokens.weight")) return;
    std::map<std::string, SafeTensor> renamed;
    for (auto& [name, tensor] : tensors_) renamed.emplace("model." + name, std::move(tensor));
    tensors_ = std::move(renamed);
  }

  const SafeTensor* Use(const std::string& name) {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) return nullptr;
    used_.insert(name);
    return &found->second;
  }

  void CheckAllUsed(const std::string& folder, std::string_view class_name) const {
    for (const auto& [name, tensor] : tensors_) {
      if (used_.contains(name)) continue;
      Fail(ErrorCode::kUnsupported,
           "{}: tensor \"{}\" is none that a {} has as this program knows it; without it the model "
           "would answer wrongly",
           folder, tensor.name, class_name);
    }
  }

 private:
  std::map<std::string, SafeTensor> tensors_;
  std::set<std::string> used_;
};

class FolderReader {
 public:
  FolderReader(const fs::path& folder, GgufWriter& writer)
      : folder_(folder),
        config_(HuggingFaceConfig::Read(folder)),
        family_(FamilyOf(config_)),
        n_layers_(config_.RequiredCount({"num_hidden_layers", "n_layer"})),
        tensors_(Safetensors::OpenFolder(folder), n_layers_,
                 std::min<int64_t>(16, config_.Count({"num_nextn_predict_layers"}).value_or(0))),
        writer_(writer) {
    if (n_layers_ > kMaxLayers) {
      Fail(ErrorCode::kCorruptFile, "{}: {} layers are more than any model has", config_.name(),
           n_layers_);
    }
  }

  void Read() {
    writer_.SetString("general.architecture", std::string(family_.architecture));
    writer_.SetString("general.name", ModelName());
    AddTensors();
    AddModelKeys(family_, config_, writer_);
    AddPooling();
    AddLabels();
    AddVocabulary();
    AddChatTemplate();
    writer_.SetU32("general.file_type", FileTypeOf(main_type_));
    writer_.SetU32("general.quantization_version", 2);
  }

 private:
  static const ModelFamily& FamilyOf(const HuggingFaceConfig& config) {
    const ModelFamily* family = FindModelFamily(config.class_name());
    if (family == nullptr) {
      Fail(ErrorCode::kUnsupported, "{}: models of class \"{}\" are not supported (these are: {})",
           config.name(), config.class_name().substr(0, 64), KnownModelClasses());
    }
    const Json* quantization = config.Find("quantization_config");
    const std::string method =
        quantization != nullptr && quantization->is_object()
            ? quantization->value("quant_method", Json("an unknown method")).dump()
            : "";
    if (!method.empty() && method != "\"mxfp4\"") {
      Fail(ErrorCode::kUnsupported,
           "{}: these weights are quantized by {}, which this program cannot read; take the "
           "original (BF16) or a GGUF of it",
           config.name(), method);
    }
    return *family;
  }

  // In Hugging Face's cache the folder is named by a commit; the model's name stands above.
  std::string ModelName() const {
    const fs::path full = fs::absolute(folder_ / "").parent_path();
    const std::string above = full.parent_path().parent_path().filename().string();
    constexpr std::string_view kCachePrefix = "models--";
    if (!above.starts_with(kCachePrefix)) return full.filename().string();
    const size_t owner_end = above.find("--", kCachePrefix.size());
    return owner_end == std::string::npos ? above : above.substr(owner_end + 2);
  }

  void AddTensors() {
    const bool tied = config_.Flag("tie_word_embeddings", false);
    for (const TensorRule& rule : family_.tensors) {
      if (rule.name.find("{}") == std::string_view::npos) {
        if (tied && rule.gguf_name == "output.weight") {
          tensors_.Use(std::string(rule.name));
        } else {
          AddTensor(rule, rule.name, rule.gguf_name);
        }
        continue;
      }
      for (int64_t layer = 0; layer < n_layers_; ++layer) {
        AddTensor(rule, Fill(rule.name, "{}", layer), Fill(rule.gguf_name, "{}", layer));
      }
    }
    tensors_.CheckAllUsed(folder_.string(), config_.class_name());
  }

  void AddTensor(const TensorRule& rule, std::string_view name, std::string_view gguf_name) {
    TensorPlan plan;
    plan.name = std::string(gguf_name);
    plan.layout = rule.layout;
    plan.sources = Sources(rule.layout, std::string(name));
    if (plan.sources.empty() || rule.layout == TensorLayout::kDrop) return;
    if (rule.layout == TensorLayout::kFromThirdRow) {
      plan.layout = TensorLayout::kAsIs;
      plan.first_row = 2;
    }
    if (plan.name == "cls.output.weight" && !plan.sources[0].shape.empty()) {
      n_labels_ = plan.sources[0].shape[0];
    }
    AddHeads(plan);
    if (plan.name == "token_embd.weight") {
      n_embeddings_ = plan.sources[0].shape.empty() ? 0 : plan.sources[0].shape[0];
      main_type_ = plan.sources[0].dtype == "F32"   ? DType::kF32
                   : plan.sources[0].dtype == "F16" ? DType::kF16
                                                    : DType::kBF16;
    }
    AddPlannedTensor(plan, writer_);
  }

  // What the layout must know of the heads.
  void AddHeads(TensorPlan& plan) const {
    switch (plan.layout) {
      case TensorLayout::kInterleaveQ:
        plan.n_heads = config_.RequiredCount({"num_attention_heads"});
        return;
      case TensorLayout::kInterleaveK:
        plan.n_heads = config_.RequiredCount({"num_key_value_heads", "num_attention_heads"});
        return;
      case TensorLayout::kLatentKeys:
      case TensorLayout::kLatentValues:
        plan.n_heads = config_.RequiredCount({"num_attention_heads"});
        plan.key_rows = config_.RequiredCount({"qk_nope_head_dim"});
        return;
      case TensorLayout::kDealHeads:
      case TensorLayout::kDealHeadsOfQkv:
      case TensorLayout::kDealHeadsOfInput:
      case TensorLayout::kDealHeadsOfDecay:
        plan.n_heads = HeadCount("linear_num_value_heads");
        plan.n_key_heads = HeadCount("linear_num_key_heads");
        if (plan.layout == TensorLayout::kDealHeadsOfQkv) {
          plan.key_rows = 2 * plan.n_key_heads * HeadCount("linear_key_head_dim");
        }
        return;
      default:
        return;
    }
  }

  int64_t HeadCount(std::string_view key) const {
    return std::min(kMaxHeadCount, config_.RequiredCount({key}));
  }

  std::vector<SafeTensor> Sources(TensorLayout layout, const std::string& name) {
    std::vector<SafeTensor> sources;
    const auto add = [&](const std::string& one) {
      const SafeTensor* tensor = tensors_.Use(one);
      if (tensor != nullptr) sources.push_back(*tensor);
      return tensor != nullptr;
    };
    if (layout == TensorLayout::kStackExperts) {
      while (sources.size() < kMaxExperts &&
             add(Fill(name, "{e}", static_cast<int64_t>(sources.size())))) {
      }
      return sources;
    }
    if (!add(name)) return {};
    constexpr std::string_view kBlocks = "_blocks";
    if (name.ends_with(kBlocks)) {
      const std::string scales = name.substr(0, name.size() - kBlocks.size()) + "_scales";
      if (!add(scales)) {
        Fail(ErrorCode::kCorruptFile, "{}: tensor \"{}\" is missing", folder_.string(), scales);
      }
    }
    return sources;
  }

  // Sentence Transformers' modules say how the rows of a text become its vector.
  void AddPooling() {
    const fs::path path = folder_ / "modules.json";
    std::error_code ignored;
    if (!fs::exists(path, ignored)) return;
    const Json modules = ReadAnyModelJson(path);
    if (!modules.is_array()) return;
    for (const Json& module : modules) {
      if (!module.is_object() || !TextOf(module, "type").ends_with(".Pooling")) continue;
      const std::string name = TextOf(module, "path");
      if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.')) return;
      return AddPooling(HuggingFaceConfig(ReadModelJson(folder_ / name / "config.json"), name));
    }
  }

  void AddPooling(const HuggingFaceConfig& pooling) {
    constexpr std::pair<const char*, Pooling> kModes[] = {
        {"pooling_mode_mean_tokens", Pooling::kMean},
        {"pooling_mode_cls_token", Pooling::kCls},
        {"pooling_mode_lasttoken", Pooling::kLast}};
    for (const auto& [mode, value] : kModes) {
      if (!pooling.Flag(mode, false)) continue;
      writer_.SetU32(std::string(family_.architecture) + ".pooling_type",
                     static_cast<uint32_t>(value));
      return;
    }
    Fail(ErrorCode::kUnsupported,
         "{}: its vectors are pooled in a way that is not supported (mean, the first and the last "
         "token are)",
         folder_.string());
  }

  // What the scores of a classifier are for.
  void AddLabels() {
    const Json* names = config_.Find("id2label");
    if (n_labels_ < 2 || names == nullptr || !names->is_object()) return;
    if (static_cast<int64_t>(names->size()) != n_labels_) return;
    std::vector<std::string> labels;
    for (int64_t i = 0; i < n_labels_; ++i) {
      const auto name = names->find(std::to_string(i));
      if (name == names->end() || !name->is_string()) return;
      labels.push_back(name->get<std::string>());
    }
    writer_.SetStrings(std::string(family_.architecture) + ".classifier.output_labels", labels);
  }

  // The embedding may have more rows than there are tokens: GGUF wants a token for each.
  void AddVocabulary() {
    Vocabulary vocabulary = ReadVocabulary();
    const auto n = static_cast<size_t>(n_embeddings_);
    if (n_embeddings_ > 0 && vocabulary.tokens.size() < n) {
      if (vocabulary.types.empty()) {
        vocabulary.types.assign(vocabulary.tokens.size(), TokenType::kNormal);
      }
      if (!vocabulary.scores.empty()) vocabulary.scores.resize(n, -10000.0f);
      for (size_t id = vocabulary.tokens.size(); id < n; ++id) {
        vocabulary.tokens.push_back(fmt::format("[PAD{}]", id));
      }
      vocabulary.types.resize(n, TokenType::kUnused);
    } else if (n_embeddings_ > 0 && vocabulary.tokens.size() > n) {
      DropTokens(vocabulary, n);
    }
    AddEndOfTurn(vocabulary);
    SaveVocabulary(vocabulary, writer_);
  }

  Json ReadIfThere(const char* name) const {
    std::error_code ignored;
    return fs::exists(folder_ / name, ignored) ? ReadModelJson(folder_ / name) : Json();
  }

  Vocabulary ReadVocabulary() const {
    const fs::path path = folder_ / "tokenizer.json";
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
      Fail(ErrorCode::kNotFound, "{}: there is no tokenizer.json, which holds the vocabulary",
           folder_.string());
    }
    try {
      return ReadTokenizerJson(ReadModelJson(path, kMaxTokenizerBytes),
                               ReadIfThere("tokenizer_config.json"),
                               ReadIfThere("special_tokens_map.json"));
    } catch (const Error& error) {
      throw Error(error.code(), fmt::format("{}: {}", path.string(), error.what()));
    }
  }

  // Tokens without an embedding (markers of pictures) cannot be in a text.
  static void DropTokens(Vocabulary& vocabulary, size_t n) {
    vocabulary.tokens.resize(n);
    if (vocabulary.types.size() > n) vocabulary.types.resize(n);
    if (vocabulary.scores.size() > n) vocabulary.scores.resize(n);
  }

  // generation_config.json may name several tokens that end an answer.
  void AddEndOfTurn(Vocabulary& vocabulary) const {
    std::error_code ignored;
    const fs::path path = folder_ / "generation_config.json";
    if (vocabulary.eot_id >= 0 || !fs::exists(path, ignored)) return;
    const Json json = ReadModelJson(path);
    const auto ends = json.find("eos_token_id");
    if (ends == json.end() || !ends->is_array()) return;
    for (const Json& end : *ends) {
      if (!end.is_number_integer()) continue;
      const auto id = end.get<int64_t>();
      const bool known = id >= 0 && id < static_cast<int64_t>(vocabulary.tokens.size());
      if (known && id != vocabulary.eos_id && vocabulary.eot_id < 0) {
        vocabulary.eot_id = static_cast<int32_t>(id);
      }
    }
  }

  void AddChatTemplate() {
    const std::string text = ReadChatTemplate();
    if (!text.empty()) writer_.SetString("tokenizer.chat_template", text);
  }

  // chat_template.jinja, else tokenizer_config.json's: a text, or a list of named ones of which
  // "default" is meant.
  std::string ReadChatTemplate() const {
    std::error_code ignored;
    if (const fs::path own = folder_ / "chat_template.jinja"; fs::exists(own, ignored)) {
      return ReadFile(own, kMaxTemplateBytes);
    }
    const fs::path path = folder_ / "tokenizer_config.json";
    if (!fs::exists(path, ignored)) return "";
    const Json json = ReadModelJson(path);
    const auto found = json.find("chat_template");
    if (found == json.end()) return "";
    if (found->is_string()) return found->get<std::string>();
    if (!found->is_array()) return "";
    for (const Json& named : *found) {
      if (named.is_object() && named.value("name", Json()) == "default" &&
          named.value("template", Json()).is_string()) {
        return named["template"].get<std::string>();
      }
    }
    return "";
  }

  const fs::path folder_;
  const HuggingFaceConfig config_;
  const ModelFamily& family_;
  const int64_t n_layers_;
  NamedTensors tensors_;
  GgufWriter& writer_;
  int64_t n_embeddings_ = 0;
  int64_t n_labels_ = 0;  // of a classifier
  DType main_type_ = DType::kBF16;
};

}  // namespace

bool IsHuggingFaceFolder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored) && fs::exists(path / "config.json", ignored);
}

void DescribeHuggingFaceFolder(const fs::path& folder, GgufWriter& writer) {
  FolderReader(folder, writer).Read();
}

std::shared_ptr<const GgufFile> OpenHuggingFaceFolder(const fs::path& folder,
                                                      const CancelToken& cancel) {
  GgufWriter writer;
  DescribeHuggingFaceFolder(folder, writer);
  return writer.Build(folder.string(), cancel);
}

}  // namespace pioneer
