#include "cli/model_option.h"

#include "model/gguf.h"
#include "model/registry.h"
#include "model/vocabulary.h"

namespace pioneer {

void AddModelOption(CLI::App& command, std::string& model) {
  model = kBuiltInModel;
  command.add_option("--model", model, "A model's name (pioneer models list) or a GGUF file")
      ->capture_default_str();
}

std::vector<fs::path> KnownModelFolders() { return ModelFolders({fs::path(PIONEER_MODELS_DIR)}); }

fs::path FindModel(const std::string& name_or_path) {
  return ResolveModel(name_or_path, KnownModelFolders());
}

std::unique_ptr<Model> LoadNamedModel(const std::string& name_or_path) {
  return LoadModel(FindModel(name_or_path));
}

std::unique_ptr<Tokenizer> LoadTokenizer(const std::string& name_or_path) {
  return MakeTokenizer(LoadVocabulary(*GgufFile::Open(FindModel(name_or_path))));
}

}  // namespace pioneer
