// Why: what guessing tokens brings, with a model of any weights. The model runs whole, then the
// text that it is to write is put in place of its choice; so a file of random weights writes what a
// trained one would: it edits a text, quotes it, or says something new.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/speed_bench.h"
#include "engine/local_generator.h"
#include "model/model.h"

namespace pioneer {

// What is to be written behind a prompt.
struct SpeculationTask {
  std::string name;
  std::vector<int32_t> prompt, answer;
};

// The tasks of a text's first n_tokens: in each, so many of every 40 tokens are new. Throws
// Error{kInvalidArgument} when it has fewer.
std::vector<SpeculationTask> SpeculationTasks(const std::string& text, int n_tokens,
                                              const Tokenizer& tokenizer);

struct SpeculationResult {
  Spread plain, guessed;               // tokens a second of all streams, prompts not counted
  Spread ratio;                        // of runs in turns
  int64_t n_guessed = 0, n_right = 0;  // in one run
};

// One thread.
class SpeculationBench {
 public:
  // `draft` may be null; it is right but for one token in ten.
  SpeculationBench(std::shared_ptr<Model> model, std::shared_ptr<Model> draft, int n_threads,
                   int n_streams);
  ~SpeculationBench();

  const Model& model() const;
  SpeculationResult Measure(const SpeculationTask& task, int repeat);

 private:
  class ScriptedModel;
  double Run(const SpeculationTask& task, LocalGenerator& generator);

  const std::shared_ptr<ScriptedModel> model_, draft_;
  const int n_streams_;
  std::unique_ptr<LocalGenerator> plain_, guessing_;
};

}  // namespace pioneer
