#include "cli/serve_models.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/memory.h"
#include "cli/model_option.h"
#include "model/registry.h"

namespace pioneer {
namespace {

using serve::ServedModel;

// Packed weights, mapped or not, are a few percent larger than the file, of which little else stays
// in memory; the tokenizer's tables; what the engine reserves for conversations at most (see
// EngineOptions::kv_bytes).
int64_t MemoryOf(const ModelConfig& config, const EngineFlags& flags) {
  constexpr int64_t kDefaultKvBytes = int64_t{2} << 30;
  int64_t kv = int64_t{flags.kv_mib} << 20;
  if (kv == 0) kv = std::min(kDefaultKvBytes, UsableMemoryBytes() / 4);
  const int context =
      flags.context > 0 ? std::min(flags.context, config.context_length) : config.context_length;
  const int64_t all = int64_t{4} * config.n_layers * config.n_kv_heads * config.head_dim *
                      std::max(1, context) * std::max(1, flags.max_running);
  constexpr int64_t kTokenBytes = 300;
  const int64_t model =
      config.file_bytes + config.file_bytes / 16 + kTokenBytes * config.vocab_size;
  return model + (all > 0 ? std::min(kv, all) : kv);
}

ServedModel Describe(const std::string& id, const ModelSummary& summary, const EngineFlags& flags,
                     const std::shared_ptr<ThreadPool>& threads) {
  const ModelConfig& config = summary.config;
  ServedModel model;
  model.info.id = id;
  model.info.description =
      fmt::format("{}, {:.1f} M parameters, {}", config.architecture,
                  static_cast<double>(config.n_parameters) * 1e-6, config.quantization);
  model.info.context_length = config.context_length;
  if (flags.context > 0) {
    model.info.context_length = std::min(flags.context, config.context_length);
  }
  model.info.n_parameters = config.n_parameters;
  model.info.abilities.generate = GeneratesText(config.architecture);
  model.info.created_unix_s = Clock::Real().UnixMs() / 1000;
  model.bytes = MemoryOf(config, flags);
  for (const AdapterFlag& adapter : flags.adapters) model.info.adapters.push_back(adapter.use);
  model.load = [id, path = summary.path, flags, threads](const CancelToken& cancel) {
    return std::shared_ptr<Generator>(LoadGenerator(id, path, flags, threads, cancel));
  };
  return model;
}

}  // namespace

std::vector<ServedModel> NamedModels(const std::vector<std::string>& names,
                                     const EngineFlags& flags,
                                     const std::shared_ptr<ThreadPool>& threads) {
  std::vector<ServedModel> models;
  for (const std::string& name : names) {
    const FoundModel found = FindModel(name);
    // Adapters are made for one model: the first.
    EngineFlags own = flags;
    if (!models.empty()) {
      own.adapters.clear();
      own.draft.clear();
    }
    models.push_back(Describe(found.id, ReadModelSummary(found.path), own, threads));
  }
  return models;
}

std::vector<ServedModel> InstalledModels(const EngineFlags& flags,
                                         const std::shared_ptr<ThreadPool>& threads) {
  const std::vector<std::string> known = KnownArchitectures();
  std::vector<ServedModel> models;
  for (const ModelSummary& summary : ListModels(KnownModelPlaces())) {
    const std::string& architecture = summary.config.architecture;
    const bool usable = summary.error.empty() && summary.n_tensors > 0 &&
                        std::find(known.begin(), known.end(), architecture) != known.end();
    if (usable) models.push_back(Describe(summary.id, summary, flags, threads));
  }
  return models;
}

}  // namespace pioneer
