// Why: adapters (LoRA: Hu et al. 2021, https://arxiv.org/abs/2106.09685) change what a model does
// without a second copy of it: beside W x they add scale * B (A x), where B A is a matrix of low
// rank. Several are loaded beside one model, and each row of a step may use its own.
//
// Files: GGUF as llama.cpp writes them (general.type = "adapter"; tensors NAME.lora_a [rank, n_in]
// and NAME.lora_b [n_out, rank]; of token_embd.weight the first is [vocab_size, rank]), and folders
// of Hugging Face's PEFT (adapter_config.json with adapter_model.safetensors).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/thread_pool.h"
#include "tensor/ops/matmul.h"
#include "tensor/tensor.h"

namespace pioneer {

class Model;

// A matrix of the model that adapters may change: rows [first_row, first_row + n_out) of one of
// the matrices of a tensor [n_matrices, n_rows, n_in].
struct AdapterSite {
  std::string tensor;  // "blk.0.attn_q.weight"
  int64_t n_matrices = 1, n_rows = 0, n_in = 0;
  int64_t matrix = 0, first_row = 0, n_out = 0;
};
// In the order of loading; the index of one is what a Linear knows of it.
using AdapterSites = std::vector<AdapterSite>;

// Immutable; any thread may use it. Belongs to the model that it was loaded for.
class Adapter {
 public:
  struct Change {
    Weight a, b;  // [rank, n_in], [n_out, rank]
    float scale = 1.0f;
  };
  struct TableChange {
    Tensor a;  // [vocab_size, rank]
    Weight b;  // [d_model, rank]
    float scale = 1.0f;
  };

  // Null where the adapter changes nothing.
  const Change* Find(int site) const {
    const auto i = static_cast<size_t>(site);
    return site >= 0 && i < changes_.size() && changes_[i] ? &*changes_[i] : nullptr;
  }
  const TableChange* embedding() const { return embedding_ ? &*embedding_ : nullptr; }

 private:
  friend class AdapterBinder;
  std::vector<std::optional<Change>> changes_;  // by site
  std::optional<TableChange> embedding_;
};

// What one answer uses. Immutable while rows point to it.
struct AdapterMix {
  struct Part {
    std::shared_ptr<const Adapter> adapter;
    float scale = 1.0f;  // times the adapter's own
  };
  std::vector<Part> parts;
};
// The mix of each row, null for none; empty when no row has one.
using RowAdapters = std::span<const AdapterMix* const>;

// Throws Error{kNotFound} for a missing file, kCorruptFile for a broken one, kUnsupported for an
// adapter of another model or kind; the message says what does not fit.
std::shared_ptr<const Adapter> LoadAdapter(const Model& model, const fs::path& path);

// y += what the rows' adapters change at this site; x: [n, n_in], y: [n, n_out]. A row's numbers do
// not depend on the other rows.
void AddAdapters(ThreadPool& pool, RowAdapters adapters, int site, const float* x, int64_t n,
                 int64_t n_in, float* y, int64_t n_out);
// The same for rows of the embedding; y: [n, d_model].
void AddEmbeddingAdapters(ThreadPool& pool, RowAdapters adapters, const int32_t* tokens, int64_t n,
                          float* y, int64_t d_model);

}  // namespace pioneer
