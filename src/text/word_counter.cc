#include "text/word_counter.h"

#include <algorithm>
#include <atomic>

#include "text/string_index.h"

namespace pioneer {
namespace {

constexpr size_t kBatchBytes = size_t{8} << 20;

}  // namespace

size_t WordCounter::StringHash::operator()(std::string_view text) const { return HashBytes(text); }

WordCounter::WordCounter(const PreTokenizer& pre_tokenizer, size_t max_word_bytes, int n_threads)
    : pre_tokenizer_(pre_tokenizer),
      max_word_bytes_(max_word_bytes),
      pool_(n_threads),
      counts_of_thread_(pool_.size()) {}

void WordCounter::Add(std::string document) {
  batch_bytes_ += document.size();
  batch_.push_back(std::move(document));
  if (batch_bytes_ >= kBatchBytes) CountBatch();
}

void WordCounter::CountBatch() {
  std::atomic<size_t> next{0};
  pool_.Run([&](int thread) {
    for (size_t i = next++; i < batch_.size(); i = next++) {
      CountDocument(batch_[i], counts_of_thread_[thread]);
    }
  });
  batch_.clear();
  batch_bytes_ = 0;
}

void WordCounter::CountDocument(std::string_view document, Counts& counts) const {
  PieceReader reader(pre_tokenizer_, document);
  for (std::string_view word; reader.Next(word);) {
    if (word.size() > max_word_bytes_) continue;
    const auto found = counts.find(word);
    if (found != counts.end()) {
      ++found->second;
    } else {
      counts.emplace(word, 1);
    }
  }
}

std::vector<std::pair<std::string, int64_t>> WordCounter::Take() {
  CountBatch();
  Counts all = std::move(counts_of_thread_[0]);
  counts_of_thread_[0].clear();
  for (size_t i = 1; i < counts_of_thread_.size(); ++i) {
    for (const auto& [word, count] : counts_of_thread_[i]) all[word] += count;
    counts_of_thread_[i].clear();
  }
  std::vector<std::pair<std::string, int64_t>> words(all.begin(), all.end());
  std::sort(words.begin(), words.end());
  return words;
}

}  // namespace pioneer
