// Why: `pioneer bench grammar`: how many schemas structured output holds, and what a mask costs.
#include "cli/bench_grammar.h"

#include <fmt/format.h>

#include <memory>

#include "base/json.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/grammar_bench.h"
#include "cli/model_option.h"
#include "train/line_reader.h"

namespace pioneer {
namespace {

struct BenchGrammarOptions {
  std::string model, data;
  int limit = 0;
  bool json = false, failures = false;
};

Json ToJson(const Quantiles& q) {
  return {{"average", q.average}, {"p50", q.p50}, {"p90", q.p90}, {"p99", q.p99}, {"max", q.most}};
}

void PrintJson(const BenchGrammarOptions& options, const GrammarResult& result) {
  Json json = {{"model", options.model},
               {"data", options.data},
               {"schemas", result.n_schemas},
               {"passing", result.n_passing},
               {"compile_errors", result.n_compile_errors},
               {"validation_errors", result.n_validation_errors},
               {"invalidation_errors", result.n_invalidation_errors},
               {"tokens", result.n_tokens},
               {"time_to_first_mask_us", ToJson(QuantilesOf(result.first_mask_us))},
               {"time_between_masks_us", ToJson(QuantilesOf(result.between_masks_us))}};
  if (options.failures) {
    json["failures"] = Json::array();
    for (const GrammarFailure& failure : result.failures) {
      json["failures"].push_back({{"name", failure.name},
                                  {"kind", GrammarFailureName(failure.kind)},
                                  {"reason", failure.reason}});
    }
  }
  fmt::print("{}\n", DumpJson(json));
}

void PrintTable(const BenchGrammarOptions& options, const GrammarResult& result) {
  const auto share = [&](int n) { return 100.0 * n / std::max(result.n_schemas, 1); };
  fmt::print("{:<28} {:>8}\n", "schemas", result.n_schemas);
  fmt::print("{:<28} {:>8} {:>6.1f} %\n", "passing", result.n_passing, share(result.n_passing));
  fmt::print("{:<28} {:>8}\n", "compile errors", result.n_compile_errors);
  fmt::print("{:<28} {:>8}\n", "valid instances refused in", result.n_validation_errors);
  fmt::print("{:<28} {:>8}\n", "invalid ones accepted in", result.n_invalidation_errors);
  fmt::print("{:<28} {:>8} {:>8} {:>8} {:>8} {:>9}\n", "microseconds", "average", "p50", "p90",
             "p99", "max");
  const auto line = [](const char* name, const Quantiles& q) {
    fmt::print("{:<28} {:>8.0f} {:>8.0f} {:>8.0f} {:>8.0f} {:>9.0f}\n", name, q.average, q.p50,
               q.p90, q.p99, q.most);
  };
  line("time to first mask", QuantilesOf(result.first_mask_us));
  line("time between masks", QuantilesOf(result.between_masks_us));
  if (!options.failures) return;
  for (const GrammarFailure& failure : result.failures) {
    fmt::print("{}\t{}\t{}\n", failure.name, GrammarFailureName(failure.kind), failure.reason);
  }
}

void RunBenchGrammar(const BenchGrammarOptions& options) {
  const std::unique_ptr<Tokenizer> tokenizer = LoadTokenizer(options.model);
  GrammarBench bench(*tokenizer);
  LineReader reader(options.data);
  ProgressLine progress;
  std::string line;
  while ((options.limit == 0 || bench.result().n_schemas < options.limit) && reader.Next(line)) {
    if (line.empty()) continue;
    bench.Run(ParseGrammarCase(line));
    progress.Update(
        fmt::format("{} schemas, {} pass", bench.result().n_schemas, bench.result().n_passing));
  }
  options.json ? PrintJson(options, bench.result()) : PrintTable(options, bench.result());
}

}  // namespace

void AddBenchGrammarCommand(CLI::App& bench) {
  auto options = std::make_shared<BenchGrammarOptions>();
  CLI::App* command =
      AddCommand(bench, "grammar", "Check and time the masks of JSON Schemas",
                 "pioneer bench grammar --model FILE.gguf --data maskbench.jsonl.xz");
  AddModelOption(*command, options->model);
  command
      ->add_option("--data", options->data,
                   "Lines of {name, schema, tests: [{valid, data}]}; .jsonl or .jsonl.xz")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--limit", options->limit, "Only the first schemas; 0 = all")
      ->check(CLI::Range(0, 1 << 30));
  command->add_flag("--failures", options->failures, "List the schemas that fail, and why");
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options] { RunBenchGrammar(*options); });
}

}  // namespace pioneer
