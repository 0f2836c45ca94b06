#include "cli/speed_bench.h"

#include <algorithm>
#include <limits>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "cli/weight_cache.h"
#include "engine/answer_text.h"
#include "engine/sampler.h"
#include "model/registry.h"

namespace pioneer {
namespace {

constexpr int kRowsAStep = 512;    // as the service cuts prompts
constexpr int kStartPrompt = 16;   // tokens of the first prompt
constexpr int kSampledSteps = 16;  // of one measurement of sampling

// Keys and values of a token in all layers, and the state, which is read and written.
double KvBytes(const MemoryPlan& plan, double n_tokens) {
  return static_cast<double>(plan.PageBytes()) / kKvPageTokens * n_tokens +
         2.0 * sizeof(float) * static_cast<double>(plan.state_floats);
}

// What requests ask for: nothing random, nothing at all, and what most programs set.
std::vector<std::pair<std::string, SamplingParams>> UsualSampling() {
  SamplingParams greedy, filtered;
  greedy.temperature = 0;
  filtered.temperature = 0.8;
  filtered.top_k = 40;
  filtered.top_p = 0.95;
  return {{"likeliest", greedy}, {"all, temperature 1", {}}, {"top 40, 0.95", filtered}};
}

}  // namespace

Spread SpreadOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  return {(values[(n - 1) / 2] + values[n / 2]) / 2, values.front(), values.back()};
}

double WeightBytesOfStep(const fs::path& model) {
  const std::shared_ptr<const GgufFile> file = OpenModelFile(model);
  const std::string architecture = file->String("general.architecture", "");
  const double n_experts = static_cast<double>(file->Int(architecture + ".expert_count", 0));
  const double n_used = static_cast<double>(file->Int(architecture + ".expert_used_count", 0));
  const bool tied = file->FindTensor("output.weight") == nullptr;
  double bytes = 0;
  for (const Tensor& tensor : file->tensors()) {
    const auto size = static_cast<double>(tensor.bytes());
    const bool looked_up = tensor.name == "per_layer_token_embd.weight" ||
                           (tensor.name == "token_embd.weight" && !tied);
    const bool of_experts = n_experts > 0 && tensor.name.find("_exps.") != std::string::npos;
    if (!looked_up) bytes += of_experts ? size * n_used / n_experts : size;
  }
  return bytes;
}

// Equal conversations of random tokens that grow together. Random tokens cost what real ones do.
class SpeedBench::Conversations {
 public:
  Conversations(SpeedBench& bench, int n_sequences, int capacity) : bench_(bench) {
    for (int i = 0; i < n_sequences; ++i) {
      kv_.push_back(std::make_unique<KvSequence>(*bench.pages_));
      if (!kv_.back()->Reserve(capacity)) {
        Fail(ErrorCode::kOutOfMemory, "too little KV memory for {} sequences of {} tokens",
             n_sequences, capacity);
      }
    }
  }

  // Adds n tokens to every conversation in one step; the logits of the last are computed.
  void Step(int n) {
    const auto vocab_size = static_cast<uint64_t>(bench_.config().vocab_size);
    StepBatch batch;
    for (auto& kv : kv_) {
      batch.sequences.push_back({.kv = kv.get(),
                                 .first_row = static_cast<int>(batch.tokens.size()),
                                 .n_rows = n,
                                 .position = length_});
      for (int i = 0; i < n; ++i) {
        batch.tokens.push_back(static_cast<int32_t>(random_.Below(vocab_size)));
        batch.positions.push_back(length_ + i);
      }
      batch.output_rows.push_back(static_cast<int32_t>(batch.tokens.size()) - 1);
    }
    bench_.model_->Forward(bench_.pool_, batch, logits_);
    length_ += n;
  }

  void Prefill(int n) {
    for (; n > 0; n -= kRowsAStep) Step(std::min(n, kRowsAStep));
  }

  // Forgets what came after the first n tokens: a round begins where the last one did.
  void Rewind(int n) { length_ = n; }

  const Matrix& logits() const { return logits_; }

 private:
  SpeedBench& bench_;
  std::vector<std::unique_ptr<KvSequence>> kv_;
  int length_ = 0;
  Random random_{1};
  Matrix logits_;
};

SpeedBench::SpeedBench(const SpeedBenchOptions& options)
    : options_(options), pool_(options.n_threads) {
  Start();
  weight_bytes_ = WeightBytesOfStep(options.model);
}

SpeedBench::~SpeedBench() = default;

void SpeedBench::Start() {
  const Stopwatch stopwatch;
  LoadOptions load = MakeLoadOptions(options_.n_threads);
  load.kv_types = options_.kv_types;
  model_ = LoadModel(options_.model, load);
  if (!model_->can_generate()) {
    Fail(ErrorCode::kUnsupported, "{} embeds texts and writes none", model_->config().name);
  }
  start_.load_seconds = stopwatch.Seconds();
  start_.n_prompt = kStartPrompt;
  const int64_t longest = std::max<int64_t>(options_.n_tokens, kStartPrompt);
  kv_bytes_ = options_.n_sequences * model_->memory().BytesFor(longest);
  pages_ = std::make_unique<KvPagePool>(model_->memory(), kv_bytes_);
  Conversations first(*this, 1, kStartPrompt);
  first.Step(kStartPrompt);
  Sampler sampler({}, 1, 0);
  std::vector<float> logits(first.logits().row(0), first.logits().row(0) + config().vocab_size);
  model_->tokenizer().TokenBytes(sampler.Sample(logits, {}));
  start_.first_token_seconds = stopwatch.Seconds();
}

template <typename Work>
void SpeedBench::Measure(Conversations& conversations, int depth, const Work& work,
                         SpeedResult& result) {
  std::vector<double> speeds, seconds;
  for (int i = 0; i <= options_.repeat; ++i) {
    options_.before_round();
    if (i == 0) conversations.Prefill(depth);
    conversations.Rewind(depth);
    const Stopwatch stopwatch;
    work();
    const double elapsed = stopwatch.Seconds();
    options_.after_round(result, i, elapsed);
    if (i == 0) continue;  // it warms the caches and the page tables
    seconds.push_back(elapsed);
    speeds.push_back(static_cast<double>(result.n_tokens) / elapsed);
  }
  result.tokens_per_second = SpreadOf(std::move(speeds));
  result.round_seconds = SpreadOf(std::move(seconds));
}

SpeedResult SpeedBench::Prompt(int n_tokens, int depth) {
  SpeedResult result{.test = "prompt", .depth = depth, .n_tokens = n_tokens};
  Conversations conversations(*this, 1, depth + n_tokens);
  Measure(
      conversations, depth, [&] { conversations.Prefill(n_tokens); }, result);
  return result;
}

SpeedResult SpeedBench::Generate(int n_tokens, int batch, int depth) {
  SpeedResult result{.test = "generate", .batch = batch, .depth = depth};
  result.n_tokens = int64_t{batch} * n_tokens;
  result.step_bytes =
      weight_bytes_ + batch * KvBytes(model_->memory(), depth + (n_tokens + 1) / 2.0);
  Conversations conversations(*this, batch, depth + n_tokens);
  const auto work = [&] {
    for (int i = 0; i < n_tokens; ++i) conversations.Step(1);
  };
  Measure(conversations, depth, work, result);
  return result;
}

// Least seconds of one step: a token for each row of logits and the text of it. As the engine does
// it: rows side by side, then the texts one after the other.
double SpeedBench::SampleSeconds(const SamplingParams& params, const Matrix& logits) {
  const auto n_rows = static_cast<size_t>(logits.rows());
  std::vector<Sampler> samplers;
  for (size_t i = 0; i < n_rows; ++i) samplers.emplace_back(params, 1, static_cast<int>(i));
  std::vector<AnswerText> texts(n_rows);
  std::vector<int32_t> chosen(n_rows);
  std::vector<std::vector<float>> scratch(n_rows);
  double least = std::numeric_limits<double>::infinity();
  for (int step = 0; step < options_.repeat * kSampledSteps; ++step) {
    for (size_t i = 0; i < n_rows; ++i) {
      const float* row = logits.row(static_cast<int64_t>(i));
      scratch[i].assign(row, row + config().vocab_size);  // sampling writes over it
    }
    const Stopwatch stopwatch;
    pool_.ParallelFor(logits.rows(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) chosen[i] = samplers[i].Sample(scratch[i], {});
    });
    for (size_t i = 0; i < n_rows; ++i) texts[i].Push(model_->tokenizer().TokenBytes(chosen[i]));
    least = std::min(least, stopwatch.Seconds());
  }
  return least;
}

std::vector<SamplingResult> SpeedBench::SampleSteps(const SpeedResult& generated) {
  Conversations conversations(*this, generated.batch, 1);
  conversations.Step(1);
  const double forward = generated.batch / generated.tokens_per_second.high;
  std::vector<SamplingResult> results;
  for (const auto& [way, params] : UsualSampling()) {
    SamplingResult result{.way = way, .batch = generated.batch};
    result.step_seconds = SampleSeconds(params, conversations.logits());
    result.share = result.step_seconds / (forward + result.step_seconds);
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace pioneer
