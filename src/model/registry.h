// Why: people name models; this finds their files and says what is in them without loading weights.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"
#include "model/model.h"

namespace pioneer {

struct ModelSummary {
  std::string id;  // the file's name without ".gguf": what ResolveModel takes
  fs::path path;
  ModelConfig config;
  int n_tensors = 0;
  std::string tokenizer;      // "gpt2", "llama", ...; "" when the file has none
  std::string pre_tokenizer;  // "" when the file names none
  std::string license;        // general.license, for people
  bool has_chat_template = false;
  std::string error;  // ListModels: why the file cannot be used; the rest is empty then
};

// From metadata only; any architecture. Throws as GgufFile::Open does.
ModelSummary ReadModelSummary(const fs::path& path);

// $PIONEER_HOME/models, then the folders given (the program's own models/ folder).
std::vector<fs::path> ModelFolders(const std::vector<fs::path>& more);

// All *.gguf in the folders, by name; of two with one name, the first folder's. Folders that do not
// exist are passed over; a file that cannot be read is listed with its error.
std::vector<ModelSummary> ListModels(const std::vector<fs::path>& folders);

// The file that a person means: a path to a file; or in the folders, in their order, NAME or
// NAME.gguf; or the only model whose name starts with NAME, ignoring case.
// Throws Error{kNotFound} that lists what there is, kInvalidArgument when several would do.
fs::path ResolveModel(const std::string& name_or_path, const std::vector<fs::path>& folders);

}  // namespace pioneer
