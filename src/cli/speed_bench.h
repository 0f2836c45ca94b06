// Why: measures what a model costs on this machine, part by part, the way the engine runs it:
// prompts in pieces, streams together, sampling after each step.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/thread_pool.h"
#include "engine/generator.h"
#include "model/kv_pages.h"
#include "model/model.h"

namespace pioneer {

// Of repeated measurements of one thing.
struct Spread {
  double median = 0, low = 0, high = 0;
  // How far the repeats lie around the median, relative to it.
  double relative() const { return median > 0 ? (high - low) / 2 / median : 0; }
};
Spread SpreadOf(std::vector<double> values);  // at least one

// One measured line.
struct SpeedResult {
  std::string test;  // "prompt" or "generate"
  int batch = 1, depth = 0;
  int64_t n_tokens = 0;           // of all sequences in one round
  double step_bytes = 0;          // "generate": weights, keys and values that one step must read
  Spread tokens_per_second = {};  // of all sequences
  Spread round_seconds = {};      // "prompt": until the first token's logits are there
};

struct SpeedBenchOptions {
  fs::path model;
  int n_threads = 0;  // 0 = all cores this process may use
  KvTypes kv_types = {};
  int repeat = 5;           // measured rounds, after one to warm up
  int64_t n_sequences = 1;  // the most that run together
  int64_t n_tokens = 0;     // the most that one holds
  // For runs in turns with other programs: called around each round, 0 being the one that warms up.
  std::function<void()> before_round = [] {};
  std::function<void(const SpeedResult&, int round, double seconds)> after_round =
      [](const SpeedResult&, int, double) {};
};

// The first token of a process that has just begun; files may be in the system's cache.
struct StartResult {
  double load_seconds = 0;         // until the model is ready
  double first_token_seconds = 0;  // the same, and a prompt of n_prompt tokens, and a token of it
  int n_prompt = 0;
};

// What becomes of logits once a step has made them. Of the quickest rounds of both: a step of the
// model is long enough to be interrupted every time on a busy machine, sampling is not.
struct SamplingResult {
  std::string way;  // how tokens are chosen: "likeliest", ...
  int batch = 1;
  double step_seconds = 0;  // choosing a token for each sequence and making text of it
  double share = 0;         // of a whole step of the same batch
};

// One thread.
class SpeedBench {
 public:
  // Loads the model. Throws as LoadModel; Error{kOutOfMemory} when the memory for the conversations
  // cannot be had.
  explicit SpeedBench(const SpeedBenchOptions& options);
  ~SpeedBench();

  const ModelConfig& config() const { return model_->config(); }
  ThreadPool& threads() { return pool_; }
  const StartResult& start() const { return start_; }
  // Of the weights that one step of one sequence reads: all but those that are only looked up, and
  // of the experts as many as a token uses. 0 when the files do not tell.
  double weight_bytes() const { return weight_bytes_; }
  // What the conversations may take, keys and values.
  int64_t kv_bytes() const { return kv_bytes_; }

  SpeedResult Prompt(int n_tokens, int depth);
  SpeedResult Generate(int n_tokens, int batch, int depth);
  // What sampling adds to the steps of `generated`: a result for each of the usual ways to choose.
  std::vector<SamplingResult> SampleSteps(const SpeedResult& generated);

 private:
  class Conversations;
  void Start();
  double SampleSeconds(const SamplingParams& params, const Matrix& logits);
  template <typename Work>
  void Measure(Conversations& conversations, int depth, const Work& work, SpeedResult& result);

  const SpeedBenchOptions options_;
  std::unique_ptr<Model> model_;
  ThreadPool pool_;
  std::unique_ptr<KvPagePool> pages_;
  double weight_bytes_ = 0;
  int64_t kv_bytes_ = 0;
  StartResult start_;
};

// See SpeedBench::weight_bytes().
double WeightBytesOfStep(const fs::path& model);

}  // namespace pioneer
