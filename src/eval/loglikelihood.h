// Why: most scores are log probabilities of a text after another, and these depend on where one
// ends and the other begins in tokens. The rules are lm-evaluation-harness's, so that scores can be
// compared with published ones.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/generator.h"

namespace pioneer::eval {

// tokens[first..] are scored, each given all before it; first >= 1.
struct ScoredTokens {
  std::vector<int32_t> tokens;
  int first = 1;
};

// A continuation after a context. White space at the context's end belongs to the continuation;
// both are tokenized together, and the continuation is what lies behind as many tokens as the
// context has alone. BOS comes first where the model's tokenizer puts it; after an empty context
// the continuation follows BOS (or EOS, without BOS). What is too long for the context loses tokens
// at its beginning. Throws Error{kContextLength} when the continuation alone is too long.
ScoredTokens EncodePair(const Generator& generator, const std::string& context,
                        const std::string& continuation);

// A text in windows as large as the context allows, every token scored once: the first window
// begins with BOS (or EOS), each other one with the last token of the one before, and the last
// reaches back as far as it can. No windows of an empty text.
std::vector<ScoredTokens> RollingWindows(const Generator& generator, const std::string& text);

// Starts the scoring; FinishScoring waits for it. What several have in common at the beginning
// before `first` is run once (the prefix cache). Throws what Generator::Complete throws.
std::unique_ptr<Generation> StartScoring(Generator& generator, const ScoredTokens& scored);

struct ScoredToken {
  double logprob = 0;
  int n_bytes = 0;  // of its text
};
struct Loglikelihood {
  double value = 0;                 // natural log, the sum of the tokens'
  bool is_greedy = true;            // each token was the likeliest
  std::vector<ScoredToken> tokens;  // those from `first` on
};
// Throws Error{kCancelled} when the generation was cancelled, kInternal when it failed.
Loglikelihood FinishScoring(Generation& generation, const ScoredTokens& scored);

}  // namespace pioneer::eval
