// Why: what the engine knows of a model: its sizes, its words, and one step of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/file.h"
#include "base/thread_pool.h"
#include "model/adapter.h"
#include "model/kv_pages.h"
#include "model/packed_cache.h"
#include "tensor/tensor.h"
#include "text/tokenizer.h"

namespace pioneer {

class InputObserver;
class WeightLoader;

struct ModelConfig {
  std::string architecture;  // "llama"
  std::string name;          // general.name, for people
  int n_layers = 0, d_model = 0, n_heads = 0, n_kv_heads = 0, head_dim = 0, d_ff = 0;
  int vocab_size = 0, context_length = 0;
  int rope_dims = 0;
  float rope_base = 10000.0f, rms_eps = 1e-5f;
  int64_t n_parameters = 0;
  int64_t file_bytes = 0;
  std::string quantization;  // of most of the weights: "Q8_0"
};

// The tokens of all sequences that take part in one step. One plain struct, made by the scheduler.
struct StepBatch {
  struct Sequence {
    KvSequence* kv = nullptr;  // has pages for position + n_rows tokens
    int first_row = 0, n_rows = 0;
    int position = 0;                      // of its first row in this step
    const AdapterMix* adapters = nullptr;  // null = the model as it is
  };
  std::vector<int32_t> tokens;     // [n_rows]
  std::vector<int32_t> positions;  // [n_rows]
  std::vector<Sequence> sequences;
  std::vector<int32_t> output_rows;  // rows whose logits are wanted, ascending
  // Sees what goes into the matrices of layers; null = nobody looks.
  InputObserver* observer = nullptr;
};

// How the rows of a text become one answer. The values are GGUF's (ARCH.pooling_type).
enum class Pooling {
  kMean = 1,
  kCls = 2,   // the first row
  kLast = 3,  // the last row
  kRank = 4,  // scores by a classification head
};

// What EmbedTexts() gives for a text.
struct EmbeddingInfo {
  Pooling pooling = Pooling::kLast;
  int size = 0;                     // numbers a text
  bool causal = true;               // rows see only those before; a text then needs KV pages
  std::vector<std::string> labels;  // kRank: what the scores are for, if the file says it
};

// A loaded model. Forward() and EmbedTexts() are called by one thread at a time; the rest is
// immutable.
class Model {
 public:
  virtual ~Model() = default;
  virtual const ModelConfig& config() const = 0;
  virtual const Tokenizer& tokenizer() const = 0;
  // What it must remember of a sequence.
  virtual const MemoryPlan& memory() const = 0;
  // Jinja source from the file, "" if none.
  virtual const std::string& chat_template() const = 0;
  // The matrices that adapters may change.
  virtual const AdapterSites& adapter_sites() const = 0;

  // Runs one step: stores the K and V of all rows in their pages and writes the logits of
  // output_rows to logits [n_outputs, vocab_size]. Never throws for a batch whose ids, positions
  // and pages are in range (the scheduler's duty).
  virtual void Forward(ThreadPool& pool, const StepBatch& batch, Matrix& logits) = 0;

  // False for models that only embed or rank; Forward() must not be called then.
  virtual bool can_generate() const = 0;
  virtual const EmbeddingInfo& embedding() const = 0;
  // Every sequence of the batch is a whole text, its position 0; its kv may be null unless
  // embedding().causal. out: [n_sequences, embedding().size]. Vectors are not normalized; with
  // kRank, the first number of a row is the relevance. output_rows is not looked at. A text's
  // numbers do not depend on the others. The same promise as Forward's.
  virtual void EmbedTexts(ThreadPool& pool, const StepBatch& batch, Matrix& out) = 0;
};

struct LoadOptions {
  int n_threads = 0;  // 0 = UsableCores()
  // Where the packed weights of larger models are kept.
  PackedCache cache;
  // What its keys and values shall be kept as: Model::memory() says so to those who make pages.
  KvTypes kv_types;
  // Throws Error{kCancelled} soon after it is used.
  CancelToken cancel;
  // Told how much of packing is done, in (0, 1]; by one thread at a time.
  std::function<void(double share)> on_packed;
};

// Throws Error{kNotFound, kCorruptFile, kUnsupported, kOutOfMemory}. An unknown architecture's
// message lists the known ones.
// A GGUF file (any part of it) or a folder as Hugging Face has them.
std::unique_ptr<Model> LoadModel(const fs::path& path, const LoadOptions& options = {});
// The same from a loader's file and tensors.
std::unique_ptr<Model> LoadModel(WeightLoader& load);
// The names that general.architecture may have.
std::vector<std::string> KnownArchitectures();
// False for those that only embed and rank.
bool GeneratesText(std::string_view architecture);

}  // namespace pioneer
