// Why: the numbers of published weights lie differently than GGUF wants some of them; this is where
// they are rearranged.
#pragma once

#include <string>
#include <vector>

#include "model/gguf.h"
#include "model/huggingface/families.h"
#include "model/huggingface/safetensors.h"

namespace pioneer {

// One tensor of the model to be: where its numbers come from and what is done with them.
struct TensorPlan {
  std::string name;  // in GGUF
  TensorLayout layout = TensorLayout::kAsIs;
  // One; kStackExperts: one an expert, in order; the kMxfp4s: blocks, then scales.
  std::vector<SafeTensor> sources;
  int64_t n_heads = 0;      // kInterleave*, kLatent*: of this tensor; kDeal*: that have values
  int64_t key_rows = 0;     // kLatent*: d of a head; kDealHeadsOfQkv: of all queries and keys
  int64_t n_key_heads = 0;  // kDeal*
  int64_t first_row = 0;    // kAsIs of a matrix: rows before it are left out
};

// Adds the tensor as a view of the sources where nothing is to be changed, else as work that is
// done when the writer asks. Matrices keep their type; vectors become F32, as GGUF wants them.
// Throws Error{kCorruptFile} when the shape does not fit the layout, kUnsupported for a type that
// cannot be used.
void AddPlannedTensor(const TensorPlan& plan, GgufWriter& writer);

}  // namespace pioneer
