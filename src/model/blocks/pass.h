// Why: what the building blocks of a model work on: the rows of a step that go through the layers
// together, and memory for what is computed between two weights.
#pragma once

#include <cstdint>
#include <vector>

#include "base/thread_pool.h"
#include "model/adapter.h"
#include "model/model.h"
#include "tensor/tensor.h"

namespace pioneer {

// Rows of a step that go through the layers together; more are done in turns, so that the
// activations' memory is bounded whatever the step's size.
inline constexpr int64_t kMaxPassRows = 512;

// Grows to what is needed and is used again by every layer. n = rows of the pass. A block may
// use the part that bears its name, and changes no other but the result that it is given.
struct Workspace {
  Matrix x;       // [n, d_model] the residual stream
  Matrix normed;  // [n, d_model] input of a block
  Matrix change;  // [n, d_model] what a block adds to the stream

  struct {
    Matrix q, k, v, attended;  // [n, heads of the layer, their size]
  } attention;
  struct {
    Matrix gate, up;  // [n, d_ff]
  } feed_forward;
  struct {
    Matrix in, conv;                // [n, channels] of a short convolution
    Matrix qk;                      // [n, 2, key heads, their size] normed
    Matrix decay, beta, gate, out;  // [n, value heads, 1 or their size]
  } recurrent;
  struct {
    Matrix logits;            // [n, n_experts]
    Matrix x, gate, up, out;  // of the rows that chose an expert
  } experts;
};

// Rows [begin, begin + n) of a step.
struct Pass {
  ThreadPool& pool;
  Workspace& work;
  int64_t begin = 0, n = 0;
  const int32_t* tokens = nullptr;             // [n]
  const int32_t* positions = nullptr;          // [n]
  std::vector<StepBatch::Sequence> sequences;  // first_row counts from `begin`
  std::vector<const AdapterMix*> adapters;     // of each row; empty when no row has any
  InputObserver* observer = nullptr;           // of the step
};

}  // namespace pioneer
