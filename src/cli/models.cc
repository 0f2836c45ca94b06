// Why: `pioneer models`: what can be run here, and what a file holds.
#include <fmt/format.h>

#include <memory>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/model_option.h"
#include "model/random_model.h"
#include "model/registry.h"

namespace pioneer {
namespace {

Json ToJson(const ModelSummary& summary) {
  if (!summary.error.empty()) {
    return {{"id", summary.id}, {"path", summary.path.string()}, {"error", summary.error}};
  }
  const ModelConfig& config = summary.config;
  return {{"id", summary.id},
          {"path", summary.path.string()},
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

void List(bool json) {
  const std::vector<ModelSummary> models = ListModels(KnownModelFolders());
  Json rows = Json::array();
  for (const ModelSummary& model : models) {
    rows.push_back(ToJson(model));
    if (json) continue;
    if (!model.error.empty()) {
      fmt::print("{:<28} cannot be used: {}\n", model.id, model.error);
      continue;
    }
    fmt::print("{:<28} {:<10} {:>9.1f} M  {:<6} {:>10}\n", model.id, model.config.architecture,
               static_cast<double>(model.config.n_parameters) * 1e-6, model.config.quantization,
               FormatBytes(static_cast<double>(model.config.file_bytes)));
  }
  if (json) fmt::print("{}\n", DumpJson(rows));
  if (models.empty() && !json) {
    fmt::print("No models yet: put a .gguf file into {}\n", KnownModelFolders().front().string());
  }
}

void Show(const std::string& name, bool json) {
  const Json model = ToJson(ReadModelSummary(FindModel(name)));
  if (json) {
    fmt::print("{}\n", DumpJson(model));
    return;
  }
  for (const auto& [key, value] : model.items()) {
    fmt::print("{:<16} {}\n", key, value.is_string() ? value.get<std::string>() : DumpJson(value));
  }
}

struct RandomOptions {
  std::string out, type = "Q8_0";
  RandomModelOptions model;
  int vocabulary = 32000;
};

void MakeRandom(RandomOptions& options) {
  const auto dtype = ParseDType(options.type);
  if (!dtype) Fail(ErrorCode::kInvalidArgument, "unknown type {}", options.type);
  options.model.dtype = *dtype;
  options.model.vocabulary = MakeByteVocabulary(options.vocabulary, options.model.seed);
  WriteRandomModel(options.out, options.model);
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
  size("--layers", options->model.n_layers);
  size("--width", options->model.d_model);
  size("--heads", options->model.n_heads);
  size("--kv-heads", options->model.n_kv_heads);
  size("--feed-forward", options->model.d_ff);
  size("--context", options->model.context_length);
  size("--vocabulary", options->vocabulary);
  command->callback([options] { MakeRandom(*options); });
}

}  // namespace

void AddModelsCommand(CLI::App& root) {
  CLI::App* models =
      AddCommand(root, "models", "List and show models", "pioneer models show pioneer-mini");
  models->require_subcommand(1);
  auto json = std::make_shared<bool>(false);
  auto name = std::make_shared<std::string>();

  CLI::App* list = models->add_subcommand("list", "The models in the known folders");
  list->add_flag("--json", *json, "Print JSON");
  list->callback([json] { List(*json); });

  CLI::App* show = models->add_subcommand("show", "What a model's file holds");
  show->add_option("MODEL", *name, "A name or a GGUF file")->required();
  show->add_flag("--json", *json, "Print JSON");
  show->callback([name, json] { Show(*name, *json); });

  AddRandom(*models);
}

}  // namespace pioneer
