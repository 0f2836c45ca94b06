// Why: a loss says little to people; a few continued sentences at each checkpoint show what a model
// has learned. The run's samples.jsonl holds one JSON object a line:
// {"step": 100, "tokens": 1638400, "prompt": "The cat", "text": " sat on the mat."}
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "text/tokenizer.h"
#include "train/gradient_workers.h"

namespace pioneer {

inline constexpr int64_t kSampleTokens = 64;

// The most likely continuation of the prompt, as a document would begin with it: until the model
// ends it, kSampleTokens, or `context` tokens in all. The whole text is computed again for each
// token, which is quick enough at this length.
std::string ContinuePrompt(GradientWorkers& workers, const Tokenizer& tokenizer,
                           const std::string& prompt, int64_t context);

// Appends a line for each prompt, unless the file has lines of this step or of a later one. Throws
// Error{kIo}.
void AppendSamples(const fs::path& path, int64_t step, int64_t tokens,
                   const std::vector<std::string>& prompts, GradientWorkers& workers,
                   const Tokenizer& tokenizer, int64_t context);

}  // namespace pioneer
