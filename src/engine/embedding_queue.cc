#include "engine/embedding_queue.h"

#include <utility>

namespace pioneer {

std::vector<std::shared_ptr<EmbeddingJob>> EmbeddingQueue::Step() {
  std::vector<std::shared_ptr<EmbeddingJob>> ended;
  while (!jobs_.empty() && jobs_.front()->cancel.cancelled()) {
    ended.push_back(std::move(jobs_.front()));
    jobs_.pop_front();
  }
  if (jobs_.empty()) return ended;
  EmbeddingJob& job = *jobs_.front();
  RunTexts(job);
  if (job.rows.size() == job.texts.size()) {
    ended.push_back(std::move(jobs_.front()));
    jobs_.pop_front();
  }
  return ended;
}

void EmbeddingQueue::RunTexts(EmbeddingJob& job) {
  batch_ = {};
  sequences_.clear();
  for (size_t i = job.rows.size(); i < job.texts.size(); ++i) {
    if (!AddText(job, job.texts[i])) break;
  }
  if (batch_.sequences.empty()) return;
  model_.EmbedTexts(threads_, batch_, out_);
  for (size_t i = 0; i < batch_.sequences.size(); ++i) {
    const float* row = out_.row(static_cast<int64_t>(i));
    job.rows.emplace_back(row, row + out_.cols());
  }
  sequences_.clear();  // the pages are free for answers
}

bool EmbeddingQueue::AddText(const EmbeddingJob& job, const std::vector<int32_t>& text) {
  const auto n = static_cast<int>(text.size());
  const auto n_before = static_cast<int>(batch_.tokens.size());
  if (n_before > 0 && n_before + n > step_tokens_) return false;
  StepBatch::Sequence sequence;
  sequence.first_row = n_before;
  sequence.n_rows = n;
  sequence.adapters = job.adapters.get();
  if (model_.embedding().causal) {
    sequences_.push_back(std::make_unique<KvSequence>(pages_));
    if (!sequences_.back()->Reserve(n)) return false;
    sequence.kv = sequences_.back().get();
  }
  batch_.sequences.push_back(sequence);
  for (int i = 0; i < n; ++i) {
    batch_.tokens.push_back(text[i]);
    batch_.positions.push_back(i);
  }
  return true;
}

std::vector<std::shared_ptr<EmbeddingJob>> EmbeddingQueue::TakeAll() {
  std::vector<std::shared_ptr<EmbeddingJob>> all(std::make_move_iterator(jobs_.begin()),
                                                 std::make_move_iterator(jobs_.end()));
  jobs_.clear();
  return all;
}

}  // namespace pioneer
