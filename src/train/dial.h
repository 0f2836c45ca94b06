// Why: a whole training run from one number. Depth decides width, heads, vocabulary, tokens, batch
// and learning rate, as in nanochat (github.com/karpathy/nanochat); the result is an ordinary
// recipe, so every choice can be read and changed.
//
//   width         40 x depth, up to a multiple of 64: at equal size, deep and thin small models
//   learn
//                 more than shallow and wide ones (MobileLLM, arXiv:2402.14905)
//   heads         64 wide; feed-forward 8/3 x width (SwiGLU's equal of 4 x), up to a multiple of 64
//   vocabulary    1,024 x depth, from 4,096 to 32,768: an embedding that stays a minor part
//   context       512; from depth 10 on 1,024
//   tokens        12 for each weight that multiplies a token: layer matrices and output (nanochat)
//   batch         0.0306 tokens^0.383 sequences of 2,048 (Power Lines, arXiv:2505.13738), down to a
//                 power of two
//   learning rate 0.1 sqrt(batch / 2^19) / sqrt(width): nanochat's Muon rate of 0.02 at 2^19
//   tokens,
//                 as the size that an element of a square matrix moves, for both optimizers
//   schedule      40 steps of warm-up, then linear to 0; Muon for layer matrices, AdamW for the
//   rest
#pragma once

#include <cstdint>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "train/llama_parameters.h"

namespace pioneer {

inline constexpr int64_t kMaxDepth = 64;

struct DialSettings {
  LlamaShape shape;  // vocab_size included
  int64_t tokens = 0, batch_tokens = 0;
  double learning_rate = 0;
  double warmup = 0;  // share of the run
};

// depth: 1 to kMaxDepth; else Error{kInvalidArgument}.
DialSettings TurnDial(int64_t depth);

// The recipe that trains on these files or folders, by their absolute paths.
Json DialRecipe(int64_t depth, const std::vector<fs::path>& data);

}  // namespace pioneer
