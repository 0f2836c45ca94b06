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
#include "model/gguf.h"
#include "model/quantize_file.h"
#include "model/vocabulary.h"
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

class RandomModelWriter {
 public:
  explicit RandomModelWriter(const RandomModelOptions& options)
      : options_(options),
        head_dim_(options.head_dim > 0 ? options.head_dim : options.d_model / options.n_heads) {}

  void Write(const fs::path& path) {
    SetMetadata();
    const int64_t vocab_size = static_cast<int64_t>(options_.vocabulary.tokens.size());
    AddMatrix("token_embd.weight", vocab_size, options_.d_model);
    for (int i = 0; i < options_.n_layers; ++i) AddLayer(fmt::format("blk.{}.", i));
    AddOnes("output_norm.weight", options_.d_model);
    if (!options_.tied_output) AddMatrix("output.weight", vocab_size, options_.d_model);
    writer_.Finish(path);
  }

 private:
  void SetMetadata() {
    const RandomModelOptions& o = options_;
    writer_.SetString("general.architecture", o.architecture);
    writer_.SetString("general.name", o.name);
    writer_.SetU32("general.file_type", FileTypeOf(o.dtype));
    writer_.SetU32("general.quantization_version", 2);
    const auto set = [&](const char* key, int value) {
      writer_.SetU32(o.architecture + "." + key, static_cast<uint32_t>(value));
    };
    set("block_count", o.n_layers);
    set("context_length", o.context_length);
    set("embedding_length", o.d_model);
    set("feed_forward_length", o.d_ff);
    set("attention.head_count", o.n_heads);
    set("attention.head_count_kv", o.n_kv_heads);
    set("attention.key_length", head_dim_);
    set("attention.value_length", head_dim_);
    set("rope.dimension_count", head_dim_);
    set("vocab_size", static_cast<int>(o.vocabulary.tokens.size()));
    writer_.SetF32(o.architecture + ".rope.freq_base", o.rope_base);
    writer_.SetF32(o.architecture + ".attention.layer_norm_rms_epsilon", 1e-5f);
    SaveVocabulary(o.vocabulary, writer_);
    if (!o.chat_template.empty()) writer_.SetString("tokenizer.chat_template", o.chat_template);
  }

  void AddLayer(const std::string& prefix) {
    const int64_t d_model = options_.d_model, d_ff = options_.d_ff;
    const int64_t d_q = int64_t{options_.n_heads} * head_dim_;
    const int64_t d_kv = int64_t{options_.n_kv_heads} * head_dim_;
    AddOnes(prefix + "attn_norm.weight", d_model);
    AddMatrix(prefix + "attn_q.weight", d_q, d_model);
    AddMatrix(prefix + "attn_k.weight", d_kv, d_model);
    AddMatrix(prefix + "attn_v.weight", d_kv, d_model);
    if (options_.architecture == "qwen2") {
      AddVector(prefix + "attn_q.bias", d_q);
      AddVector(prefix + "attn_k.bias", d_kv);
      AddVector(prefix + "attn_v.bias", d_kv);
    }
    AddMatrix(prefix + "attn_output.weight", d_model, d_q);
    AddOnes(prefix + "ffn_norm.weight", d_model);
    AddMatrix(prefix + "ffn_gate.weight", d_ff, d_model);
    AddMatrix(prefix + "ffn_up.weight", d_ff, d_model);
    AddMatrix(prefix + "ffn_down.weight", d_model, d_ff);
  }

  void AddMatrix(const std::string& name, int64_t n_out, int64_t n_in) {
    const DType dtype = WeightTypeFor(options_.dtype, n_in);
    // Every tensor has a stream of its own, so that a file does not depend on the order of writing.
    const uint64_t seed = options_.seed * 1000003 + ++n_tensors_;
    writer_.AddTensor({name, dtype, {n_out, n_in}, nullptr, {}},
                      [this, dtype, n_out, n_in, seed](const GgufSink& sink) {
                        Random random(seed);
                        const PiecePool& pool = PoolFor(dtype, n_in);
                        const int64_t row_bytes = static_cast<int64_t>(RowBytes(dtype, n_in));
                        const int64_t chunk_rows = std::max<int64_t>(1, kChunkBytes / row_bytes);
                        std::vector<std::byte> rows;
                        for (int64_t r = 0; r < n_out; r += chunk_rows) {
                          rows.resize(std::min(chunk_rows, n_out - r) * row_bytes);
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

  void AddFloats(const std::string& name, std::vector<float> values) {
    const auto n = static_cast<int64_t>(values.size());
    writer_.AddTensor({name, DType::kF32, {n}, nullptr, {}},
                      [values = std::move(values)](const GgufSink& sink) {
                        sink(values.data(), values.size() * sizeof(float));
                      });
  }
  void AddOnes(const std::string& name, int64_t n) {
    AddFloats(name, std::vector<float>(static_cast<size_t>(n), 1.0f));
  }
  void AddVector(const std::string& name, int64_t n) {
    Random random(options_.seed * 1000003 + ++n_tensors_);
    std::vector<float> values(static_cast<size_t>(n));
    FillRandom(random, values.data(), n, n);
    AddFloats(name, std::move(values));
  }

  const RandomModelOptions& options_;
  const int head_dim_;
  GgufWriter writer_;
  uint64_t n_tensors_ = 0;
  std::map<std::pair<DType, int64_t>, std::unique_ptr<PiecePool>> pools_;
};

void CheckOptions(const RandomModelOptions& o) {
  const auto refuse = [](const char* why) {
    Fail(ErrorCode::kInvalidArgument, "a random model cannot be made: {}", why);
  };
  if (o.n_layers < 1 || o.d_model < 1 || o.n_heads < 1 || o.d_ff < 1 || o.context_length < 1) {
    refuse("all sizes must be positive");
  }
  if (o.n_kv_heads < 1 || o.n_heads % o.n_kv_heads != 0) {
    refuse("n_kv_heads must divide n_heads");
  }
  if (o.head_dim == 0 && o.d_model % o.n_heads != 0) refuse("n_heads must divide d_model");
  if ((o.head_dim > 0 ? o.head_dim : o.d_model / o.n_heads) % 2 != 0) {
    refuse("head_dim must be even");
  }
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
