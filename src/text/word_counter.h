// Why: BPE training looks at every different pre-token once, with its count.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/thread_pool.h"
#include "text/pre_tokenizer.h"

namespace pioneer {

// One thread calls it; counting itself is spread over the pool's threads.
class WordCounter {
 public:
  // The pre-tokenizer must stay.
  WordCounter(const PreTokenizer& pre_tokenizer, size_t max_word_bytes, int n_threads);

  void Add(std::string document);
  // Everything added so far, sorted by word; the counter is empty afterwards.
  std::vector<std::pair<std::string, int64_t>> Take();

 private:
  struct StringHash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const;
  };
  using Counts = std::unordered_map<std::string, int64_t, StringHash, std::equal_to<>>;

  void CountBatch();
  void CountDocument(std::string_view document, Counts& counts) const;

  const PreTokenizer& pre_tokenizer_;
  size_t max_word_bytes_;
  ThreadPool pool_;
  std::vector<Counts> counts_of_thread_;
  std::vector<std::string> batch_;
  size_t batch_bytes_ = 0;
};

}  // namespace pioneer
