#include "cli/generator_option.h"

#include <algorithm>

#include "cli/model_option.h"
#include "model/model.h"

namespace pioneer {

void AddEngineOptions(CLI::App& command, EngineFlags& flags) {
  const auto count = [&](const std::string& name, int& value, int high, const std::string& what) {
    command.add_option(name, value, what)->check(CLI::Range(0, high))->capture_default_str();
  };
  count("--threads", flags.threads, 1024, "0 = all cores this process may use");
  count("--kv-memory", flags.kv_mib, 1 << 24,
        "MiB for the conversations' keys and values; 0 = 2 GiB or a quarter of the memory");
  count("--context", flags.context, 1 << 24, "Tokens of a conversation; 0 = the model's limit");
  count("--max-running", flags.max_running, 4096, "Answers written at the same time");
}

std::unique_ptr<LocalGenerator> OpenGenerator(const std::string& model, const EngineFlags& flags,
                                              std::shared_ptr<ThreadPool> threads) {
  const FoundModel found = FindModel(model);
  return LoadGenerator(found.id, found.path, flags, std::move(threads));
}

std::unique_ptr<LocalGenerator> LoadGenerator(const std::string& id, const fs::path& path,
                                              const EngineFlags& flags,
                                              std::shared_ptr<ThreadPool> threads,
                                              const CancelToken& cancel) {
  EngineOptions options;
  options.id = id;
  options.kv_bytes = int64_t{flags.kv_mib} << 20;
  options.context_length = flags.context;
  options.max_running = std::max(1, flags.max_running);
  options.n_threads = flags.threads;
  options.threads = std::move(threads);
  return std::make_unique<LocalGenerator>(LoadModel(path, cancel), options);
}

void AddSamplingOptions(CLI::App& command, GenerationOptions& options) {
  SamplingParams& sampling = options.sampling;
  const auto number = [&](const std::string& name, double& value, double low, double high,
                          const std::string& what) {
    command.add_option(name, value, what)->check(CLI::Range(low, high))->capture_default_str();
  };
  number("--temperature", sampling.temperature, 0, 2, "0 = always the likeliest token");
  number("--top-p", sampling.top_p, 1e-6, 1, "Only the likeliest tokens of this share together");
  number("--min-p", sampling.min_p, 0, 1, "Only tokens this likely, relative to the likeliest");
  number("--repetition-penalty", sampling.repetition_penalty, 0.01, 10, "Above 1: repeat less");
  command.add_option("--top-k", sampling.top_k, "Only so many likeliest tokens; 0 = all")
      ->check(CLI::Range(0, 1 << 24))
      ->capture_default_str();
  command.add_option("--seed", sampling.seed, "The same seed gives the same answer");
  command.add_option("--stop", options.limits.stop, "End before this text; may be repeated");
}

}  // namespace pioneer
