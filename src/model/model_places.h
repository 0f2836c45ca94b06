// Why: models lie in Pioneer's own folders, in Hugging Face's cache, in Ollama's and in LM Studio's
// folders; all are found and used in place. Nothing is written outside of Pioneer's own.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"

namespace pioneer {

struct ModelPlace {
  enum class Kind {
    kFolder,    // *.gguf, and folders with config.json and safetensors
    kHubCache,  // models--OWNER--REPO/snapshots/COMMIT/...
    kOllama,    // manifests/HOST/NAMESPACE/NAME/TAG and blobs/sha256-...
    kLmStudio,  // PUBLISHER/REPO/*.gguf
  };
  Kind kind = Kind::kFolder;
  fs::path folder;  // may not exist
};

// "folder", "huggingface", "ollama", "lmstudio".
const char* ModelPlaceName(ModelPlace::Kind kind);

// $PIONEER_HOME/models, the folders given (the program's own models/), then the places of other
// programs: HF_HUB_CACHE or HF_HOME; OLLAMA_MODELS, else ~/.ollama/models and the service's
// folder; ~/.lmstudio/models and ~/.cache/lm-studio/models.
std::vector<ModelPlace> ModelPlaces(const std::vector<fs::path>& more);

struct FoundModel {
  // What it is called: "qwen-7b" (a file's name), "owner/repo:Q4_K_M" or "owner/repo" (Hugging
  // Face, LM Studio), "llama3.2:3b" (Ollama).
  std::string id;
  std::string alias;  // another name that leads to it, or ""
  fs::path path;      // a GGUF file (the first of several parts), or a folder
  ModelPlace::Kind place = ModelPlace::Kind::kFolder;
};

// All models, by place and name; of two with one id the first. What cannot be read is passed over.
std::vector<FoundModel> FindModels(const std::vector<ModelPlace>& places);

}  // namespace pioneer
