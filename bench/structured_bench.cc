// Why: what an answer costs more when it is bound to a schema: the same prompts and as many tokens,
// bound and free, in turns.
//   structured_bench MODEL.gguf SCHEMAS.jsonl[.xz] [STREAMS=1] [ANSWERS=16] [ROUNDS=5]
// The schemas are taken from all over the file (objects with "schema", as MaskBench has them). Each
// round answers under all of them, then without any and as long; the ratio is of tokens a second,
// prompts and compiling included. "Nothing forced" is the same with log probabilities asked for on
// both sides: then every token is drawn from the model. The first round meets the grammars for the
// first time and is given apart.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "engine/local_generator.h"
#include "model/model.h"
#include "train/line_reader.h"

namespace {

using namespace pioneer;

constexpr int kMaxTokens = 128;

std::vector<std::string> ReadSchemas(const fs::path& path, size_t n) {
  std::vector<std::string> all, taken;
  LineReader reader(path);
  for (std::string line; reader.Next(line);) {
    if (!line.empty()) all.push_back(DumpJson(ParseJson(line).at("schema")));
  }
  for (size_t i = 0; i < n && i < all.size(); ++i) {
    // The next one that can be held.
    for (size_t at = i * all.size() / n; at < all.size(); ++at) {
      try {
        CheckOutputGrammar({OutputGrammar::Kind::kJsonSchema, all[at]});
        taken.push_back(all[at]);
        break;
      } catch (const Error&) {
      }
    }
  }
  return taken;
}

struct Run {
  double seconds = 0;
  int64_t n_tokens = 0, n_steps = 0;
  std::vector<int> lengths;  // of the answers
  double Speed() const { return static_cast<double>(n_tokens) / seconds; }
};

class Bench {
 public:
  Bench(const fs::path& model, std::vector<std::string> schemas, int n_streams)
      : generator_(LoadModel(model), Plain()),
        schemas_(std::move(schemas)),
        n_streams_(n_streams) {}

  Run Bound(bool logprobs) {
    return Answer([&](size_t i) {
      GenerationOptions options = Options(i, logprobs);
      options.limits.max_tokens = kMaxTokens;
      options.grammar = {OutputGrammar::Kind::kJsonSchema, schemas_[i]};
      return options;
    });
  }
  Run Free(bool logprobs, const std::vector<int>& lengths) {
    return Answer([&](size_t i) {
      GenerationOptions options = Options(i, logprobs);
      options.limits.max_tokens = lengths[i];
      options.limits.ignore_eos = true;
      return options;
    });
  }

 private:
  static GenerationOptions Options(size_t i, bool logprobs) {
    GenerationOptions options;
    options.sampling.temperature = 0.8;
    options.sampling.seed = i + 1;
    options.logprobs = logprobs;
    return options;
  }

  template <class MakeOptions>
  Run Answer(const MakeOptions& make_options) {
    Run run;
    run.lengths.resize(schemas_.size());
    const int64_t steps_before = generator_.stats().steps_total;
    std::atomic<size_t> next = 0;
    const auto stream = [&] {
      for (size_t i = next++; i < schemas_.size(); i = next++) {
        run.lengths[i] = AnswerOne(i, make_options(i));
      }
    };
    const Stopwatch stopwatch;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < n_streams_; ++i) threads.emplace_back(stream);
    }
    run.seconds = stopwatch.Seconds();
    run.n_steps = generator_.stats().steps_total - steps_before;
    for (const int length : run.lengths) run.n_tokens += length;
    return run;
  }

  // Free answers of random weights repeat themselves more than any text, and so would be guessed.
  static EngineOptions Plain() {
    EngineOptions options;
    options.speculation = false;
    return options;
  }

  // How many tokens it has.
  int AnswerOne(size_t i, GenerationOptions options) {
    CompletionRequest request{.prompt = fmt::format("Answer {} in JSON, and nothing else:", i),
                              .options = std::move(options)};
    const auto generation = generator_.Complete(request);
    int length = 0;
    while (const auto event = generation->Next()) {
      if (const auto* finish = std::get_if<FinishEvent>(&*event);
          finish && !finish->error.empty()) {
        Fail(ErrorCode::kInternal, "schema {}: {}", i, finish->error);
      }
      if (const auto* usage = std::get_if<UsageEvent>(&*event)) length = usage->completion_tokens;
    }
    return length;
  }

  LocalGenerator generator_;
  std::vector<std::string> schemas_;
  int n_streams_;
};

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void Compare(Bench& bench, const char* name, bool logprobs, int n_rounds) {
  std::vector<double> ratios, bound_speeds, free_speeds;
  double cold = 0, tokens_a_step = 0;
  for (int round = 0; round <= n_rounds; ++round) {
    const Run bound = bench.Bound(logprobs);
    const Run free = bench.Free(logprobs, bound.lengths);
    const double ratio = bound.Speed() / free.Speed();
    tokens_a_step = static_cast<double>(bound.n_tokens) / static_cast<double>(bound.n_steps);
    if (round == 0) {
      cold = ratio;
      continue;
    }
    ratios.push_back(ratio);
    bound_speeds.push_back(bound.Speed());
    free_speeds.push_back(free.Speed());
  }
  fmt::print(
      "{:<16} bound {:8.1f}, free {:8.1f} tokens/s; bound : free {:.3f} (first time {:.3f}); "
      "{:.2f} tokens a step\n",
      name, Median(bound_speeds), Median(free_speeds), Median(ratios), cold, tokens_a_step);
}

int Number(int argc, char** argv, int i, int otherwise) {
  if (i >= argc) return otherwise;
  const std::string_view text = argv[i];
  std::from_chars(text.data(), text.data() + text.size(), otherwise);
  return std::max(otherwise, 1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr,
               "usage: structured_bench MODEL.gguf SCHEMAS.jsonl[.xz] [STREAMS=1] [ANSWERS=16] "
               "[ROUNDS=5]\n");
    return 2;
  }
  try {
    const int n_streams = Number(argc, argv, 3, 1), n_answers = Number(argc, argv, 4, 16);
    const int n_rounds = Number(argc, argv, 5, 5);
    Bench bench(argv[1], ReadSchemas(argv[2], static_cast<size_t>(n_answers)), n_streams);
    fmt::print("{} streams, {} schemas\n", n_streams, n_answers);
    Compare(bench, "as requested", false, n_rounds);
    Compare(bench, "nothing forced", true, n_rounds);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
  return 0;
}
