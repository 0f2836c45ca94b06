// Why: the table of architectures. A new one is a file with a load function and a line here.
#include "model/model.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "model/architectures/architectures.h"
#include "model/gguf.h"
#include "model/registry.h"
#include "model/weight_packing.h"

namespace pioneer {
namespace {

struct Architecture {
  const char* name;  // general.architecture
  std::unique_ptr<Model> (*load)(WeightLoader& load);
  bool generates = true;  // false: embeds and ranks only
};

constexpr Architecture kArchitectures[] = {
    {"bert", LoadBert, false}, {"deepseek2", LoadDeepSeek2},
    {"exaone4", LoadExaone4},  {"gemma2", LoadGemma2},
    {"gemma3", LoadGemma3},    {"gemma4", LoadGemma4},
    {"gpt-oss", LoadGptOss},   {"gpt2", LoadGpt2},
    {"granite", LoadGranite},  {"granitemoe", LoadGranite},
    {"lfm2", LoadLfm2},        {"lfm2moe", LoadLfm2},
    {"llama", LoadLlama},      {"llama-embed", LoadLlamaEmbed, false},
    {"mistral3", LoadLlama},   {"nomic-bert", LoadNomicBert, false},
    {"olmo2", LoadOlmo2},      {"phi3", LoadPhi3},
    {"qwen2", LoadQwen2},      {"qwen3", LoadQwen3},
    {"qwen35", LoadQwen35},    {"qwen3moe", LoadQwen3},
    {"smollm3", LoadSmolLm3},
};

}  // namespace

std::vector<std::string> KnownArchitectures() {
  std::vector<std::string> names;
  for (const Architecture& known : kArchitectures) names.push_back(known.name);
  return names;
}

bool GeneratesText(std::string_view architecture) {
  return std::none_of(std::begin(kArchitectures), std::end(kArchitectures), [&](const auto& known) {
    return architecture == known.name && !known.generates;
  });
}

namespace {

std::unique_ptr<Model> LoadArchitecture(WeightLoader& load) {
  const std::string architecture = load.file().String("general.architecture");
  if (load.file().String("general.type", "") == "adapter") {
    Fail(ErrorCode::kUnsupported,
         "{}: this is an adapter for {} models, not a model; give it with --adapter beside its "
         "model",
         load.file().name(), architecture.substr(0, 64));
  }
  for (const Architecture& known : kArchitectures) {
    if (architecture == known.name) return known.load(load);
  }
  Fail(ErrorCode::kUnsupported, "{}: architecture \"{}\" is not supported (these are: {})",
       load.file().name(), architecture.substr(0, 64), fmt::join(KnownArchitectures(), ", "));
}

}  // namespace

std::unique_ptr<Model> LoadModel(WeightLoader& load) {
  std::unique_ptr<Model> model = LoadArchitecture(load);
  PackInMemory(load.weights());
  model->tokenizer();  // throws what is wrong with the vocabulary
  return model;
}

std::unique_ptr<Model> LoadModel(const fs::path& path, const LoadOptions& options) {
  try {
    const ModelFiles files(path);
    const auto file = OpenModelFile(path, options.cancel);
    WeightLoader load(*file);
    load.kv_types = options.kv_types;
    std::unique_ptr<Model> model = LoadArchitecture(load);
    PackWeights(load.weights(), files, options);
    model->tokenizer();
    return model;
  } catch (const std::bad_alloc&) {
    Fail(ErrorCode::kOutOfMemory, "{}: there is not enough memory to load this model",
         path.string());
  }
}

}  // namespace pioneer
