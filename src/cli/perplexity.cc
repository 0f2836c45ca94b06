// Why: `pioneer perplexity`: how well a model predicts a text, the first check of any change to
// kernels or weights.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/kv_type_option.h"
#include "cli/model_option.h"
#include "cli/window_options.h"
#include "eval/task.h"
#include "tensor/ops/softmax.h"

namespace pioneer {
namespace {

struct Score {
  int64_t n_tokens = 0;
  double sum = 0, sum_of_squares = 0;  // of the negative log-likelihoods, in nats

  void Add(double nll) {
    ++n_tokens;
    sum += nll;
    sum_of_squares += nll * nll;
  }
  double mean() const { return sum / static_cast<double>(n_tokens); }
  double standard_error() const {
    const double n = static_cast<double>(n_tokens);
    return std::sqrt(std::max(0.0, sum_of_squares / n - mean() * mean()) / n);
  }
};

constexpr int kRowsTogether = 256;

// Scores tokens[1..] of one window, each given all before it. The window starts fresh.
void ScoreWindow(Model& model, ThreadPool& pool, KvPagePool& pages, std::span<const int32_t> tokens,
                 Score& score) {
  KvSequence kv(pages);
  if (!kv.Reserve(static_cast<int64_t>(tokens.size()))) {
    Fail(ErrorCode::kOutOfMemory, "too little KV memory for a window of {} tokens", tokens.size());
  }
  Matrix logits;
  for (size_t begin = 0; begin + 1 < tokens.size(); begin += kRowsTogether) {
    const size_t n_rows = std::min<size_t>(kRowsTogether, tokens.size() - 1 - begin);
    StepBatch batch;
    for (size_t i = 0; i < n_rows; ++i) {
      batch.tokens.push_back(tokens[begin + i]);
      batch.positions.push_back(static_cast<int32_t>(begin + i));
      batch.output_rows.push_back(static_cast<int32_t>(i));
    }
    batch.sequences.push_back({.kv = &kv,
                               .first_row = 0,
                               .n_rows = static_cast<int>(n_rows),
                               .position = static_cast<int>(begin)});
    model.Forward(pool, batch, logits);
    for (size_t i = 0; i < n_rows; ++i) {
      const float* row = logits.row(static_cast<int64_t>(i));
      score.Add(LogSumExp(row, logits.cols()) - row[tokens[begin + i + 1]]);
    }
  }
}

void Print(const WindowOptions& options, const Score& score, size_t n_bytes) {
  const double perplexity = eval::Perplexity(-score.sum, static_cast<double>(score.n_tokens));
  const double bits_per_byte =
      eval::BitsPerByte(-score.sum, static_cast<double>(std::max<size_t>(n_bytes, 1)));
  if (options.json) {
    fmt::print("{}\n", DumpJson(Json{{"perplexity", perplexity},
                                     {"standard_error", perplexity * score.standard_error()},
                                     {"nll_per_token", score.mean()},
                                     {"bits_per_byte", bits_per_byte},
                                     {"tokens", score.n_tokens},
                                     {"context", options.context}}));
    return;
  }
  fmt::print("perplexity {:.4f} +/- {:.4f} a token, {:.4f} bits a byte, {} tokens, context {}\n",
             perplexity, perplexity * score.standard_error(), bits_per_byte, score.n_tokens,
             options.context);
}

void Perplexity(const WindowOptions& options, const KvTypes& kv_types) {
  const std::string text = ReadFile(options.file);
  const std::unique_ptr<Model> model = LoadNamedModel(options.model, kv_types);
  const ModelConfig& config = model->config();
  const std::vector<int32_t> tokens =
      model->tokenizer().Encode(text, {.add_special = true, .parse_special = false});
  if (tokens.size() < 2)
    Fail(ErrorCode::kInvalidArgument, "{} is too short to score", options.file);

  const size_t window = static_cast<size_t>(std::min(options.context, config.context_length));
  ThreadPool pool(options.threads);
  KvPagePool pages(model->memory(), model->memory().BytesFor(static_cast<int64_t>(window)));
  Score score;
  ProgressLine progress;
  for (size_t begin = 0; begin + 1 < tokens.size(); begin += window) {
    const size_t n = std::min(window, tokens.size() - begin);
    if (n >= 2) {
      ScoreWindow(*model, pool, pages, std::span(tokens).subspan(begin, n), score);
    }
    progress.Update(fmt::format("{} of {} tokens", begin + n, tokens.size()));
  }
  Print(options, score, text.size());
}

}  // namespace

void AddPerplexityCommand(CLI::App& root) {
  auto options = std::make_shared<WindowOptions>();
  CLI::App* command = AddCommand(root, "perplexity", "Score how well a model predicts a text",
                                 "pioneer perplexity --model pioneer-small --file README.md");
  AddWindowOptions(*command, *options, "The text (UTF-8)");
  auto kv_types = std::make_shared<KvTypes>();
  AddKvTypeOption(*command, *kv_types);
  command->callback([options, kv_types] { Perplexity(*options, *kv_types); });
}

}  // namespace pioneer
