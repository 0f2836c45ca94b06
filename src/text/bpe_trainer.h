// Why: a model that is trained here gets a vocabulary made for its text. Byte-level BPE needs no
// alphabet and can write anything.
//
// Source: Sennrich, Haddow, Birch 2016 (https://arxiv.org/abs/1508.07909); pairs are counted once
// and then only where a merge changed something.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "text/vocabulary.h"

namespace pioneer {

struct BpeTrainerProgress {
  enum class Stage { kReading, kMerging } stage = Stage::kReading;
  uint64_t bytes_read = 0;
  int merges_done = 0, merges_total = 0;
};

struct BpeTrainerOptions {
  int vocab_size = 6144;  // all together: 256 bytes, merges and special tokens
  std::string pre_tokenizer = "gpt-2";
  std::vector<std::string> special_tokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
  size_t max_word_bytes = 256;  // longer pre-tokens (data, not words) are not learned from
  int64_t min_pair_count = 2;   // rarer pairs are not merged
  int n_threads = 1;            // for counting words; 0 = all usable cores
  std::function<void(const BpeTrainerProgress&)> progress;  // called by the calling thread, often
  CancelToken cancel;
};

// Reads documents until `next_document` gives nullopt (it is called by the calling thread only).
// The same documents in any order give the same vocabulary, whatever n_threads is. Token ids: the
// bytes in the alphabet's order as GPT-2 has them, merges in order of learning, special tokens.
// Text with too few different pairs gives fewer tokens than vocab_size. BOS and EOS are
// "<|endoftext|>", EOT is "<|im_end|>", where special_tokens has them.
//
// Throws Error{kInvalidArgument} for options that contradict themselves, kCancelled.
Vocabulary TrainBpe(const std::function<std::optional<std::string>()>& next_document,
                    const BpeTrainerOptions& options);

}  // namespace pioneer
