// Why: a score on a test set says nothing about a model that has read the test. Whatever training
// text shares with it word by word is cut out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/file.h"

namespace pioneer {

// Texts overlap where 13 words in a row are the same (the rule of GPT-3, Brown et al. 2020, app.
// C), or all words of a test text of 8 to 12. Shorter test texts are too common to tell anything.
inline constexpr size_t kOverlapWords = 13;
inline constexpr size_t kOverlapSeedWords = 8;

class EvaluationOverlap {
 public:
  // Before the first look-up; one thread.
  void Add(std::string_view test_text);
  // Every string in each line of a .jsonl file; of other files, each paragraph. Compressed files
  // too. Throws Error{kNotFound, kIo, kCorruptFile}.
  void AddFile(const fs::path& path);

  bool empty() const { return needed_.empty(); }
  size_t n_texts() const { return n_texts_; }

  // Takes the lines out that overlap with a test text. Returns the bytes taken out. Any thread.
  size_t Cut(std::string& text) const;

 private:
  // Of a row of 8 words: how many such rows must follow each other to be an overlap.
  std::unordered_map<uint64_t, uint8_t> needed_;
  size_t n_texts_ = 0;
};

}  // namespace pioneer
