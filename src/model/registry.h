// Why: people name models; this finds their files and says what is in them without loading weights.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/file.h"
#include "model/gguf.h"
#include "model/model.h"
#include "model/model_places.h"

namespace pioneer {

struct ModelSummary {
  std::string id;  // what ResolveModel takes, see FoundModel
  fs::path path;
  ModelPlace::Kind place = ModelPlace::Kind::kFolder;
  ModelConfig config;
  int n_tensors = 0;
  std::string tokenizer;      // "gpt2", "llama", ...; "" when the file has none
  std::string pre_tokenizer;  // "" when the file names none
  std::string license;        // general.license, for people
  bool has_chat_template = false;
  std::string error;  // ListModels: why the file cannot be used; the rest is empty then
};

// A model as a file, whatever it is on the disk: a GGUF file (any of its parts), or a folder as
// Hugging Face has them. Throws as GgufFile::Open and OpenHuggingFaceFolder do.
std::shared_ptr<const GgufFile> OpenModelFile(const fs::path& path, const CancelToken& cancel = {});

// From metadata only; any architecture. Throws as OpenModelFile does.
ModelSummary ReadModelSummary(const fs::path& path);

// All models in the places; one that cannot be read is listed with its error.
std::vector<ModelSummary> ListModels(const std::vector<ModelPlace>& places);

// The model that a person means: a path to a file or folder; or an id or another name of one that
// is found in the places; or NAME.gguf; or "owner/repo", the best of its types; or the only one
// whose name starts with NAME, ignoring case. Throws Error{kNotFound} that lists what there is,
// kInvalidArgument when several would do.
FoundModel ResolveModel(const std::string& name_or_path, const std::vector<ModelPlace>& places);

}  // namespace pioneer
