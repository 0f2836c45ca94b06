// Why: tests run models the way the scheduler does, in steps of many shapes.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "base/thread_pool.h"
#include "model/model.h"
#include "model/random_model.h"

namespace pioneer {

// A model with its threads and pages.
class ModelRunner {
 public:
  explicit ModelRunner(const fs::path& path, int n_threads = 2)
      : ModelRunner(LoadModel(path), n_threads) {}
  explicit ModelRunner(std::unique_ptr<Model> model, int n_threads = 2)
      : model_(std::move(model)),
        threads_(n_threads),
        pages_(model_->memory(), int64_t{64} << 20) {}

  Model& model() { return *model_; }
  KvPagePool& pages() { return pages_; }
  ThreadPool& threads() { return threads_; }

  struct Part {
    KvSequence* kv;
    int position;
    std::vector<int32_t> tokens;
    bool all_outputs = false;  // logits of every row, not of the last only
    const AdapterMix* adapters = nullptr;
  };

  // One step of these parts; the logits in the order of the rows.
  const Matrix& Step(const std::vector<Part>& parts) {
    StepBatch batch;
    for (const Part& part : parts) {
      const int first = static_cast<int>(batch.tokens.size());
      const int n = static_cast<int>(part.tokens.size());
      if (!part.kv->Reserve(part.position + n)) throw std::runtime_error("too few pages");
      batch.sequences.push_back({part.kv, first, n, part.position, part.adapters});
      for (int i = 0; i < n; ++i) {
        batch.tokens.push_back(part.tokens[i]);
        batch.positions.push_back(part.position + i);
        if (part.all_outputs || i == n - 1) batch.output_rows.push_back(first + i);
      }
    }
    model_->Forward(threads_, batch, logits_);
    return logits_;
  }

  int32_t Likeliest(int64_t row) const {
    const float* logits = logits_.row(row);
    return static_cast<int32_t>(std::max_element(logits, logits + logits_.cols()) - logits);
  }

  // Continues the prompt greedily by n tokens; the prompt goes in steps of `chunk` tokens.
  std::vector<int32_t> Greedy(const std::vector<int32_t>& prompt, int n, int chunk) {
    KvSequence kv(pages_);
    int position = 0;
    while (position < static_cast<int>(prompt.size())) {
      const int end = std::min<int>(position + chunk, prompt.size());
      Step({{&kv, position, {prompt.begin() + position, prompt.begin() + end}}});
      position = end;
    }
    std::vector<int32_t> made = {Likeliest(0)};
    while (static_cast<int>(made.size()) < n) {
      Step({{&kv, position++, {made.back()}}});
      made.push_back(Likeliest(0));
    }
    return made;
  }

 private:
  std::unique_ptr<Model> model_;
  ThreadPool threads_;
  KvPagePool pages_;
  Matrix logits_;
};

}  // namespace pioneer
