// Why: `pioneer bench`: how fast a model runs on this machine, the numbers that people compare.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "cli/bench_grammar.h"
#include "cli/bench_speculation.h"
#include "cli/command.h"
#include "cli/kv_type_option.h"
#include "cli/memory_probe.h"
#include "cli/model_option.h"
#include "cli/speed_bench.h"
#include "tensor/kernels/isa.h"

namespace pioneer {
namespace {

struct BenchOptions {
  std::string model;
  int prompt = 512, generate = 128, repeat = 5, threads = 0;
  std::vector<int> batch = {1}, depth = {0};
  KvTypes kv_types;
  bool json = false, turns = false;
};

// All that one call of the command found out.
struct BenchReport {
  std::vector<SpeedResult> speeds;
  std::vector<SamplingResult> sampling;
  int64_t peak_bytes = 0;
  double memory_bandwidth = 0;  // bytes a second
};

// Bytes a second that generating must have read.
double BandwidthOf(const SpeedResult& result) {
  return result.tokens_per_second.median / result.batch * result.step_bytes;
}

void AwaitTurn() {
  std::string line;
  if (!std::getline(std::cin, line)) {
    Fail(ErrorCode::kCancelled,
         "--turns reads a line from stdin for each round; there are no more");
  }
}

void TellRound(const SpeedResult& result, int round, double seconds) {
  fmt::print("{}\n", DumpJson(Json{{"test", result.test},
                                   {"batch", result.batch},
                                   {"depth", result.depth},
                                   {"round", round},
                                   {"tokens", result.n_tokens},
                                   {"seconds", seconds}}));
  std::fflush(stdout);
}

void MeasureSpeeds(const BenchOptions& options, SpeedBench& bench, BenchReport& report) {
  ProgressLine progress;
  const auto tell = [&](const char* test, int batch, int depth) {
    progress.Update(fmt::format("{}, batch {}, depth {}", test, batch, depth));
  };
  for (const int depth : options.depth) {
    if (options.prompt == 0) break;
    tell("prompt", 1, depth);
    report.speeds.push_back(bench.Prompt(options.prompt, depth));
  }
  for (const int depth : options.depth) {
    for (const int batch : options.batch) {
      if (options.generate == 0) break;
      tell("generate", batch, depth);
      report.speeds.push_back(bench.Generate(options.generate, batch, depth));
    }
  }
}

BenchReport Measure(const BenchOptions& options, SpeedBench& bench) {
  BenchReport report;
  MeasureSpeeds(options, bench, report);
  report.peak_bytes = PeakResidentBytes();  // what follows is not the model's
  if (options.turns) AwaitTurn();
  for (const SpeedResult& speed : report.speeds) {
    if (speed.test != "generate" || speed.depth != options.depth.front()) continue;
    for (SamplingResult& one : bench.SampleSteps(speed)) report.sampling.push_back(std::move(one));
  }
  report.memory_bandwidth = MeasureReadBandwidth(bench.threads());
  return report;
}

double Percent(double share) { return 100 * share; }

// Small models stay in the caches, where the memory's speed is no limit.
std::string MemoryUse(const SpeedResult& result, double memory_bandwidth) {
  constexpr double kBeyondCaches = 64e6;
  const double used = BandwidthOf(result);
  if (result.step_bytes < kBeyondCaches) return fmt::format("{:.1f} GB/s      ", used * 1e-9);
  return fmt::format("{:.1f} GB/s {:3.0f} %", used * 1e-9, Percent(used / memory_bandwidth));
}

void PrintSpeeds(const BenchReport& report) {
  fmt::print("{:<9} {:>5} {:>6} {:>7} {:>11} {:>7} {:>12} {:>16}\n", "test", "batch", "depth",
             "tokens", "tokens/s", "+-", "ms", "memory");
  for (const SpeedResult& result : report.speeds) {
    const bool prompt = result.test == "prompt";
    const double milliseconds = 1e3 * (prompt ? result.round_seconds.median
                                              : result.batch / result.tokens_per_second.median);
    const std::string memory = prompt ? "" : MemoryUse(result, report.memory_bandwidth);
    fmt::print("{:<9} {:>5} {:>6} {:>7} {:>11.1f} {:>5.1f} % {:>12.2f} {:>16}\n", result.test,
               result.batch, result.depth, result.n_tokens, result.tokens_per_second.median,
               Percent(result.tokens_per_second.relative()), milliseconds, memory);
  }
}

void PrintRest(const BenchReport& report, const SpeedBench& bench) {
  for (const SamplingResult& sampling : report.sampling) {
    fmt::print("sampling ({}) and text, batch {}: {:.3f} ms, {:.2f} % of a step\n", sampling.way,
               sampling.batch, 1e3 * sampling.step_seconds, Percent(sampling.share));
  }
  const StartResult& start = bench.start();
  fmt::print("start: loaded in {:.3f} s, first token (prompt of {}) after {:.3f} s\n",
             start.load_seconds, start.n_prompt, start.first_token_seconds);
  const auto planned = static_cast<double>(bench.config().file_bytes + bench.kv_bytes());
  fmt::print("peak memory: {}; file {}, keys and values at most {}; {:+.0f} % of both\n",
             FormatBytes(static_cast<double>(report.peak_bytes)),
             FormatBytes(static_cast<double>(bench.config().file_bytes)),
             FormatBytes(static_cast<double>(bench.kv_bytes())),
             Percent(static_cast<double>(report.peak_bytes) / planned - 1));
  fmt::print("memory reads at {:.1f} GB/s; a step reads {:.3f} GB of weights\n",
             report.memory_bandwidth * 1e-9, bench.weight_bytes() * 1e-9);
}

// Ratios of two runs mean something only beyond what one run differs from itself.
void PrintDoubt(const BenchReport& report) {
  constexpr double kQuiet = 0.05;
  double most = 0;
  for (const SpeedResult& r : report.speeds) most = std::max(most, r.tokens_per_second.relative());
  if (most < kQuiet) return;
  fmt::print(
      "The repeats differ by up to +-{:.0f} %: this machine is busy or changes its speed. "
      "Compare only runs made in turns.\n",
      Percent(most));
}

void PrintTable(const BenchOptions& options, const SpeedBench& bench, int n_threads,
                const BenchReport& report) {
  const ModelConfig& config = bench.config();
  fmt::print("{}: {}, {:.1f} M parameters, {}; {} threads, {}; median of {}, +- half their range\n",
             config.name, config.architecture, static_cast<double>(config.n_parameters) * 1e-6,
             config.quantization, n_threads, IsaName(ActiveIsa()), options.repeat);
  PrintSpeeds(report);
  PrintRest(report, bench);
  PrintDoubt(report);
}

Json ToJson(const SpeedResult& result) {
  const Spread& speed = result.tokens_per_second;
  Json json{{"test", result.test},
            {"batch", result.batch},
            {"depth", result.depth},
            {"tokens", result.n_tokens},
            {"tokens_per_second", speed.median},
            {"lowest", speed.low},
            {"highest", speed.high},
            {"seconds", result.round_seconds.median}};
  if (result.step_bytes > 0) {
    json["bytes_per_step"] = result.step_bytes;
    json["bytes_per_second"] = BandwidthOf(result);
  }
  return json;
}

void PrintJson(const BenchOptions& options, const SpeedBench& bench, int n_threads,
               const BenchReport& report) {
  const ModelConfig& config = bench.config();
  Json results = Json::array(), sampling = Json::array();
  for (const SpeedResult& result : report.speeds) results.push_back(ToJson(result));
  for (const SamplingResult& one : report.sampling) {
    sampling.push_back({{"way", one.way},
                        {"batch", one.batch},
                        {"seconds_per_step", one.step_seconds},
                        {"share_of_step", one.share}});
  }
  const StartResult& start = bench.start();
  fmt::print("{}\n", DumpJson(Json{{"version", PIONEER_VERSION},
                                   {"model", config.name},
                                   {"architecture", config.architecture},
                                   {"parameters", config.n_parameters},
                                   {"quantization", config.quantization},
                                   {"vocabulary", config.vocab_size},
                                   {"file_bytes", config.file_bytes},
                                   {"isa", IsaName(ActiveIsa())},
                                   {"threads", n_threads},
                                   {"kv_type_k", KvTypeName(options.kv_types.k)},
                                   {"kv_type_v", KvTypeName(options.kv_types.v)},
                                   {"repeat", options.repeat},
                                   {"load_seconds", start.load_seconds},
                                   {"first_token_seconds", start.first_token_seconds},
                                   {"first_prompt_tokens", start.n_prompt},
                                   {"results", results},
                                   {"sampling", sampling},
                                   {"peak_bytes", report.peak_bytes},
                                   {"kv_bytes", bench.kv_bytes()},
                                   {"weight_bytes_per_step", bench.weight_bytes()},
                                   {"memory_bytes_per_second", report.memory_bandwidth}}));
}

void RunBench(const BenchOptions& options) {
  const int most = *std::max_element(options.batch.begin(), options.batch.end());
  const int deepest = *std::max_element(options.depth.begin(), options.depth.end());
  SpeedBenchOptions speed{.model = FindModel(options.model).path,
                          .n_threads = options.threads,
                          .kv_types = options.kv_types,
                          .repeat = options.repeat,
                          .n_sequences = options.generate > 0 ? most : 1,
                          .n_tokens = deepest + std::max(options.prompt, options.generate)};
  if (options.turns) {
    speed.before_round = AwaitTurn;
    speed.after_round = TellRound;
  }
  SpeedBench bench(speed);
  const BenchReport report = Measure(options, bench);
  const int n_threads = bench.threads().size();
  options.json ? PrintJson(options, bench, n_threads, report)
               : PrintTable(options, bench, n_threads, report);
}

}  // namespace

void AddBenchCommand(CLI::App& root) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command = AddCommand(root, "bench", "Measure how fast a model runs here",
                                 "pioneer bench --model pioneer-small --batch 1,4,16 --depth 0,512");
  AddModelOption(*command, options->model);
  const auto count = [&](const std::string& name, int& value, int low, int high,
                         const std::string& what) {
    command->add_option(name, value, what)->check(CLI::Range(low, high))->capture_default_str();
  };
  const auto counts = [&](const std::string& name, std::vector<int>& values, int low, int high,
                          const std::string& what) {
    command->add_option(name, values, what)
        ->delimiter(',')
        ->check(CLI::Range(low, high))
        ->capture_default_str();
  };
  count("--prompt", options->prompt, 0, 1 << 20, "Tokens of the prompt; 0 = skip");
  count("--generate", options->generate, 0, 1 << 20, "Tokens to generate; 0 = skip");
  counts("--batch", options->batch, 1, 1024, "Conversations generated together, e.g. 1,4,16");
  counts("--depth", options->depth, 0, 1 << 20, "Tokens already in each, e.g. 0,8192");
  count("--repeat", options->repeat, 1, 1000, "Measured rounds, after one to warm up");
  AddKvTypeOption(*command, options->kv_types);
  count("--threads", options->threads, 0, 1024, "0 = all cores this process may use");
  command->add_flag("--json", options->json, "Print JSON");
  command->add_flag(
      "--turns", options->turns,
      "Wait for a line on stdin before each round and the end, and print each round's "
      "time: for measuring in turns with other programs");
  AddBenchGrammarCommand(*command);
  AddBenchSpeculationCommand(*command);
  command->callback([options, command] {
    if (command->get_subcommands().empty()) RunBench(*options);
  });
}

}  // namespace pioneer
