// Why: texts that become vectors or scores share the model with the answers that are being written:
// between two steps of those, as many texts as fit one step are run.
#pragma once

#include <cstdint>
#include <deque>
#include <future>
#include <memory>
#include <vector>

#include "base/cancel.h"
#include "base/thread_pool.h"
#include "model/model.h"

namespace pioneer {

// The texts of one request. Made by a client's thread, then the engine's until `done` is set.
struct EmbeddingJob {
  std::vector<std::vector<int32_t>> texts;     // none empty, none longer than the context
  std::vector<std::vector<float>> rows;        // EmbedTexts' numbers of each text
  std::shared_ptr<const AdapterMix> adapters;  // null = the model as it is
  CancelToken cancel;
  std::promise<void> done;  // set with Error{kCancelled, kOutOfMemory} when it failed
};

// Belongs to the engine's thread.
class EmbeddingQueue {
 public:
  // step_tokens: of the texts of one step, unless a single one is longer. All must outlive it.
  EmbeddingQueue(Model& model, ThreadPool& threads, KvPagePool& pages, int step_tokens)
      : model_(model), threads_(threads), pages_(pages), step_tokens_(step_tokens) {}

  void Add(std::shared_ptr<EmbeddingJob> job) { jobs_.push_back(std::move(job)); }
  bool has_work() const { return !jobs_.empty(); }
  // Runs the next texts of the oldest job; returns the jobs that ended, whose promises are not set
  // yet. Nothing runs while causal texts find too few free pages.
  std::vector<std::shared_ptr<EmbeddingJob>> Step();
  // Takes all jobs out, for the caller to fail.
  std::vector<std::shared_ptr<EmbeddingJob>> TakeAll();

 private:
  bool AddText(const EmbeddingJob& job, const std::vector<int32_t>& text);
  void RunTexts(EmbeddingJob& job);

  Model& model_;
  ThreadPool& threads_;
  KvPagePool& pages_;
  const int step_tokens_;
  std::deque<std::shared_ptr<EmbeddingJob>> jobs_;
  StepBatch batch_;  // of the step that is running
  std::vector<std::unique_ptr<KvSequence>> sequences_;
  Matrix out_;
};

}  // namespace pioneer
