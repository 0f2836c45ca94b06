// Why: `pioneer bench speculation`: how much sooner an answer comes that repeats its prompt.
#include "cli/bench_speculation.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"
#include "cli/model_option.h"
#include "cli/speculation_bench.h"
#include "cli/weight_cache.h"

namespace pioneer {
namespace {

struct BenchSpeculationOptions {
  std::string model, draft, text;
  int streams = 1, tokens = 400, repeat = 5, threads = 0;
  bool json = false;
};

Json SpreadJson(const Spread& spread) {
  return {{"median", spread.median}, {"lowest", spread.low}, {"highest", spread.high}};
}

void TellTask(const SpeculationTask& task, const SpeculationResult& result) {
  fmt::print("{:<7} {:>9.1f} {:>9.1f} {:>7.2f} {:>6.2f} to {:<6.2f} {:>7} {:>7}\n", task.name,
             result.plain.median, result.guessed.median, result.ratio.median, result.ratio.low,
             result.ratio.high, result.n_guessed, result.n_right);
  std::fflush(stdout);
}

void RunBenchSpeculation(const BenchSpeculationOptions& options) {
  const auto load = [&](const std::string& name) -> std::shared_ptr<Model> {
    if (name.empty()) return nullptr;
    return LoadModel(FindModel(name).path, MakeLoadOptions(options.threads));
  };
  SpeculationBench bench(load(options.model), load(options.draft), options.threads,
                         options.streams);
  const auto tasks =
      SpeculationTasks(ReadFile(options.text), options.tokens, bench.model().tokenizer());
  if (!options.json) {
    fmt::print("{}, {} streams of {} tokens: edit: 3 of 40 are new; quote: 20 of 40; new: all\n",
               bench.model().config().name, options.streams, options.tokens);
    fmt::print("{:<7} {:>9} {:>9} {:>7} {:>16} {:>7} {:>7}\n", "task", "plain", "guessing", "times",
               "", "guessed", "right");
  }
  Json results = Json::array();
  for (const SpeculationTask& task : tasks) {
    const SpeculationResult result = bench.Measure(task, options.repeat);
    if (!options.json) TellTask(task, result);
    results.push_back({{"task", task.name},
                       {"plain_tokens_per_second", SpreadJson(result.plain)},
                       {"tokens_per_second", SpreadJson(result.guessed)},
                       {"ratio", SpreadJson(result.ratio)},
                       {"guessed", result.n_guessed},
                       {"right", result.n_right}});
  }
  if (!options.json) return;
  fmt::print("{}\n", DumpJson(Json{{"model", bench.model().config().name},
                                   {"streams", options.streams},
                                   {"tokens", options.tokens},
                                   {"repeat", options.repeat},
                                   {"results", results}}));
}

}  // namespace

void AddBenchSpeculationCommand(CLI::App& bench) {
  auto options = std::make_shared<BenchSpeculationOptions>();
  CLI::App* command = AddCommand(bench, "speculation",
                                 "Measure what guessing tokens brings where a text is repeated",
                                 "pioneer bench speculation --model pioneer-small --text LICENSE");
  AddModelOption(*command, options->model);
  command
      ->add_option("--text", options->text,
                   "What prompts are made of; the answers repeat it with changes, whatever the "
                   "model's weights say")
      ->required()
      ->check(CLI::ExistingFile);
  command
      ->add_option("--draft-model", options->draft,
                   "A smaller model that guesses, too, and is right nine times in ten")
      ->type_name("MODEL");
  const auto count = [&](const std::string& name, int& value, int low, int high,
                         const std::string& what) {
    command->add_option(name, value, what)->check(CLI::Range(low, high))->capture_default_str();
  };
  count("--streams", options->streams, 1, 1024, "Answers written together");
  count("--tokens", options->tokens, 40, 1 << 20, "Of each prompt and answer");
  count("--repeat", options->repeat, 1, 1000, "Pairs of runs with and without guesses");
  count("--threads", options->threads, 0, 1024, "0 = all cores this process may use");
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options] { RunBenchSpeculation(*options); });
}

}  // namespace pioneer
