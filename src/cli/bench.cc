// Why: `pioneer bench`: how fast a model runs on this machine, the number that people compare.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "cli/bench_grammar.h"
#include "cli/command.h"
#include "cli/model_option.h"

namespace pioneer {
namespace {

struct BenchOptions {
  std::string model;
  int prompt = 512, generate = 128, depth = 0, repeat = 3, threads = 0;
  std::vector<int> batch = {1};
  bool json = false;
};

// One measured line: tokens per second, median of the repeats.
struct Result {
  std::string test;
  int batch = 1;
  int64_t n_tokens = 0;
  double tokens_per_second = 0;
};

// `n_sequences` equal conversations that grow together.
class Conversations {
 public:
  Conversations(Model& model, ThreadPool& pool, KvPagePool& pages, int n_sequences, int capacity)
      : model_(model), pool_(pool) {
    for (int i = 0; i < n_sequences; ++i) {
      kv_.push_back(std::make_unique<KvSequence>(pages));
      if (!kv_.back()->Reserve(capacity)) {
        Fail(ErrorCode::kOutOfMemory, "too little KV memory for {} sequences of {} tokens",
             n_sequences, capacity);
      }
    }
  }

  // Adds n random tokens to every conversation in one step; the logits of the last are computed.
  void Step(int n) {
    StepBatch batch;
    for (auto& kv : kv_) {
      batch.sequences.push_back({.kv = kv.get(),
                                 .first_row = static_cast<int>(batch.tokens.size()),
                                 .n_rows = n,
                                 .position = length_});
      for (int i = 0; i < n; ++i) {
        batch.tokens.push_back(
            static_cast<int32_t>(random_.Below(static_cast<uint64_t>(model_.config().vocab_size))));
        batch.positions.push_back(length_ + i);
      }
      batch.output_rows.push_back(static_cast<int32_t>(batch.tokens.size()) - 1);
    }
    model_.Forward(pool_, batch, logits_);
    length_ += n;
  }

  // The same in steps of the size that the service uses.
  void Prefill(int n) {
    constexpr int kRowsAStep = 512;
    for (; n > 0; n -= kRowsAStep) Step(std::min(n, kRowsAStep));
  }

 private:
  Model& model_;
  ThreadPool& pool_;
  std::vector<std::unique_ptr<KvSequence>> kv_;
  int length_ = 0;
  Random random_{1};
  Matrix logits_;
};

class Bench {
 public:
  explicit Bench(const BenchOptions& options)
      : options_(options), model_(LoadNamedModel(options.model)), pool_(options.threads) {
    const int most = *std::max_element(options.batch.begin(), options.batch.end());
    const int64_t length = options.depth + std::max(options.prompt, options.generate);
    pages_ = std::make_unique<KvPagePool>(model_->memory(),
                                          most * model_->memory().BytesFor(length));
  }

  const ModelConfig& config() const { return model_->config(); }
  int n_threads() const { return pool_.size(); }

  Result Prompt() {
    return Measure("prompt", 1, options_.prompt,
                   [&](Conversations& c) { c.Prefill(options_.prompt); });
  }
  Result Generate(int batch) {
    return Measure("generate", batch, options_.generate, [&](Conversations& c) {
      for (int i = 0; i < options_.generate; ++i) c.Step(1);
    });
  }

 private:
  template <typename Work>
  Result Measure(const std::string& test, int batch, int tokens_each, const Work& work) {
    std::vector<double> speeds;
    for (int i = 0; i <= options_.repeat; ++i) {
      Conversations conversations(*model_, pool_, *pages_, batch, options_.depth + tokens_each);
      conversations.Prefill(options_.depth);
      const Stopwatch stopwatch;
      work(conversations);
      // The first round warms the caches and the page tables.
      if (i > 0) speeds.push_back(batch * tokens_each / stopwatch.Seconds());
    }
    std::nth_element(speeds.begin(), speeds.begin() + speeds.size() / 2, speeds.end());
    return {test, batch, int64_t{batch} * tokens_each, speeds[speeds.size() / 2]};
  }

  const BenchOptions& options_;
  std::unique_ptr<Model> model_;
  ThreadPool pool_;
  std::unique_ptr<KvPagePool> pages_;
};

void PrintTable(const BenchOptions& options, const Bench& bench,
                const std::vector<Result>& results) {
  const ModelConfig& config = bench.config();
  fmt::print("{}: {:.1f} M parameters, {}, {} threads, depth {}, median of {}\n", config.name,
             static_cast<double>(config.n_parameters) * 1e-6, config.quantization,
             bench.n_threads(), options.depth, options.repeat);
  fmt::print("{:<10} {:>6} {:>8} {:>12}\n", "test", "batch", "tokens", "tokens/s");
  for (const Result& result : results) {
    fmt::print("{:<10} {:>6} {:>8} {:>12.1f}\n", result.test, result.batch, result.n_tokens,
               result.tokens_per_second);
  }
}

void PrintJson(const BenchOptions& options, const Bench& bench,
               const std::vector<Result>& results) {
  Json rows = Json::array();
  for (const Result& result : results) {
    rows.push_back({{"test", result.test},
                    {"batch", result.batch},
                    {"tokens", result.n_tokens},
                    {"tokens_per_second", result.tokens_per_second}});
  }
  fmt::print("{}\n", DumpJson(Json{{"model", bench.config().name},
                                   {"parameters", bench.config().n_parameters},
                                   {"quantization", bench.config().quantization},
                                   {"threads", bench.n_threads()},
                                   {"depth", options.depth},
                                   {"repeat", options.repeat},
                                   {"results", rows}}));
}

void RunBench(const BenchOptions& options) {
  Bench bench(options);
  std::vector<Result> results;
  if (options.prompt > 0) results.push_back(bench.Prompt());
  if (options.generate > 0) {
    for (const int batch : options.batch) results.push_back(bench.Generate(batch));
  }
  options.json ? PrintJson(options, bench, results) : PrintTable(options, bench, results);
}

}  // namespace

void AddBenchCommand(CLI::App& root) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command = AddCommand(root, "bench", "Measure how fast a model runs here",
                                 "pioneer bench --model pioneer-mini --batch 1,4,16");
  AddModelOption(*command, options->model);
  const auto count = [&](const std::string& name, int& value, int low, int high,
                         const std::string& what) {
    command->add_option(name, value, what)->check(CLI::Range(low, high))->capture_default_str();
  };
  count("--prompt", options->prompt, 0, 1 << 20, "Tokens of the prompt; 0 = skip");
  count("--generate", options->generate, 0, 1 << 20, "Tokens to generate; 0 = skip");
  count("--depth", options->depth, 0, 1 << 20, "Tokens already in each conversation");
  count("--repeat", options->repeat, 1, 1000, "Measured rounds, after one to warm up");
  count("--threads", options->threads, 0, 1024, "0 = all cores this process may use");
  command->add_option("--batch", options->batch, "Conversations generated together, e.g. 1,4,16")
      ->delimiter(',')
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print JSON");
  AddBenchGrammarCommand(*command);
  command->callback([options, command] {
    if (command->get_subcommands().empty()) RunBench(*options);
  });
}

}  // namespace pioneer
