#include "cli/model_option.h"

#include "base/error.h"
#include "base/progress.h"
#include "cli/weight_cache.h"
#include "model/registry.h"
#include "model/vocabulary.h"

namespace pioneer {

void AddModelOption(CLI::App& command, std::string& model) {
  model = kBuiltInModel;
  command
      .add_option("--model", model,
                  "A model's name (pioneer models list), a GGUF file, or a folder of safetensors")
      ->capture_default_str();
}

std::vector<ModelPlace> KnownModelPlaces() { return ModelPlaces({fs::path(PIONEER_MODELS_DIR)}); }

std::vector<CatalogueEntry> KnownCatalogue() {
  return ReadCatalogue(fs::path(PIONEER_MODELS_DIR) / "catalogue.json");
}

FoundModel FindModel(const std::string& name_or_path) {
  try {
    return ResolveModel(name_or_path, KnownModelPlaces());
  } catch (const Error& error) {
    const auto entry = FindInCatalogue(KnownCatalogue(), name_or_path);
    if (error.code() != ErrorCode::kNotFound || !entry) throw;
    try {
      return ResolveModel(entry->model, KnownModelPlaces());
    } catch (const Error&) {
      Fail(ErrorCode::kNotFound,
           "the model {} is not here yet; pioneer models pull {} gets it ({})", entry->name,
           entry->name, FormatBytes(static_cast<double>(entry->bytes)));
    }
  }
}

std::unique_ptr<Model> LoadNamedModel(const std::string& name_or_path, const KvTypes& kv) {
  LoadOptions load = MakeLoadOptions();
  load.kv_types = kv;
  return LoadModel(FindModel(name_or_path).path, load);
}

std::unique_ptr<Tokenizer> LoadTokenizer(const std::string& name_or_path) {
  return MakeTokenizer(LoadVocabulary(*OpenModelFile(FindModel(name_or_path).path)));
}

}  // namespace pioneer
