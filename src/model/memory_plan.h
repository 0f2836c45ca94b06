// Why: what a model must remember of a sequence differs by architecture and by layer; the memory
// for conversations is laid out from this description and knows nothing else of a model.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/ops/attention.h"

namespace pioneer {

// The keys and values that one layer stores for a token.
struct KvLayer {
  int n_kv_heads = 0;        // 0: none, since it is recurrent or looks at another layer's
  int k_dim = 0, v_dim = 0;  // of a head
};

// What all keys, and all values, are kept as.
struct KvTypes {
  KvType k = KvType::kF16, v = KvType::kF16;
};

struct MemoryPlan {
  std::vector<KvLayer> layers;
  int64_t state_floats = 0;  // recurrent state of a sequence, of any length: float32
  KvTypes types = {};

  // n_layers equal layers.
  static MemoryPlan Uniform(int n_layers, int n_kv_heads, int head_dim) {
    return {std::vector<KvLayer>(static_cast<size_t>(n_layers), {n_kv_heads, head_dim, head_dim}),
            0,
            {}};
  }

  // Of kKvPageTokens tokens in all layers. Throws Error{kInvalidArgument} for impossible sizes, as
  // all functions do.
  int64_t PageBytes() const;
  // Pages whose worth of memory is set aside for a sequence's state.
  int64_t StatePages() const;
  // What the pool needs for a sequence of n_tokens.
  int64_t BytesFor(int64_t n_tokens) const;
};

}  // namespace pioneer
