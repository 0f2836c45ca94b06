// Why: benchmarks and tests need models of any size that can be made in seconds.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "model/gguf.h"
#include "tensor/dtype.h"
#include "text/vocabulary.h"

namespace pioneer {

struct RandomModelOptions {
  std::string architecture = "llama";  // one of KnownArchitectures()
  std::string name = "random";
  int n_layers = 2, d_model = 64, n_heads = 4, n_kv_heads = 2, d_ff = 128;
  int head_dim = 0;  // 0 = d_model / n_heads
  int context_length = 512;
  float rope_base = 10000.0f;
  bool tied_output = true;    // the embedding is the output matrix
  DType dtype = DType::kF32;  // of matrices, see WeightTypeFor
  // More metadata, or other than what the sizes above say; without the architecture's name.
  std::vector<std::pair<std::string, GgufValue>> keys;
  // Ends of the names of tensors that a file of the architecture may have or not, which this one
  // has: "attn_output.bias", "rope_freqs.weight".
  std::vector<std::string> optional_tensors;
  Vocabulary vocabulary;      // from LoadVocabulary or MakeByteVocabulary
  std::string chat_template;  // "" = none
  uint64_t seed = 1;
};

// A byte-level BPE vocabulary ("gpt-2" pre-tokenizer) of exactly this size, at least 258: the 256
// bytes, made-up merges, then the control tokens "<|bos|>" and "<|eos|>". Any text can be encoded.
Vocabulary MakeByteVocabulary(int size, uint64_t seed = 1);

// Writes a whole model file: all tensors that the architecture's load code asks for. The same
// options give the same bytes. Weights are uniform with variance 1 / n_in. To be fast, matrices are
// put together from a pool of 1024 random pieces of at most 256 weights: pieces repeat, and rows
// too where a row is only one or two blocks long (a K-type with n_in of 256 or 512). Throws
// Error{kInvalidArgument, kCorruptFile} for sizes that do not fit together.
void WriteRandomModel(const fs::path& path, const RandomModelOptions& options);

}  // namespace pioneer
