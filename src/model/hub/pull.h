// Why: gets a model from Hugging Face into its cache: chooses the files, downloads what is missing,
// goes on where it was cut off, and believes nothing that its hash does not confirm.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/hub/hub_client.h"

namespace pioneer {

struct PullProgress {
  std::string file;
  int file_number = 0, n_files = 0;         // from 1
  int64_t bytes_done = 0, bytes_total = 0;  // of all files
  int64_t bytes_received = 0;               // over the network, now
};

struct PullOptions {
  HubClientOptions client;
  std::function<void(const PullProgress&)> on_progress;
};

struct PulledModel {
  std::string id;  // "owner/repo:Q4_K_M", or "owner/repo" of a folder of safetensors
  fs::path path;   // what LoadModel takes: the (first) GGUF file, or the folder
  int64_t bytes = 0;
  bool was_there = false;  // nothing had to be downloaded
};

// The files of a repository that make up a model.
struct FilesToPull {
  std::string variant;  // "" for a folder of safetensors
  std::vector<HubFile> files;
  bool is_folder = false;
};

// A GGUF of the wanted type (all parts of it), or by its file's name; without a wish the best type
// that there is. Where there is no GGUF: config.json, the tokenizer and the safetensors. Throws
// Error{kNotFound} that lists what there is.
FilesToPull ChooseModelFiles(const HubRepository& repository, const std::string& variant);

// Throws what HubClient throws, and Error{kIo} when the disk has too little space (before anything
// is downloaded), kCorruptFile when what came is not what its hash says (it is deleted),
// kUnsupported for a folder of a class of models that this program does not have (after its small
// config.json), kOverloaded when another process downloads the same file now.
PulledModel PullModel(const ModelReference& reference, const PullOptions& options);

}  // namespace pioneer
