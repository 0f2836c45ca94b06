#include "model/random_model.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "model/config.h"
#include "model/gguf.h"
#include "model/model.h"
#include "model/quantize_file.h"
#include "model/vocabulary.h"
#include "model/weight_loader.h"
#include "tensor/quantize.h"
#include "text/byte_alphabet.h"

namespace pioneer {
namespace {

constexpr int kPoolPieces = 1024;
constexpr int64_t kChunkBytes = int64_t{1} << 20;  // written at once

// Uniform weights of variance 1 / n_in.
void FillRandom(Random& random, float* x, int64_t n, int64_t n_in) {
  const double half_width = std::sqrt(3.0 / static_cast<double>(n_in));
  for (int64_t i = 0; i < n; ++i) {
    x[i] = static_cast<float>((2 * random.Uniform() - 1) * half_width);
  }
}

// Random pieces of rows, quantized once: quantizing a K-type takes far longer than copying it.
class PiecePool {
 public:
  PiecePool(DType dtype, int64_t piece_elements, int64_t n_in, Random& random)
      : piece_bytes_(RowBytes(dtype, piece_elements)), bytes_(kPoolPieces * piece_bytes_) {
    std::vector<float> piece(static_cast<size_t>(piece_elements));
    for (int i = 0; i < kPoolPieces; ++i) {
      FillRandom(random, piece.data(), piece_elements, n_in);
      QuantizeRow(dtype, piece.data(), bytes_.data() + i * piece_bytes_, piece_elements);
    }
  }

  // Fills `out`, a whole number of pieces.
  void Fill(Random& random, std::vector<std::byte>& out) const {
    for (size_t at = 0; at < out.size(); at += piece_bytes_) {
      std::memcpy(out.data() + at, bytes_.data() + random.Below(kPoolPieces) * piece_bytes_,
                  piece_bytes_);
    }
  }

 private:
  size_t piece_bytes_;
  std::vector<std::byte> bytes_;
};

// The longest piece that is whole blocks, divides the row, and, where blocks are short enough, goes
// at least four times into it, so that rows do not repeat.
int64_t PieceElements(DType dtype, int64_t cols) {
  const int64_t block = InfoOf(dtype).block_elements;
  const int64_t most = std::max(block, std::min<int64_t>(256, cols / 4));
  for (int64_t piece = most / block * block; piece > block; piece -= block) {
    if (cols % piece == 0) return piece;
  }
  return block;
}

bool EndsWithAny(std::string_view name, std::initializer_list<const char*> ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [&](const char* end) { return name.ends_with(end); });
}

uint64_t HashOf(std::string_view name) {
  uint64_t hash = 1469598103934665603u;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211u;
  return hash;
}

// Matrices are of the type asked for, but for the small ones that no program quantizes.
bool IsMatrix(const RecordingLoader::Entry& entry) {
  return entry.shape.size() >= 2 && entry.name.ends_with(".weight") &&
         !EndsWithAny(entry.name, {"ffn_gate_inp.weight", "position_embd.weight", "norm.weight",
                                   "conv1d.weight", "conv.weight", "token_types.weight"});
}

// The range that values of a vector have in trained models, roughly; matters where a model's
// function needs it (factors of frequencies) or would otherwise not notice a mistake (norms of 1).
std::pair<float, float> RangeOf(const RecordingLoader::Entry& entry) {
  const std::string& name = entry.name;
  // The likeliest tokens are several times as likely as others, yet no probability near 1 hides
  // or magnifies what rounding does.
  if (name == "output_norm.weight") return {0.5f, 1.1f};
  if (name.ends_with("norm.weight")) return {0.5f, 1.5f};
  if (name.find("rope_") != std::string::npos) return {1.0f, 4.0f};
  if (name.ends_with("ssm_a")) return {-4.0f, -0.5f};
  if (EndsWithAny(name, {"scale.weight", "scale"})) return {0.5f, 1.5f};
  const float bound = name.ends_with("sinks.weight") || name.ends_with("bias") ? 0.5f : 1.0f;
  return {-bound, bound};
}

class RandomModelWriter {
 public:
  explicit RandomModelWriter(const RandomModelOptions& options) : options_(options) {}

  void Write(const fs::path& path) {
    SetMetadata();
    // The architecture's own load code says which tensors a file of these keys has.
    const std::shared_ptr<const GgufFile> metadata = writer_.Build("a random model");
    RecordingLoader recorder(*metadata, OptionalTensors());
    LoadModel(recorder);
    for (const RecordingLoader::Entry& entry : recorder.entries()) {
      IsMatrix(entry) ? AddMatrix(entry) : AddValues(entry);
    }
    writer_.Finish(path);
  }

 private:
  std::vector<std::string> OptionalTensors() const {
    std::vector<std::string> optional = options_.optional_tensors;
    if (!options_.tied_output) optional.push_back("output.weight");
    if (options_.architecture == "qwen2") {
      optional.insert(optional.end(), {"attn_q.bias", "attn_k.bias", "attn_v.bias"});
    }
    return optional;
  }

  void SetMetadata() {
    const RandomModelOptions& o = options_;
    ModelConfig config;
    config.architecture = o.architecture;
    config.name = o.name;
    config.n_layers = o.n_layers;
    config.d_model = o.d_model;
    config.n_heads = o.n_heads;
    config.n_kv_heads = o.n_kv_heads;
    config.head_dim = o.head_dim > 0 ? o.head_dim : o.d_model / o.n_heads;
    config.d_ff = o.d_ff;
    config.vocab_size = static_cast<int>(o.vocabulary.tokens.size());
    config.context_length = o.context_length;
    config.rope_dims = config.head_dim;
    config.rope_base = o.rope_base;
    SetModelKeys(config, o.dtype, writer_);
    SaveVocabulary(o.vocabulary, writer_);
    for (const auto& [key, value] : o.keys) {
      SetKey(key.starts_with("tokenizer.") ? key : o.architecture + "." + key, value);
    }
    if (!o.chat_template.empty()) writer_.SetString("tokenizer.chat_template", o.chat_template);
  }

  // llama.cpp takes numbers with a point as float32 alone.
  void SetKey(const std::string& key, const GgufValue& value) {
    if (const double* number = std::get_if<double>(&value)) {
      writer_.SetF32(key, static_cast<float>(*number));
    } else {
      writer_.SetValue(key, value);
    }
  }

  // Every tensor has a stream of its own, so that it does not depend on what else is in the file.
  Random StreamOf(const RecordingLoader::Entry& entry) const {
    return Random(options_.seed * 1000003 ^ HashOf(entry.name));
  }

  void AddMatrix(const RecordingLoader::Entry& entry) {
    Tensor tensor{entry.name, DType::kF32, entry.shape, nullptr, {}};
    tensor.dtype = WeightTypeFor(options_.dtype, tensor.cols());
    writer_.AddTensor(
        tensor, [this, tensor, random = StreamOf(entry)](const GgufSink& sink) mutable {
          const PiecePool& pool = PoolFor(tensor.dtype, tensor.cols());
          const auto row_bytes = static_cast<int64_t>(RowBytes(tensor.dtype, tensor.cols()));
          const int64_t chunk_rows = std::max<int64_t>(1, kChunkBytes / row_bytes);
          std::vector<std::byte> rows;
          for (int64_t r = 0; r < tensor.rows(); r += chunk_rows) {
            rows.resize(static_cast<size_t>(std::min(chunk_rows, tensor.rows() - r) * row_bytes));
            pool.Fill(random, rows);
            sink(rows.data(), rows.size());
          }
        });
  }

  // One for all matrices of the same type and row length.
  const PiecePool& PoolFor(DType dtype, int64_t n_in) {
    std::unique_ptr<PiecePool>& pool = pools_[{dtype, n_in}];
    if (pool == nullptr) {
      Random random(options_.seed ^ static_cast<uint64_t>(n_in) << 32);
      pool = std::make_unique<PiecePool>(dtype, PieceElements(dtype, n_in), n_in, random);
    }
    return *pool;
  }

  void AddValues(const RecordingLoader::Entry& entry) {
    const Tensor tensor{entry.name, DType::kF32, entry.shape, nullptr, {}};
    const auto [low, high] = RangeOf(entry);
    Random random = StreamOf(entry);
    std::vector<float> values(static_cast<size_t>(tensor.rows() * tensor.cols()));
    for (float& value : values) {
      value = low + (high - low) * static_cast<float>(random.Uniform());
    }
    writer_.AddTensor(tensor, [values = std::move(values)](const GgufSink& sink) {
      sink(values.data(), values.size() * sizeof(float));
    });
  }

  const RandomModelOptions& options_;
  GgufWriter writer_;
  std::map<std::pair<DType, int64_t>, std::unique_ptr<PiecePool>> pools_;
};

void CheckOptions(const RandomModelOptions& o) {
  const auto refuse = [](const char* why) {
    Fail(ErrorCode::kInvalidArgument, "a random model cannot be made: {}", why);
  };
  if (o.n_layers < 1 || o.d_model < 1 || o.n_heads < 1 || o.d_ff < 1 || o.context_length < 1) {
    refuse("all sizes must be positive");
  }
  if (o.head_dim == 0 && o.d_model % o.n_heads != 0) refuse("n_heads must divide d_model");
  if (o.vocabulary.tokens.empty()) refuse("it needs a vocabulary");
}

}  // namespace

Vocabulary MakeByteVocabulary(int size, uint64_t seed) {
  if (size < 258) {
    Fail(ErrorCode::kInvalidArgument, "a byte-level vocabulary has at least 258 tokens, not {}",
         size);
  }
  Vocabulary vocabulary;
  vocabulary.pre_tokenizer = "gpt-2";
  vocabulary.add_space_prefix = false;
  std::vector<std::string>& tokens = vocabulary.tokens;
  for (int byte = 0; byte < 256; ++byte) {
    tokens.push_back(BytesToAlphabet(std::string(1, static_cast<char>(byte))));
  }
  std::unordered_set<std::string> known(tokens.begin(), tokens.end());
  Random random(seed);
  while (static_cast<int>(tokens.size()) < size - 2) {
    // Any token so far or a letter, followed by a letter: words as long as text likes.
    const std::string left =
        tokens[random.Below(3) == 0 ? 'a' + random.Below(26) : random.Below(tokens.size())];
    const std::string right = tokens['a' + random.Below(26)];
    if (!known.insert(left + right).second) continue;
    vocabulary.merges.push_back(left + " " + right);
    tokens.push_back(left + right);
  }
  vocabulary.types.assign(tokens.size(), TokenType::kNormal);
  vocabulary.bos_id = static_cast<int32_t>(tokens.size());
  vocabulary.eos_id = vocabulary.bos_id + 1;
  tokens.insert(tokens.end(), {"<|bos|>", "<|eos|>"});
  vocabulary.types.insert(vocabulary.types.end(), 2, TokenType::kControl);
  vocabulary.add_bos = true;
  return vocabulary;
}

void WriteRandomModel(const fs::path& path, const RandomModelOptions& options) {
  CheckOptions(options);
  RandomModelWriter(options).Write(path);
}

}  // namespace pioneer
