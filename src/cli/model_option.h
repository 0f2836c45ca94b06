// Why: every command names a model the same way: a name from `pioneer models list`, or a file.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "model/hub/catalogue.h"
#include "model/model.h"
#include "model/model_places.h"
#include "text/tokenizer.h"

namespace pioneer {

inline constexpr const char* kBuiltInModel = "pioneer-small";
inline constexpr const char* kBuiltInEmbedder = "pioneer-embed";

// Declares --model NAME|FILE; without it, the built-in model.
void AddModelOption(CLI::App& command, std::string& model);

// Where models are looked for by name: the data folder's models/, the program's own, and those of
// other programs.
std::vector<ModelPlace> KnownModelPlaces();
// The models that `pioneer models pull` knows by a short name.
std::vector<CatalogueEntry> KnownCatalogue();

// These throw Error{kNotFound} with the names that are known; a short name of the catalogue leads
// to the model where it was pulled.
FoundModel FindModel(const std::string& name_or_path);
std::unique_ptr<Model> LoadNamedModel(const std::string& name_or_path, const KvTypes& kv = {});
std::unique_ptr<Tokenizer> LoadTokenizer(const std::string& name_or_path);

}  // namespace pioneer
