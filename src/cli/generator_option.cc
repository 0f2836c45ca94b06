#include "cli/generator_option.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>

#include "base/error.h"
#include "cli/kv_type_option.h"
#include "cli/model_option.h"
#include "cli/weight_cache.h"
#include "engine/adapter_generator.h"
#include "model/adapter.h"
#include "model/model.h"
#include "tensor/kernels/isa.h"

namespace pioneer {
namespace {

// [NAME=]PATH[@SCALE]; without a name, that of the file or folder.
AdapterFlag ParseAdapter(std::string text) {
  AdapterFlag adapter;
  const size_t at = text.rfind('@');
  if (at != std::string::npos) {
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + at + 1, end, adapter.use.scale);
    if (error == std::errc() && rest == end) {
      text.resize(at);
    } else {
      adapter.use.scale = 1.0;  // the path has an @
    }
  }
  const size_t equals = text.find('=');
  adapter.path = equals == std::string::npos ? text : text.substr(equals + 1);
  adapter.use.name = equals == std::string::npos
                         ? fs::weakly_canonical(adapter.path).stem().string()
                         : text.substr(0, equals);
  if (adapter.use.name.empty() || adapter.path.empty()) {
    Fail(ErrorCode::kInvalidArgument, "--adapter {}: write it as NAME=PATH", text);
  }
  return adapter;
}

void AddAdapter(const std::string& text, EngineFlags& flags) {
  AdapterFlag adapter = ParseAdapter(text);
  for (const AdapterFlag& known : flags.adapters) {
    if (known.use.name != adapter.use.name) continue;
    Fail(ErrorCode::kInvalidArgument, "--adapter {}: there are two of this name; write NAME=PATH",
         adapter.use.name);
  }
  flags.adapters.push_back(std::move(adapter));
}

// Size and time of last change: of a file, or of all files of a folder.
std::string StampOf(const fs::path& path) {
  std::string stamp;
  const auto add = [&stamp](const fs::path& file) {
    std::error_code ignored;
    stamp += fmt::format("{} {} {}\n", file.filename().string(), fs::file_size(file, ignored),
                         fs::last_write_time(file, ignored).time_since_epoch().count());
  };
  if (!fs::is_directory(path)) {
    add(path);
    return stamp;
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) add(file);
  return stamp;
}

// All that numbers depend on: the model, the program and the kernels it chooses.
EngineOptions::KeptPrefixes KeptPrefixesOf(const fs::path& model, int64_t max_bytes) {
  if (max_bytes == 0) return {};
  const fs::path path = fs::weakly_canonical(model);
  const std::string identity =
      fmt::format("{}\n{}{}{}", path.string(), StampOf(path),
                  StampOf(fs::read_symlink("/proc/self/exe")), IsaName(ActiveIsa()));
  const auto folder = PioneerHome() / "prefixes";
  const std::string name =
      fmt::format("{}-{:016x}.kv", path.stem().string(), std::hash<std::string>()(path.string()));
  return {folder / name, identity, max_bytes};
}

}  // namespace

void AddSharingOptions(CLI::App& command, EngineFlags& flags) {
  command
      .add_option("--inter-token-ms", flags.inter_token_ms,
                  "How long running answers may wait for their next token while prompts are read; "
                  "0 = under twice as long as without prompts")
      ->check(CLI::Range(0.0, 60'000.0))
      ->capture_default_str();
  command.add_flag_callback(
      "--no-prefix-cache", [&flags] { flags.prefix_cache = false; },
      "Compute every prompt anew, also where requests begin alike");
  command
      .add_option(
          "--keep-prefixes", flags.keep_prefixes_bytes,
          "Keep so much of each model's prefix cache on the disk when the service stops, as "
          "1GiB, so that known beginnings are fast after a restart; it tells who can read "
          "the data folder what was asked; 0 = nothing")
      ->transform(CLI::AsSizeValue(false));
}

void AddEngineOptions(CLI::App& command, EngineFlags& flags) {
  const auto count = [&](const std::string& name, int& value, int high, const std::string& what) {
    command.add_option(name, value, what)->check(CLI::Range(0, high))->capture_default_str();
  };
  count("--threads", flags.threads, 1024, "0 = all cores this process may use");
  count("--kv-memory", flags.kv_mib, 1 << 24,
        "MiB for the conversations' keys and values; 0 = 2 GiB or a quarter of the memory");
  AddKvTypeOption(command, flags.kv_types);
  count("--context", flags.context, 1 << 24, "Tokens of a conversation; 0 = the model's limit");
  count("--max-running", flags.max_running, 4096, "Answers written at the same time");
  command.add_flag_callback(
      "--no-speculation", [&flags] { flags.speculation = false; },
      "Never guess tokens; answers are the same, and slower where they repeat what was said");
  command
      .add_option("--draft-model", flags.draft,
                  "A smaller model of the same family that guesses what this one will say; answers "
                  "are the same, and faster where it is mostly right")
      ->type_name("MODEL");
  command
      .add_option_function<std::vector<std::string>>(
          "--adapter",
          [&flags](const std::vector<std::string>& texts) {
            for (const std::string& text : texts) AddAdapter(text, flags);
          },
          "A LoRA adapter for the model, [NAME=]PATH[@SCALE]: a GGUF file or a PEFT folder; may be "
          "repeated")
      ->type_name("ADAPTER");
}

std::shared_ptr<Generator> OpenGenerator(const std::string& model, const EngineFlags& flags) {
  const FoundModel found = FindModel(model);
  std::shared_ptr<Generator> generator = LoadGenerator(found.id, found.path, flags);
  for (const AdapterFlag& adapter : flags.adapters) {
    generator = std::make_shared<AdapterGenerator>(std::move(generator), adapter.use);
  }
  return generator;
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
  options.prefix_cache = flags.prefix_cache;
  options.speculation = flags.speculation;
  options.inter_token_seconds = flags.inter_token_ms * 1e-3;
  options.kept_prefixes = KeptPrefixesOf(path, static_cast<int64_t>(flags.keep_prefixes_bytes));
  options.threads = std::move(threads);
  LoadOptions load = MakeLoadOptions(flags.threads, cancel);
  load.kv_types = flags.kv_types;
  const std::shared_ptr<Model> loaded = LoadModel(path, load);
  if (!flags.draft.empty()) options.draft = LoadModel(FindModel(flags.draft).path, load);
  for (const AdapterFlag& adapter : flags.adapters) {
    options.adapters.push_back({adapter.use, LoadAdapter(*loaded, adapter.path)});
  }
  return std::make_unique<LocalGenerator>(loaded, options);
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
