// Why: what a run needs before its first step: a tokenizer and the sources as tokens. Both are kept
// in the run's folder and made only once.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/cancel.h"
#include "base/thread_pool.h"
#include "text/tokenizer.h"
#include "train/recipe.h"
#include "train/run_folder.h"
#include "train/token_shard.h"

namespace pioneer {

struct PrepareContext {
  ThreadPool& pool;
  CancelToken cancel;
  std::function<void(const std::string&)> on_status;  // a sentence for people, often; may be empty
};

// The run's tokenizer: read from its folder, else trained or copied as the recipe says, then kept.
// A trained one is byte-level BPE with "<|endoftext|>" (BOS, EOS), "<|im_start|>", "<|im_end|>".
std::unique_ptr<Tokenizer> PrepareTokenizer(const TrainRecipe& recipe, const RunFolder& folder,
                                            const PrepareContext& context);

// The source's tokens: mapped from the run's folder when they were made before from the same file
// (path, size, time of change), vocabulary and options; else made now on all threads.
std::shared_ptr<const TokenShard> PrepareSource(const SourceRecipe& source,
                                                const Tokenizer& tokenizer, const RunFolder& folder,
                                                const PrepareContext& context);

}  // namespace pioneer
