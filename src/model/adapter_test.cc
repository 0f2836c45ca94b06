#include "model/adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>

#include "base/error.h"
#include "model/gguf.h"
#include "model/test_architectures.h"
#include "model/test_files.h"
#include "tensor/quantize.h"

namespace pioneer {
namespace {

using ::testing::HasSubstr;
using Floats = std::vector<float>;

constexpr int64_t kRank = 3;

Tensor OwnedTensor(const std::string& name, const std::vector<int64_t>& shape, Floats values) {
  auto owned = std::make_shared<Floats>(std::move(values));
  return {name, DType::kF32, shape, reinterpret_cast<const std::byte*>(owned->data()), owned};
}

int64_t Size(const std::vector<int64_t>& shape) {
  int64_t n = 1;
  for (const int64_t size : shape) n *= size;
  return n;
}

// The halves of one tensor's change, with numbers that are as large as weights are.
struct RandomChange {
  int64_t n_matrices = 1, n_out = 0, n_in = 0;
  Tensor a, b;

  // (B A)[row of all matrices][column].
  float Product(int64_t row, int64_t column) const {
    const auto* a_values = reinterpret_cast<const float*>(a.data);
    const auto* b_values = reinterpret_cast<const float*>(b.data);
    double sum = 0;
    for (int64_t r = 0; r < kRank; ++r) {
      const int64_t a_row = row / n_out * kRank + r;
      sum += double{b_values[row * kRank + r]} * a_values[a_row * n_in + column];
    }
    return static_cast<float>(sum);
  }
};

using RandomChanges = std::map<std::string, RandomChange>;

RandomChange MakeChange(const AdapterSite& site, std::mt19937& random) {
  std::uniform_real_distribution<float> uniform(-1, 1);
  const auto tensor = [&](std::vector<int64_t> shape, float size) {
    if (site.n_matrices > 1) shape.insert(shape.begin(), site.n_matrices);
    Floats values(static_cast<size_t>(Size(shape)));
    for (float& value : values) value = size * uniform(random);
    return OwnedTensor("", shape, std::move(values));
  };
  const float size = 1.0f / std::sqrt(static_cast<float>(site.n_in));
  return {site.n_matrices, site.n_rows, site.n_in, tensor({kRank, site.n_in}, size),
          tensor({site.n_rows, kRank}, 0.3f)};
}

// A change of every matrix of the model, but of routers: there the least difference in rounding may
// choose another expert.
RandomChanges ChangeAll(const Model& model) {
  RandomChanges changes;
  std::mt19937 random(7);
  for (const AdapterSite& site : model.adapter_sites()) {
    if (site.tensor.find("ffn_gate_inp") != std::string::npos) continue;
    if (!changes.contains(site.tensor)) changes[site.tensor] = MakeChange(site, random);
  }
  return changes;
}

void WriteAdapter(const fs::path& path, const std::string& architecture,
                  const RandomChanges& changes, float alpha) {
  GgufWriter writer;
  writer.SetString("general.type", "adapter");
  writer.SetString("general.architecture", architecture);
  writer.SetString("adapter.type", "lora");
  writer.SetF32("adapter.lora.alpha", alpha);
  for (const auto& [name, change] : changes) {
    Tensor a = change.a, b = change.b;
    a.name = name + ".lora_a";
    b.name = name + ".lora_b";
    writer.AddTensor(a);
    writer.AddTensor(b);
  }
  writer.Finish(path);
}

// The model's file with the changes added to its matrices.
void WriteMerged(const fs::path& model, const fs::path& path, const RandomChanges& changes,
                 float scale) {
  const auto file = GgufFile::Open(model);
  GgufWriter writer;
  for (const std::string& key : file->keys()) writer.CopyValue(*file, key);
  for (const Tensor& tensor : file->tensors()) {
    const auto change = changes.find(tensor.name);
    if (change == changes.end()) {
      writer.AddTensor(tensor);
      continue;
    }
    Floats values(static_cast<size_t>(tensor.rows() * tensor.cols()));
    for (int64_t row = 0; row < tensor.rows(); ++row) {
      float* const to = values.data() + row * tensor.cols();
      DequantizeRow(tensor.dtype, tensor.row(row), to, tensor.cols());
      for (int64_t i = 0; i < tensor.cols(); ++i) to[i] += scale * change->second.Product(row, i);
    }
    writer.AddTensor(OwnedTensor(tensor.name, tensor.shape, std::move(values)));
  }
  writer.Finish(path);
}

std::vector<int32_t> SomePrompt(int n) {
  std::vector<int32_t> prompt;
  for (int i = 0; i < n; ++i) prompt.push_back((i * 37 + 11) % 256);
  return prompt;
}

double Distance(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::fabs(a[i] - b[i]));
  return largest;
}

AdapterMix MixOf(const Model& model, const fs::path& path, float scale = 1.0f) {
  return {{{LoadAdapter(model, path), scale}}};
}

std::string ErrorOf(const Model& model, const fs::path& path, ErrorCode code) {
  try {
    LoadAdapter(model, path);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

class AdapterTest : public ::testing::Test {
 protected:
  static Case CaseNamed(const std::string& name) {
    for (Case& c : AllCases()) {
      if (c.name == name) return c;
    }
    throw std::runtime_error("no case " + name);
  }
  fs::path WriteModel(Case c, DType dtype = DType::kF32) {
    c.options.dtype = dtype;
    WriteRandomModel(folder_ / "model.gguf", c.options);
    return folder_ / "model.gguf";
  }

  const TemporaryFolder folder_;
};

// W x + scale B (A x) is (W + scale B A) x, for all matrices of all architectures.
TEST_F(AdapterTest, ChangesWhatAMergedModelChanges) {
  for (const Case& c : AllCases()) {
    SCOPED_TRACE(c.name);
    const fs::path path = WriteModel(c);
    Prompted model(path);
    RandomChanges changes = ChangeAll(model.model());
    // Merged, a tied output would change the embedding too.
    if (GgufFile::Open(path)->FindTensor("output.weight") == nullptr)
      changes.erase("output.weight");
    ASSERT_GE(changes.size(), 4u);
    constexpr float kAlpha = 2 * kRank, kScale = 0.5f;
    WriteAdapter(folder_ / "adapter.gguf", c.options.architecture, changes, kAlpha);
    WriteMerged(path, folder_ / "merged.gguf", changes, kAlpha / kRank * kScale);

    const std::vector<int32_t> prompt = SomePrompt(40);
    const auto plain = model.InChunks(prompt, 40);
    const AdapterMix mix = MixOf(model.model(), folder_ / "adapter.gguf", kScale);
    model.Use(&mix);
    const auto adapted = model.InChunks(prompt, 40);
    Prompted merged(folder_ / "merged.gguf");
    EXPECT_LT(Distance(adapted, merged.InChunks(prompt, 40)), 2e-5);
    EXPECT_GT(Distance(adapted, plain), 2e-4) << "the adapter must matter";
    EXPECT_EQ(adapted, model.InChunks(prompt, 7)) << "in pieces";
  }
}

TEST_F(AdapterTest, ChangesEmbeddingsToo) {
  RandomModelOptions options = RandomPreset("nomic-bert");
  options.vocabulary = MakeByteVocabulary(320);
  WriteRandomModel(folder_ / "model.gguf", options);
  const auto vector_of = [&](const fs::path& path, float scale) {
    const auto model = LoadModel(path);
    ThreadPool threads(1);
    AdapterMix mix;
    if (scale != 0) mix = MixOf(*model, folder_ / "adapter.gguf", scale);
    StepBatch batch;
    batch.tokens = SomePrompt(9);
    for (int i = 0; i < 9; ++i) batch.positions.push_back(i);
    batch.sequences.push_back({nullptr, 0, 9, 0, scale != 0 ? &mix : nullptr});
    Matrix out;
    model->EmbedTexts(threads, batch, out);
    return std::vector<double>(out.row(0), out.row(0) + out.cols());
  };
  const RandomChanges changes = [&] {
    RandomChanges all = ChangeAll(*LoadModel(folder_ / "model.gguf"));
    all.erase("output.weight");
    return all;
  }();
  WriteAdapter(folder_ / "adapter.gguf", "nomic-bert", changes, kRank);
  WriteMerged(folder_ / "model.gguf", folder_ / "merged.gguf", changes, 1.0f);
  const auto adapted = vector_of(folder_ / "model.gguf", 1.0f);
  EXPECT_LT(Distance(adapted, vector_of(folder_ / "merged.gguf", 0)), 1e-4);
  EXPECT_GT(Distance(adapted, vector_of(folder_ / "model.gguf", 0)), 1e-2);
}

TEST_F(AdapterTest, NextTokensAreLlamaCpps) {
  const fs::path goldens = fs::path(PIONEER_SOURCE_DIR) / "tests/cases/adapters";
  const Json golden = ParseJson(ReadFile(goldens / "next_tokens.json"));
  const auto prompts = golden.at("prompts").get<std::vector<std::vector<int32_t>>>();
  for (const Json& c : golden.at("cases")) {
    SCOPED_TRACE(c.at("base").get<std::string>() + c.at("adapters").dump());
    const bool exact = c.at("type") == "F32";
    Prompted model(WriteModel(CaseNamed(c.at("base")), exact ? DType::kF32 : DType::kQ8_0));
    AdapterMix mix;
    for (const Json& adapter : c.at("adapters")) {
      mix.parts.push_back({LoadAdapter(model.model(), goldens / adapter[0].get<std::string>()),
                           adapter[1].get<float>()});
    }
    model.Use(&mix);
    for (size_t i = 0; i < prompts.size(); ++i) {
      const double difference =
          LargestDifference(model.InChunks(prompts[i], 64), c.at("next_tokens")[i]);
      EXPECT_LT(difference, exact ? 1e-4 : 2e-3) << prompts[i].size() << " tokens";
    }
  }
}

// Each row has its own mix, and its numbers are those that it has alone, bit for bit.
TEST_F(AdapterTest, RowsDoNotKnowTheirNeighboursAdapters) {
  for (const char* name : {"llama", "llama-experts", "qwen3moe"}) {
    SCOPED_TRACE(name);
    const Case c = CaseNamed(name);
    ModelRunner runner(WriteModel(c), 2);
    const RandomChanges changes = ChangeAll(runner.model());
    WriteAdapter(folder_ / "adapter.gguf", c.options.architecture, changes, kRank);
    const auto adapter = LoadAdapter(runner.model(), folder_ / "adapter.gguf");
    const AdapterMix once = {{{adapter, 1.0f}}}, half = {{{adapter, 0.5f}}},
                     twice = {{{adapter, 0.25f}, {adapter, 0.25f}}};
    const std::vector<const AdapterMix*> mixes = {&once, nullptr, &half, &once, &twice};

    std::vector<Floats> alone;
    for (size_t i = 0; i < mixes.size(); ++i) {
      KvSequence kv(runner.pages());
      const Matrix& logits =
          runner.Step({{&kv, 0, SomePrompt(5 + static_cast<int>(i)), false, mixes[i]}});
      alone.emplace_back(logits.row(0), logits.row(0) + logits.cols());
    }
    std::vector<std::unique_ptr<KvSequence>> sequences;
    std::vector<ModelRunner::Part> parts;
    for (size_t i = 0; i < mixes.size(); ++i) {
      sequences.push_back(std::make_unique<KvSequence>(runner.pages()));
      parts.push_back(
          {sequences.back().get(), 0, SomePrompt(5 + static_cast<int>(i)), false, mixes[i]});
    }
    const Matrix& logits = runner.Step(parts);
    for (size_t i = 0; i < mixes.size(); ++i) {
      EXPECT_EQ(Floats(logits.row(i), logits.row(i) + logits.cols()), alone[i]) << i;
    }
  }
}

TEST_F(AdapterTest, RefusesWhatDoesNotFitAndSaysWhy) {
  Prompted model(WriteModel(CaseNamed("llama")));
  const auto write = [&](const std::function<void(GgufWriter&)>& change) {
    GgufWriter writer;
    writer.SetString("general.type", "adapter");
    writer.SetString("general.architecture", "llama");
    writer.SetString("adapter.type", "lora");
    change(writer);
    writer.Finish(folder_ / "adapter.gguf");
    return folder_ / "adapter.gguf";
  };
  const auto half = [](const std::string& name, const std::vector<int64_t>& shape) {
    return OwnedTensor(name, shape, Floats(static_cast<size_t>(Size(shape))));
  };
  const auto pair = [&](GgufWriter& writer, const std::string& name, std::vector<int64_t> a,
                        std::vector<int64_t> b) {
    writer.AddTensor(half(name + ".lora_a", a));
    writer.AddTensor(half(name + ".lora_b", b));
  };
  const auto error = [&](ErrorCode code, const std::function<void(GgufWriter&)>& change) {
    return ErrorOf(model.model(), write(change), code);
  };
  constexpr auto kUnsupported = ErrorCode::kUnsupported;

  EXPECT_THAT(error(ErrorCode::kCorruptFile, [](GgufWriter&) {}), HasSubstr("no tensors"));
  EXPECT_THAT(error(kUnsupported, [](auto& w) { w.SetString("general.type", "model"); }),
              HasSubstr("this is a model, not an adapter"));
  EXPECT_THAT(error(kUnsupported, [](auto& w) { w.SetString("general.architecture", "qwen2"); }),
              HasSubstr("is for models of type qwen2"));
  EXPECT_THAT(error(kUnsupported, [](auto& w) { w.SetString("adapter.type", "ia3"); }),
              HasSubstr("\"ia3\" are not supported"));
  EXPECT_THAT(error(kUnsupported, [&](auto& w) { w.AddTensor(half("output_norm.weight", {64})); }),
              HasSubstr("\"output_norm.weight\" is no part of a LoRA adapter"));
  EXPECT_THAT(error(ErrorCode::kCorruptFile,
                    [&](auto& w) {
                      w.AddTensor(half("blk.0.attn_q.weight.lora_a", {2, 64}));
                    }),
              HasSubstr("only one half"));
  EXPECT_THAT(error(kUnsupported,
                    [&](auto& w) {
                      pair(w, "blk.9.attn_q.weight", {2, 64}, {64, 2});
                    }),
              HasSubstr("no matrix of"));
  for (const auto& [a, b] :
       std::vector<std::pair<std::vector<int64_t>, std::vector<int64_t>>>{{{2, 32}, {64, 2}},
                                                                          {{2, 64}, {32, 2}},
                                                                          {{2, 64}, {64, 3}},
                                                                          {{64}, {64, 1}},
                                                                          {{1, 2, 64}, {64, 2}}}) {
    EXPECT_THAT(error(kUnsupported, [&](auto& w) { pair(w, "blk.0.attn_q.weight", a, b); }),
                HasSubstr("needs ["));
  }
  EXPECT_THAT(error(kUnsupported,
                    [&](auto& w) {
                      pair(w, "token_embd.weight", {2, 320}, {64, 2});
                    }),
              HasSubstr("needs ["));
}

// PEFT's folders say the same as GGUF files.
class AdapterFolderTest : public AdapterTest {
 protected:
  struct Part {
    std::string name;
    std::vector<int64_t> shape;
    std::string bytes;
  };

  // Rows of a head in the order that PEFT has them: what turns together lies half a head apart.
  static std::string HalvesOfHeads(const Tensor& b, int64_t n_heads) {
    const int64_t rows = b.shape[0], half = rows / n_heads / 2;
    const size_t row_bytes = b.bytes() / static_cast<size_t>(rows);
    std::string bytes(b.bytes(), '\0');
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t inside = row % (2 * half);
      const int64_t to = row - inside + inside % 2 * half + inside / 2;
      std::memcpy(bytes.data() + to * row_bytes, b.data + row * row_bytes, row_bytes);
    }
    return bytes;
  }

  static std::string Bytes(const Tensor& tensor) {
    return {reinterpret_cast<const char*>(tensor.data), tensor.bytes()};
  }

  void Add(const std::string& module, const RandomChange& change, int64_t n_heads = 0) {
    const std::string name = "base_model.model." + module;
    parts_.push_back({name + ".lora_A.weight", change.a.shape, Bytes(change.a)});
    parts_.push_back({name + ".lora_B.weight", change.b.shape,
                      n_heads > 0 ? HalvesOfHeads(change.b, n_heads) : Bytes(change.b)});
  }

  fs::path Write(const std::string& config) {
    Json header = Json::object();
    std::string data;
    for (const Part& part : parts_) {
      header[part.name] = {{"dtype", "F32"},
                           {"shape", part.shape},
                           {"data_offsets", {data.size(), data.size() + part.bytes.size()}}};
      data += part.bytes;
    }
    const std::string text = header.dump();
    const uint64_t n = text.size();
    const fs::path folder = folder_ / "peft";
    fs::create_directories(folder);
    WriteFileAtomically(folder / "adapter_model.safetensors",
                        std::string(reinterpret_cast<const char*>(&n), sizeof n) + text + data);
    WriteFileAtomically(folder / "adapter_config.json", config);
    return folder;
  }

  std::vector<Part> parts_;
};

TEST_F(AdapterFolderTest, ChangesWhatTheSameAdapterChangesAsGguf) {
  const Case c = CaseNamed("llama");
  Prompted model(WriteModel(c));
  RandomChanges changes = ChangeAll(model.model());
  std::erase_if(changes, [](const auto& change) { return change.first.find("blk.1.") == 0; });
  changes.erase("output.weight");
  const std::string layer = "model.layers.0.";
  Add(layer + "self_attn.q_proj", changes.at("blk.0.attn_q.weight"), c.options.n_heads);
  Add(layer + "self_attn.k_proj", changes.at("blk.0.attn_k.weight"), c.options.n_kv_heads);
  Add(layer + "self_attn.v_proj", changes.at("blk.0.attn_v.weight"));
  Add(layer + "self_attn.o_proj", changes.at("blk.0.attn_output.weight"));
  Add(layer + "mlp.gate_proj", changes.at("blk.0.ffn_gate.weight"));
  Add(layer + "mlp.up_proj", changes.at("blk.0.ffn_up.weight"));
  Add(layer + "mlp.down_proj", changes.at("blk.0.ffn_down.weight"));
  ASSERT_EQ(parts_.size(), 2 * changes.size());
  WriteAdapter(folder_ / "adapter.gguf", "llama", changes, 6);
  const fs::path folder = Write(R"({"peft_type": "LORA", "r": 3, "lora_alpha": 6})");

  const std::vector<int32_t> prompt = SomePrompt(30);
  const AdapterMix from_gguf = MixOf(model.model(), folder_ / "adapter.gguf");
  model.Use(&from_gguf);
  const auto expected = model.InChunks(prompt, 30);
  for (const fs::path& path : {folder, folder / "adapter_model.safetensors"}) {
    const AdapterMix from_folder = MixOf(model.model(), path);
    model.Use(&from_folder);
    EXPECT_EQ(model.InChunks(prompt, 30), expected) << path;
  }

  // alpha / sqrt(rank) = 2, too; and a pattern for one module alone.
  Write(R"({"peft_type": "LORA", "r": 3, "lora_alpha": 3.4641016151377544, "use_rslora": true})");
  const AdapterMix stable = MixOf(model.model(), folder);
  model.Use(&stable);
  EXPECT_LT(Distance(model.InChunks(prompt, 30), expected), 1e-6);
  Write(R"({"peft_type": "LORA", "r": 3, "lora_alpha": 6, "alpha_pattern": {"down_proj": 12}})");
  const AdapterMix other = MixOf(model.model(), folder);
  model.Use(&other);
  EXPECT_GT(Distance(model.InChunks(prompt, 30), expected), 1e-5);
}

TEST_F(AdapterFolderTest, RefusesWhatItCannotHonour) {
  Prompted model(WriteModel(CaseNamed("llama")));
  const RandomChanges changes = ChangeAll(model.model());
  const RandomChange& q = changes.at("blk.0.attn_q.weight");
  Add("model.layers.0.self_attn.q_proj", q, 4);
  const auto error = [&](const std::string& config, ErrorCode code = ErrorCode::kUnsupported) {
    return ErrorOf(model.model(), Write(config), code);
  };
  const std::string usual = R"({"peft_type": "LORA", "r": 3, "lora_alpha": 6)";
  EXPECT_THAT(error(R"({"peft_type": "IA3"})"), HasSubstr("\"IA3\" are not supported"));
  EXPECT_THAT(error(usual + R"(, "use_dora": true})"), HasSubstr("use_dora"));
  EXPECT_THAT(error(R"({"peft_type": "LORA", "r": 3})", ErrorCode::kCorruptFile),
              HasSubstr("\"lora_alpha\" is missing"));
  EXPECT_THAT(error(R"({"peft_type": "LORA", "r": 0, "lora_alpha": 6})", ErrorCode::kCorruptFile),
              HasSubstr("make no sense"));
  EXPECT_THAT(error(usual + R"(, "rank_pattern": {"^model.*": 4}})"), HasSubstr("uses a pattern"));
  parts_.pop_back();
  EXPECT_THAT(error(usual + "}", ErrorCode::kCorruptFile), HasSubstr("only one half"));
  parts_[0].name = "base_model.model.model.layers.0.mlp.router.lora_A.weight";
  EXPECT_THAT(error(usual + "}"), HasSubstr("no part of llama models"));
  parts_[0].name = "base_model.model.lm_head.weight";
  EXPECT_THAT(error(usual + "}"), HasSubstr("trained whole are not supported"));
}

}  // namespace
}  // namespace pioneer
