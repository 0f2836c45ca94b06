// Why: how each family of models that Hugging Face's library knows is called in GGUF, as data: a
// new family is a table, not code.
//
// GGUF's names and layouts are llama.cpp's (its gguf-py/gguf/tensor_mapping.py and conversion/).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/gguf.h"
#include "model/huggingface/config.h"

namespace pioneer {

// What is done with a tensor's numbers on the way.
enum class TensorLayout {
  kAsIs,
  // The rows of each head are reordered so that the two halves that rotate together lie side by
  // side: row (half, i) of a head becomes row (i, half).
  kInterleaveQ,
  kInterleaveK,
  kAddOne,        // gemma's norms multiply by 1 + weight
  kTranspose,     // [in, out] becomes [out, in]
  kStackExperts,  // one tensor an expert becomes [n_experts, out, in]
  kFirstHalf,     // of the rows (of each expert): "gate" of gate_up
  kSecondHalf,    // "up" of gate_up
  kEvenRows,      // gpt-oss has gate and up in turn
  kOddRows,
  kMxfp4,  // blocks and scales become MXFP4 blocks
  kMxfp4EvenRows,
  kMxfp4OddRows,
  kSqueeze,       // [n, 1, k] becomes [n, k]
  kFromThirdRow,  // RoBERTa counts positions from 2
  kDrop,          // of no use here
  // Gated delta nets: value heads that share a key head lie side by side; in GGUF they are dealt
  // out: one of each key head in turn, so that head h belongs to key head h % n_key_heads.
  kDealHeads,         // each head's rows (or numbers of a vector)
  kDealHeadsOfQkv,    // the same behind the rows of queries and keys; of [n, 1, k] too
  kDealHeadsOfInput,  // each head's columns
  kDealHeadsOfDecay,  // a number a head, and x becomes -exp(x)
  // Of [n_heads * (d + v), c], which makes each head's keys (d rows) and values (v) of a compressed
  // vector: the keys' rows turned round [n_heads, c, d], the values' [n_heads, v, c].
  kLatentKeys,
  kLatentValues,
};

struct TensorRule {
  std::string_view name;  // "{}" stands for a layer's number, "{e}" for an expert's
  std::string_view gguf_name;
  TensorLayout layout = TensorLayout::kAsIs;
};

enum class ValueKind { kCount, kNumber, kFlag };

struct KeyRule {
  std::string_view name;      // in config.json
  std::string_view gguf_key;  // behind "ARCHITECTURE."
  ValueKind kind = ValueKind::kCount;
};

struct ModelFamily {
  std::string_view architecture;              // GGUF's name
  std::vector<std::string_view> class_names;  // "LlamaForCausalLM"
  std::vector<TensorRule> tensors;
  std::vector<KeyRule> keys;  // besides those that all families share
  // What no table says; null = nothing.
  void (*add_keys)(const HuggingFaceConfig& config, GgufWriter& writer) = nullptr;
};

// Null for a class that is not known.
const ModelFamily* FindModelFamily(std::string_view class_name);
// "LlamaForCausalLM, MistralForCausalLM, ...", for messages.
std::string KnownModelClasses();

// The name as the tables have it: without what wraps a language model that has more parts.
std::string UnwrappedTensorName(std::string name);

// A rule whose pattern a tensor's name has, with the numbers in it.
struct TensorMatch {
  const TensorRule* rule = nullptr;
  int64_t layer = 0, expert = 0;  // 0 where the rule has none
  std::string gguf_name;
};
// Among all families of this architecture; nullopt when none has a tensor of this name.
std::optional<TensorMatch> MatchTensorRule(std::string_view architecture, std::string_view name);

// The sizes, the rotation and the family's own keys. Throws Error{kCorruptFile} for what is missing
// or makes no sense, kUnsupported for a rotation that is not known.
void AddModelKeys(const ModelFamily& family, const HuggingFaceConfig& config, GgufWriter& writer);

}  // namespace pioneer
