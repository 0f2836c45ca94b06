#include "model/registry.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "model/config.h"
#include "model/gguf_split.h"
#include "model/hub/model_reference.h"
#include "model/huggingface/families.h"
#include "model/huggingface/folder.h"
#include "model/huggingface/safetensors.h"

namespace pioneer {
namespace {

constexpr char kExtension[] = ".gguf";

std::string LowerCase(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// A metadata value that is only shown: of another type it counts as absent.
std::string ShownString(const GgufFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) return "";
  const auto* text = std::get_if<std::string>(&found->second);
  return text == nullptr ? "" : *text;
}

ModelSummary SummarizeFile(const fs::path& path) {
  const auto file = GgufFile::Open(path);
  ModelSummary summary;
  summary.config = ReadModelConfig(*file);
  summary.n_tensors = static_cast<int>(file->tensors().size());
  summary.tokenizer = ShownString(*file, "tokenizer.ggml.model");
  summary.pre_tokenizer = ShownString(*file, "tokenizer.ggml.pre");
  summary.license = ShownString(*file, "general.license");
  summary.has_chat_template = !ShownString(*file, "tokenizer.chat_template").empty();
  return summary;
}

// From config.json and the headers of the weights: the vocabulary is not read.
ModelSummary SummarizeFolder(const fs::path& path) {
  const HuggingFaceConfig config = HuggingFaceConfig::Read(path);
  const ModelFamily* family = FindModelFamily(config.class_name());
  if (family == nullptr) {
    Fail(ErrorCode::kUnsupported, "{}: models of class \"{}\" are not supported (these are: {})",
         config.name(), config.class_name().substr(0, 64), KnownModelClasses());
  }
  GgufWriter writer;
  writer.SetString("general.architecture", std::string(family->architecture));
  AddModelKeys(*family, config, writer);
  ModelSummary summary;
  summary.config = ReadModelConfig(*writer.Build(path.string()));
  summary.config.n_parameters = 0;
  summary.config.file_bytes = 0;
  const Safetensors weights = Safetensors::OpenFolder(path);
  for (const auto& [name, tensor] : weights.tensors()) {
    summary.config.n_parameters += tensor.elements();
    summary.config.file_bytes += static_cast<int64_t>(tensor.bytes);
    if (tensor.shape.size() >= 2) summary.config.quantization = tensor.dtype;
    ++summary.n_tensors;
  }
  std::error_code ignored;
  summary.has_chat_template = fs::exists(path / "chat_template.jinja", ignored);
  return summary;
}

std::string PathId(const fs::path& path) {
  const std::string name = path.filename().string();
  if (IsHuggingFaceFolder(path))
    return name.empty() ? path.parent_path().filename().string() : name;
  const auto part = ParseGgufPartName(name);
  return part ? part->stem : path.stem().string();
}

std::string WithoutExtension(const std::string& name) {
  return name.ends_with(kExtension) ? name.substr(0, name.size() - sizeof kExtension + 1) : name;
}

std::vector<const FoundModel*> Matching(const std::vector<FoundModel>& models,
                                        const std::function<bool(const FoundModel&)>& fits) {
  std::vector<const FoundModel*> matching;
  for (const FoundModel& model : models) {
    if (fits(model)) matching.push_back(&model);
  }
  return matching;
}

// "owner/repo" without a type: its best.
const FoundModel* BestOfRepository(const std::vector<FoundModel>& models, const std::string& name) {
  const auto found = Matching(models, [&](const FoundModel& model) {
    return LowerCase(model.id).starts_with(LowerCase(name) + ":");
  });
  if (found.empty() || name.find('/') == std::string::npos) return nullptr;
  std::vector<std::string> variants;
  for (const FoundModel* model : found) variants.push_back(model->id.substr(name.size() + 1));
  return found[BestVariant(variants)];
}

[[noreturn]] void FailUnknown(const std::string& name, const std::vector<FoundModel>& models) {
  std::vector<std::string> known;
  for (const FoundModel& model : models) known.push_back(model.id);
  Fail(ErrorCode::kNotFound, "there is no model \"{}\"; {}", name,
       known.empty() ? "no models are installed"
                     : fmt::format("these are: {}", fmt::join(known, ", ")));
}

}  // namespace

std::shared_ptr<const GgufFile> OpenModelFile(const fs::path& path, const CancelToken& cancel) {
  if (IsHuggingFaceFolder(path)) return OpenHuggingFaceFolder(path, cancel);
  return GgufFile::Open(path, cancel);
}

ModelSummary ReadModelSummary(const fs::path& path) {
  ModelSummary summary = IsHuggingFaceFolder(path) ? SummarizeFolder(path) : SummarizeFile(path);
  summary.id = PathId(path);
  summary.path = path;
  return summary;
}

std::vector<ModelSummary> ListModels(const std::vector<ModelPlace>& places) {
  std::vector<ModelSummary> models;
  for (const FoundModel& found : FindModels(places)) {
    ModelSummary summary;
    try {
      summary = ReadModelSummary(found.path);
    } catch (const Error& error) {
      summary = {};
      summary.error = error.what();
    }
    summary.id = found.id;
    summary.path = found.path;
    summary.place = found.place;
    models.push_back(std::move(summary));
  }
  return models;
}

FoundModel ResolveModel(const std::string& name_or_path, const std::vector<ModelPlace>& places) {
  std::error_code ignored;
  if (fs::is_regular_file(name_or_path, ignored) || IsHuggingFaceFolder(name_or_path)) {
    return {PathId(name_or_path), "", name_or_path, ModelPlace::Kind::kFolder};
  }
  const std::vector<FoundModel> models = FindModels(places);
  if (name_or_path.empty()) FailUnknown(name_or_path, models);
  const std::string name = WithoutExtension(name_or_path);
  const std::function<bool(const FoundModel&)> kWays[] = {
      [&](const FoundModel& model) { return model.id == name || model.id == name_or_path; },
      [&](const FoundModel& model) { return model.alias == name; },
      [&](const FoundModel& model) { return LowerCase(model.id) == LowerCase(name); },
  };
  for (const auto& way : kWays) {
    if (const auto found = Matching(models, way); !found.empty()) return *found[0];
  }
  if (const FoundModel* best = BestOfRepository(models, name)) return *best;
  const auto starting = Matching(models, [&](const FoundModel& model) {
    return LowerCase(model.id).starts_with(LowerCase(name_or_path)) ||
           LowerCase(model.alias).starts_with(LowerCase(name_or_path));
  });
  if (starting.size() == 1) return *starting[0];
  if (starting.empty()) FailUnknown(name_or_path, models);
  std::vector<std::string> ids;
  for (const FoundModel* model : starting) ids.push_back(model->id);
  std::sort(ids.begin(), ids.end());
  Fail(ErrorCode::kInvalidArgument, "\"{}\" may be any of: {}; give the whole name", name_or_path,
       fmt::join(ids, ", "));
}

}  // namespace pioneer
