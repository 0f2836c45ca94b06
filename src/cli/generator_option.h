// Why: serve, chat and complete open a model for generation with the same options.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/cancel.h"
#include "base/file.h"
#include "engine/generator.h"
#include "engine/local_generator.h"

namespace pioneer {

// An adapter beside the model: [NAME=]PATH[@SCALE].
struct AdapterFlag {
  AdapterUse use;
  fs::path path;
};

struct EngineFlags {
  int threads = 0;  // 0 = all usable cores
  int kv_mib = 0;   // 0 = the engine's default
  KvTypes kv_types;
  int context = 0;  // 0 = the model's
  int max_running = 32;
  std::vector<AdapterFlag> adapters;
  bool prefix_cache = true, speculation = true;
  std::string draft;                 // a model that guesses for this one, or ""
  double inter_token_ms = 0;         // see EngineOptions::inter_token_seconds
  uint64_t keep_prefixes_bytes = 0;  // of each model, in PioneerHome()/prefixes; 0 = nothing
};

// Declares --threads, --kv-memory, --kv-type, --context, --max-running, --no-speculation,
// --draft-model and --adapter.
void AddEngineOptions(CLI::App& command, EngineFlags& flags);

// Declares --inter-token-ms, --no-prefix-cache and --keep-prefixes, for those who serve many.
void AddSharingOptions(CLI::App& command, EngineFlags& flags);

// Loads the model with its adapters, all of which then act, and starts its engine. Throws what
// LoadModel, LoadAdapter and LocalGenerator throw.
std::shared_ptr<Generator> OpenGenerator(const std::string& model, const EngineFlags& flags);

// The same of a file or folder, under this name and on these threads; its adapters act where a
// request names them. Stops between tensors once `cancel` is used.
std::unique_ptr<LocalGenerator> LoadGenerator(const std::string& id, const fs::path& path,
                                              const EngineFlags& flags,
                                              std::shared_ptr<ThreadPool> threads = nullptr,
                                              const CancelToken& cancel = {});

// Declares --temperature, --top-p, --top-k, --min-p, --seed, --repetition-penalty and --stop.
void AddSamplingOptions(CLI::App& command, GenerationOptions& options);

}  // namespace pioneer
