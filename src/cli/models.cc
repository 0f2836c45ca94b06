// Why: `pioneer models`: what can be run here, and what a file holds.
#include <fmt/format.h>

#include <memory>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/model_option.h"
#include "cli/models_get.h"
#include "cli/weight_cache.h"
#include "model/gguf_split.h"
#include "model/hub/hub_cache.h"
#include "model/random_model.h"
#include "model/random_presets.h"
#include "model/registry.h"
#include "model/vocabulary.h"
#include "model/weight_packing.h"

namespace pioneer {
namespace {

Json ToJson(const ModelSummary& summary) {
  if (!summary.error.empty()) {
    return {{"id", summary.id},
            {"path", summary.path.string()},
            {"place", ModelPlaceName(summary.place)},
            {"error", summary.error}};
  }
  const ModelConfig& config = summary.config;
  return {{"id", summary.id},
          {"path", summary.path.string()},
          {"place", ModelPlaceName(summary.place)},
          {"name", config.name},
          {"architecture", config.architecture},
          {"parameters", config.n_parameters},
          {"quantization", config.quantization},
          {"file_bytes", config.file_bytes},
          {"context_length", config.context_length},
          {"layers", config.n_layers},
          {"d_model", config.d_model},
          {"heads", config.n_heads},
          {"kv_heads", config.n_kv_heads},
          {"head_dim", config.head_dim},
          {"d_ff", config.d_ff},
          {"vocabulary", config.vocab_size},
          {"tokenizer", summary.tokenizer},
          {"pre_tokenizer", summary.pre_tokenizer},
          {"license", summary.license},
          {"chat_template", summary.has_chat_template}};
}

std::string MegaParameters(int64_t n) {
  return n >= 1'000'000'000 ? fmt::format("{:.1f} G", static_cast<double>(n) * 1e-9)
                            : fmt::format("{:.1f} M", static_cast<double>(n) * 1e-6);
}

void PrintRow(const ModelSummary& model) {
  if (!model.error.empty()) {
    fmt::print("{:<40} {:<11}  cannot be used: {}\n", model.id, ModelPlaceName(model.place),
               model.error);
    return;
  }
  fmt::print("{:<40} {:<11}  {:<12} {:>8}  {:<7} {:>10}\n", model.id, ModelPlaceName(model.place),
             model.config.architecture, MegaParameters(model.config.n_parameters),
             model.config.quantization, FormatBytes(static_cast<double>(model.config.file_bytes)));
}

void List(bool json) {
  const std::vector<ModelSummary> models = ListModels(KnownModelPlaces());
  if (json) {
    Json rows = Json::array();
    for (const ModelSummary& model : models) rows.push_back(ToJson(model));
    fmt::print("{}\n", DumpJson(rows));
    return;
  }
  for (const ModelSummary& model : models) PrintRow(model);
  if (models.empty()) fmt::print("No models yet: pioneer models pull qwen3-0.6b gets one.\n");
}

void Show(const std::string& name, bool json) {
  const FoundModel found = FindModel(name);
  ModelSummary summary = ReadModelSummary(found.path);
  summary.id = found.id;
  summary.place = found.place;
  const Json model = ToJson(summary);
  if (json) {
    fmt::print("{}\n", DumpJson(model));
    return;
  }
  for (const auto& [key, value] : model.items()) {
    fmt::print("{:<16} {}\n", key, value.is_string() ? value.get<std::string>() : DumpJson(value));
  }
}

// The repository of the hub's cache that a file or a snapshot belongs to.
CachedRepository RepositoryOf(const fs::path& path) {
  for (fs::path folder = path; folder.has_relative_path(); folder = folder.parent_path()) {
    if (auto repository = CachedRepository::FromFolder(folder)) return *repository;
  }
  Fail(ErrorCode::kInternal, "{} is not in the hub's cache", path.string());
}

int64_t RemoveFromHubCache(const fs::path& path) {
  std::vector<fs::path> files;
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (!entry.is_directory()) files.push_back(entry.path());
    }
  } else {
    files = GgufParts(path);
  }
  return RepositoryOf(path).Remove(files);
}

// Only what lies in Pioneer's own folder or the hub's cache: other programs' files are theirs.
void Remove(const std::string& name, bool json) {
  const FoundModel found = FindModel(name);
  const fs::path own = PioneerHome() / "models";
  const std::string packed_name = ModelFiles(found.path).name();
  int64_t freed = 0;
  if (found.place == ModelPlace::Kind::kHubCache) {
    freed = RemoveFromHubCache(found.path);
  } else if (found.path.parent_path() == own && fs::is_regular_file(found.path)) {
    for (const fs::path& part : GgufParts(found.path)) {
      std::error_code failure;
      const auto bytes = fs::file_size(part, failure);
      if (!failure && fs::remove(part)) freed += static_cast<int64_t>(bytes);
    }
  } else {
    Fail(ErrorCode::kInvalidArgument,
         "{} lies in {}, which is not Pioneer's to change; remove it with the program that put it "
         "there",
         found.id, found.path.string());
  }
  freed += ForgetPackedWeights(WeightCache(), packed_name);
  if (json) {
    fmt::print("{}\n", DumpJson(Json{{"id", found.id}, {"bytes_freed", freed}}));
  } else {
    fmt::print("{} is removed; {} are free again.\n", found.id,
               FormatBytes(static_cast<double>(freed)));
  }
}

struct RandomOptions {
  std::string out, type = "Q8_0";
  std::string architecture = "llama", vocabulary, shape;
  int n_layers = 0, n_kv_heads = 0;  // 0: what the architecture's preset has
  RandomModelOptions model;
};

// So many made-up tokens, or those of a file.
Vocabulary RandomVocabulary(const std::string& number_or_file, uint64_t seed) {
  if (number_or_file.find_first_not_of("0123456789") == std::string::npos &&
      number_or_file.size() < 8) {
    return MakeByteVocabulary(std::stoi("0" + number_or_file), seed);
  }
  return LoadVocabulary(*OpenModelFile(number_or_file));
}

std::vector<std::string> ShapeNames() {
  std::vector<std::string> names;
  for (const RandomShape& shape : RandomShapes()) names.push_back(shape.name);
  return names;
}

// What the flags say, or the shape.
RandomModelOptions SizesOf(const RandomOptions& options) {
  for (const RandomShape& shape : RandomShapes()) {
    if (shape.name == options.shape) return shape.options;
  }
  RandomModelOptions model = options.model;
  RandomModelOptions preset = RandomPreset(options.architecture);
  model.architecture = options.architecture;
  model.keys = std::move(preset.keys);
  model.optional_tensors = std::move(preset.optional_tensors);
  model.n_layers = options.n_layers > 0 ? options.n_layers : preset.n_layers;
  model.n_kv_heads = options.n_kv_heads > 0 ? options.n_kv_heads : preset.n_kv_heads;
  return model;
}

std::string VocabularyOf(const RandomOptions& options) {
  if (!options.vocabulary.empty()) return options.vocabulary;
  for (const RandomShape& shape : RandomShapes()) {
    if (shape.name == options.shape) return std::to_string(shape.vocab_size);
  }
  return "32000";
}

void MakeRandom(const RandomOptions& options) {
  const auto dtype = ParseDType(options.type);
  if (!dtype) Fail(ErrorCode::kInvalidArgument, "unknown type {}", options.type);
  RandomModelOptions model = SizesOf(options);
  model.dtype = *dtype;
  model.vocabulary = RandomVocabulary(VocabularyOf(options), model.seed);
  WriteRandomModel(options.out, model);
}

void AddRandom(CLI::App& models) {
  auto options = std::make_shared<RandomOptions>();
  CLI::App* command =
      models.add_subcommand("random", "Write a model with random weights, for measurements");
  command->add_option("OUT", options->out, "The GGUF file to write")->required();
  command->add_option("--type", options->type, "Of the weights")->capture_default_str();
  const auto size = [&](const std::string& name, int& value) {
    command->add_option(name, value, "")->check(CLI::Range(1, 1 << 20))->capture_default_str();
  };
  const auto preset_size = [&](const std::string& name, int& value) {
    command->add_option(name, value, "The architecture's preset if not given")
        ->check(CLI::Range(1, 1 << 20));
  };
  command->add_option("--architecture", options->architecture, "Whose layers the model has")
      ->check(CLI::IsMember(KnownArchitectures()))
      ->capture_default_str();
  preset_size("--layers", options->n_layers);
  size("--width", options->model.d_model);
  size("--heads", options->model.n_heads);
  preset_size("--kv-heads", options->n_kv_heads);
  size("--feed-forward", options->model.d_ff);
  size("--context", options->model.context_length);
  command->add_option(
      "--vocabulary", options->vocabulary,
      "A number of made-up tokens, or the GGUF file whose tokens are taken; 32000 if "
      "no shape says more");
  CLI::Option* shape = command->add_option("--shape", options->shape,
                                           "The sizes of a published model, in place of the above");
  shape->check(CLI::IsMember(ShapeNames()));
  for (const char* name : {"--architecture", "--layers", "--width", "--heads", "--kv-heads",
                           "--feed-forward", "--context"}) {
    shape->excludes(command->get_option(name));
  }
  command->callback([options] { MakeRandom(*options); });
}

}  // namespace

void AddModelsCommand(CLI::App& root) {
  CLI::App* models = AddCommand(root, "models", "Get, list, show, convert and remove models",
                                "pioneer models pull qwen3-0.6b");
  models->require_subcommand(1);
  auto json = std::make_shared<bool>(false);
  auto name = std::make_shared<std::string>();

  CLI::App* list =
      models->add_subcommand("list", "The models on this machine, those of other programs too");
  list->add_flag("--json", *json, "Print JSON");
  list->callback([json] { List(*json); });

  CLI::App* show = models->add_subcommand("show", "What a model's file holds");
  show->add_option("MODEL", *name, "A name, a GGUF file, or a folder")->required();
  show->add_flag("--json", *json, "Print JSON");
  show->callback([name, json] { Show(*name, *json); });

  CLI::App* remove = models->add_subcommand("remove", "Delete a model's files");
  remove->add_option("MODEL", *name, "A name (pioneer models list)")->required();
  remove->add_flag("--json", *json, "Print JSON");
  remove->callback([name, json] { Remove(*name, *json); });

  AddModelsPull(*models);
  AddModelsImport(*models);
  AddModelsCatalogue(*models);
  AddModelsCache(*models);
  AddRandom(*models);
}

}  // namespace pioneer
