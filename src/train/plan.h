// Why: what a run will take and give, before it begins: counted where it can be counted, measured
// here with a few real steps where it cannot, and a guess with its range for the rest.
//
// Operations of one token, forward and backward: 6 for each weight that multiplies it; 7 x
// attention width x context for each layer's causal attention (2 products forward, 5 backward, each
// over half of the positions).
//
// Expected loss: 1.69 + 406.4 / N^0.34 + 410.7 / D^0.28 nats a token for N parameters and D tokens
// (Hoffmann et al. 2022, arXiv:2203.15556), at 4.8 bytes a token of English web text. The fit was
// made with models from 70 million parameters on. Where it says 2.4 bits a byte, for the model of
// 3.9 million parameters that came with Pioneer at first, that one had 2.3 on Korean documents and
// 2.7 on an English book. The range given is 0.75 to 1.2 of the fit; another text may leave even
// that.
#pragma once

#include <cstdint>

#include "base/cancel.h"
#include "train/recipe.h"

namespace pioneer {

// Of sequences of `context` tokens, without the optimizer's and without what is computed again.
double FlopsPerToken(const LlamaShape& shape, int64_t context);

struct TrainPlan {
  LlamaShape shape;
  bool bf16 = false;               // products in bfloat16
  bool recomputes = false;         // layers are computed twice because memory is short
  int processes = 1, threads = 0;  // threads of all processes
  int64_t n_parameters = 0, n_multiplied = 0;
  int64_t tokens = 0, steps = 0;  // of all stages
  double flops_per_token = 0;
  // Of each process: what they share out, and what each has.
  int64_t weight_bytes = 0, gradient_bytes = 0, optimizer_bytes = 0, activation_bytes = 0;
  int64_t memory_bytes() const {
    return weight_bytes + gradient_bytes + optimizer_bytes + activation_bytes;
  }

  double tokens_per_second = 0, seconds = 0;  // at the speed that was measured now
  double flops_per_second = 0;
  double bits_per_byte_low = 0, bits_per_byte_high = 0;
};

// Takes some seconds for models that train on a processor in hours. Speed is that of one process
// with all threads. Throws what a run would throw.
TrainPlan PlanTraining(const TrainRecipe& recipe, const CancelToken& cancel, int processes = 1);

}  // namespace pioneer
