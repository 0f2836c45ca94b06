// Why: adapters as Hugging Face's PEFT writes them, under its names of the model's parts.
// Format: https://huggingface.co/docs/peft/developer_guides/checkpoint
#include "model/huggingface/adapter_folder.h"

#include <fmt/format.h>

#include <cmath>
#include <map>

#include "base/error.h"
#include "model/gguf.h"
#include "model/huggingface/config.h"
#include "model/huggingface/families.h"
#include "model/huggingface/tensor_layout.h"

namespace pioneer {
namespace {

constexpr const char* kConfigName = "adapter_config.json";
constexpr const char* kWeightsName = "adapter_model.safetensors";
constexpr std::string_view kPrefix = "base_model.model.";
// The halves, and how the embedding calls them.
constexpr std::string_view kHalves[] = {".lora_A.weight", ".lora_B.weight", ".lora_embedding_A",
                                        ".lora_embedding_B"};
constexpr double kMaxScale = 1e6;

// The two halves of one module of PEFT's, or those of all experts of one kind.
struct Halves {
  TensorMatch match;
  bool embedding = false;
  float scale = 1.0f;
  std::map<int64_t, SafeTensor> a, b;  // by expert
};

class AdapterFolderReader {
 public:
  AdapterFolderReader(const Json& config, const Safetensors& weights, const std::string& name,
                      const ModelConfig& model)
      : model_(model),
        config_(config, name + "/" + kConfigName),
        weights_(weights),
        file_{name, {}} {
    CheckKind();
  }

  AdapterFile Read() {
    for (const auto& [name, tensor] : weights_.tensors()) AddHalf(name, tensor);
    for (const auto& [name, halves] : halves_) AddTensor(name, halves);
    return std::move(file_);
  }

 private:
  [[noreturn]] void Refuse(const std::string& why) const {
    Fail(ErrorCode::kUnsupported, "{}: {}", file_.name, why);
  }

  void CheckKind() const {
    const std::string kind = config_.Text("peft_type");
    if (kind != "LORA") {
      Refuse(
          fmt::format("adapters of type \"{}\" are not supported (LORA is)", kind.substr(0, 64)));
    }
    for (const char* variant : {"use_dora", "use_qalora"}) {
      if (config_.Flag(variant, false)) {
        Refuse(
            fmt::format("{} says \"{}\", a kind of LoRA that is not supported; merge it into "
                        "its model",
                        kConfigName, variant));
      }
    }
  }

  // A name is PREFIX MODULE HALF.
  void AddHalf(const std::string& name, const SafeTensor& tensor) {
    std::string_view module = name;
    if (module.starts_with(kPrefix)) module.remove_prefix(kPrefix.size());
    for (size_t half = 0; half < std::size(kHalves); ++half) {
      if (!module.ends_with(kHalves[half])) continue;
      module.remove_suffix(kHalves[half].size());
      Halves& halves = HalvesOf(module, half >= 2);
      (half % 2 == 0 ? halves.a : halves.b).emplace(expert_, tensor);
      return;
    }
    Refuse(
        fmt::format("tensor \"{}\" is no part of a LoRA adapter (weights that were trained "
                    "whole are not supported); without it answers would be wrong",
                    name.substr(0, 256)));
  }

  Halves& HalvesOf(std::string_view module, bool embedding) {
    const std::string tensor = UnwrappedTensorName(fmt::format("{}.weight", module));
    const auto match = MatchTensorRule(model_.architecture, tensor);
    if (!match) {
      Refuse(
          fmt::format("it changes \"{}\", which is no part of {} models as this program knows "
                      "them",
                      module.substr(0, 256), model_.architecture));
    }
    expert_ = match->expert;
    Halves& halves = halves_[match->gguf_name];
    const float scale = ScaleOf(module);
    if (halves.match.rule != nullptr && halves.scale != scale) {
      Refuse(fmt::format("the experts of \"{}\" are scaled differently, which is not supported",
                         match->gguf_name));
    }
    halves.match = *match;
    halves.embedding = embedding;
    halves.scale = scale;
    return halves;
  }

  // alpha / rank, or alpha / sqrt(rank) (Kalajdzievski 2023, https://arxiv.org/abs/2312.03732).
  float ScaleOf(std::string_view module) const {
    const double rank = OwnValue("rank_pattern", module, "r");
    const double alpha = OwnValue("alpha_pattern", module, "lora_alpha");
    const bool rank_stable = config_.Flag("use_rslora", false);
    const double scale = alpha / (rank_stable ? std::sqrt(rank) : rank);
    if (!(rank > 0) || !(std::abs(scale) < kMaxScale)) {
      Fail(ErrorCode::kCorruptFile, "{}: rank {} and lora_alpha {} make no sense", config_.name(),
           rank, alpha);
    }
    return static_cast<float>(scale);
  }

  // What a pattern says of the module, else what holds for all. A pattern is a module's name or its
  // end.
  double OwnValue(std::string_view patterns, std::string_view module, std::string_view all) const {
    const Json* own = config_.Find(patterns);
    if (own != nullptr && own->is_object()) {
      for (const auto& [pattern, value] : own->items()) {
        if (pattern.find_first_of("^$*+?()[]{}|\\") != std::string::npos) {
          Refuse(fmt::format("{} uses a pattern (\"{}\"), which is not supported", patterns,
                             pattern.substr(0, 64)));
        }
        const bool same = module == pattern || module.ends_with("." + pattern);
        if (same && value.is_number()) return value.get<double>();
      }
    }
    const auto value = config_.Number(all);
    if (!value) Fail(ErrorCode::kCorruptFile, "{}: \"{}\" is missing", config_.name(), all);
    return *value;
  }

  void AddTensor(const std::string& name, const Halves& halves) {
    if (halves.a.empty() || halves.a.size() != halves.b.size()) {
      Fail(ErrorCode::kCorruptFile, "{}: of \"{}\" only one half is there", file_.name, name);
    }
    GgufWriter writer;
    AddHalfTo(writer, name + ".lora_a", halves, halves.a,
              halves.embedding ? TensorLayout::kTranspose : TensorLayout::kAsIs);
    AddHalfTo(writer, name + ".lora_b", halves, halves.b, LayoutOfB(name, halves));
    const auto built = writer.Build(file_.name);
    file_.tensors[name] = {*built->FindTensor(name + ".lora_a"),
                           *built->FindTensor(name + ".lora_b"), halves.scale};
  }

  // The rows of the second half are the rows of the matrix.
  TensorLayout LayoutOfB(const std::string& name, const Halves& halves) const {
    switch (halves.match.rule->layout) {
      case TensorLayout::kAsIs:
      case TensorLayout::kTranspose:  // the matrix lay the other way round, not its change
      case TensorLayout::kStackExperts:
        return TensorLayout::kAsIs;
      case TensorLayout::kInterleaveQ:
      case TensorLayout::kInterleaveK:
        return halves.match.rule->layout;
      default:
        Refuse(fmt::format("changes of \"{}\" are not supported", name));
    }
  }

  void AddHalfTo(GgufWriter& writer, const std::string& name, const Halves& halves,
                 const std::map<int64_t, SafeTensor>& sources, TensorLayout layout) const {
    TensorPlan plan;
    plan.name = name;
    plan.layout = layout;
    for (const auto& [expert, tensor] : sources) {
      if (expert != static_cast<int64_t>(plan.sources.size())) {
        Refuse(fmt::format("it changes only some experts of \"{}\", which is not supported", name));
      }
      plan.sources.push_back(tensor);
    }
    if (halves.match.rule->layout == TensorLayout::kStackExperts) {
      plan.layout = TensorLayout::kStackExperts;
    }
    plan.n_heads = layout == TensorLayout::kInterleaveQ ? model_.n_heads : model_.n_kv_heads;
    AddPlannedTensor(plan, writer);
  }

  const ModelConfig& model_;
  const HuggingFaceConfig config_;
  const Safetensors& weights_;
  AdapterFile file_;
  std::map<std::string, Halves> halves_;  // by the tensor's name in GGUF
  int64_t expert_ = 0;                    // of the module that was looked up last
};

}  // namespace

AdapterFile ReadAdapterFolder(const fs::path& folder, const ModelConfig& model) {
  return ReadPeftAdapter(ReadModelJson(folder / kConfigName),
                         Safetensors::Open(folder / kWeightsName), folder.string(), model);
}

AdapterFile ReadPeftAdapter(const Json& config, const Safetensors& weights, const std::string& name,
                            const ModelConfig& model) {
  return AdapterFolderReader(config, weights, name, model).Read();
}

fs::path AdapterFolderOf(const fs::path& path) {
  std::error_code ignored;
  const fs::path folder = path.extension() == ".safetensors" ? path.parent_path() : path;
  const bool is_folder = fs::exists(folder / kConfigName, ignored) && !ignored;
  return is_folder ? folder : fs::path();
}

}  // namespace pioneer
