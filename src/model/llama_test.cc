// Why: a trained model must say word for word what it says elsewhere, and say the same however the
// scheduler cuts the work into steps.
#include "model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/random.h"
#include "model/test_files.h"
#include "model/test_models.h"

namespace pioneer {
namespace {

using ::testing::HasSubstr;

// What stories260K says after BOS, greedily, kStoryTokens tokens.
constexpr int kStoryTokens = 200;
constexpr char kStory[] =
    "Once upon a time, there was a little girl named Lily. She loved to play outside in the park. "
    "One day, she saw a big, red ball. She wanted to play with it, but it was too high.\n"
    "Lily's mom said, \"Lily, let's go to the park.\" Lily was sad and didn't know what to do. She "
    "said, \"I want to play with your ball, but I can't find it.\"\n"
    "Lily was sad and didn't know what to do. She said, \"I'm sorry, Lily. I didn't know what to "
    "do.\"\n"
    "Lily didn't want to help her mom, so she";

class StoriesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const fs::path path = SharedData("models/stories260K.gguf");
    if (!fs::exists(path)) GTEST_SKIP() << "no ../shared/data";
    runner_ = std::make_unique<ModelRunner>(path);
    bos_ = runner_->model().tokenizer().vocabulary().bos_id;
  }

  std::unique_ptr<ModelRunner> runner_;
  int32_t bos_ = -1;
};

TEST_F(StoriesTest, TellsTheStoryWordForWord) {
  const std::vector<int32_t> story = runner_->Greedy({bos_}, kStoryTokens, 1);
  EXPECT_EQ(runner_->model().tokenizer().Decode(story), kStory);
}

TEST_F(StoriesTest, PromptInOneStepGivesTheSameTokens) {
  const std::vector<int32_t> story = runner_->Greedy({bos_}, 180, 1);
  std::vector<int32_t> prompt = {bos_};
  prompt.insert(prompt.end(), story.begin(), story.begin() + 100);
  for (const int chunk : {1, 7, 32, 1000}) {
    EXPECT_EQ(runner_->Greedy(prompt, 80, chunk),
              std::vector<int32_t>(story.begin() + 100, story.end()))
        << "prompt in steps of " << chunk;
  }
}

TEST_F(StoriesTest, EveryRowOfABatchPredictsItsNextToken) {
  const std::vector<int32_t> story = runner_->Greedy({bos_}, 180, 1);
  std::vector<int32_t> prompt = {bos_};
  prompt.insert(prompt.end(), story.begin(), story.end() - 1);
  KvSequence kv(runner_->pages());
  runner_->Step({{&kv, 0, prompt, true}});
  for (size_t i = 0; i < story.size(); ++i) {
    ASSERT_EQ(runner_->Likeliest(static_cast<int64_t>(i)), story[i]) << "row " << i;
  }
}

TEST_F(StoriesTest, SequencesTogetherGiveTheSameTokens) {
  const std::vector<int32_t> story = runner_->Greedy({bos_}, 120, 1);
  std::vector<int32_t> prompt = {bos_};
  prompt.insert(prompt.end(), story.begin(), story.end());
  // Three readers of one story, at different places and speeds, with different prompts first.
  KvSequence a(runner_->pages()), b(runner_->pages()), c(runner_->pages());
  const auto part = [&](KvSequence& kv, int from, int to) {
    return ModelRunner::Part{&kv, from, {prompt.begin() + from, prompt.begin() + to}, true};
  };
  const auto expect_rows = [&](int64_t row, int from, int to) {
    for (int i = from; i < to; ++i, ++row) ASSERT_EQ(runner_->Likeliest(row), story[i]) << i;
  };
  runner_->Step({part(a, 0, 50), part(b, 0, 1)});
  expect_rows(0, 0, 50);
  expect_rows(50, 0, 1);
  runner_->Step({part(b, 1, 40), part(a, 50, 51), part(c, 0, 33)});
  expect_rows(0, 1, 40);
  expect_rows(39, 50, 51);
  expect_rows(40, 0, 33);
  for (int i = 0; i < 60; ++i) {
    runner_->Step({part(a, 51 + i, 52 + i), part(b, 40 + i, 41 + i), part(c, 33 + i, 34 + i)});
    expect_rows(0, 51 + i, 52 + i);
    expect_rows(1, 40 + i, 41 + i);
    expect_rows(2, 33 + i, 34 + i);
  }
}

TEST_F(StoriesTest, KnowsItsConfig) {
  const ModelConfig& config = runner_->model().config();
  EXPECT_EQ(config.architecture, "llama");
  EXPECT_EQ(config.name, "stories260K");
  EXPECT_EQ(config.n_layers, 5);
  EXPECT_EQ(config.head_dim, 8);
  EXPECT_EQ(config.n_kv_heads, 4);
  EXPECT_EQ(config.vocab_size, 512);
  EXPECT_EQ(config.quantization, "F32");
  EXPECT_EQ(config.n_parameters, 260032);
  EXPECT_EQ(runner_->model().chat_template(), "");
}

// --- random models: what no trained one is at hand for

RandomModelOptions SmallModel() {
  RandomModelOptions options;
  options.vocabulary = MakeByteVocabulary(300);
  options.context_length = 2048;
  return options;
}

std::vector<int32_t> RandomTokens(int n, int vocab_size) {
  Random random(7);
  std::vector<int32_t> tokens(n);
  for (int32_t& token : tokens) token = static_cast<int32_t>(random.Below(vocab_size));
  return tokens;
}

double LargestDifference(const Matrix& a, const std::vector<float>& b) {
  double largest = 0;
  for (size_t i = 0; i < b.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(a.data()[i]) - b[i]));
  }
  return largest;
}

std::vector<float> LastLogits(ModelRunner& runner, const std::vector<int32_t>& tokens) {
  KvSequence kv(runner.pages());
  const Matrix& logits = runner.Step({{&kv, 0, tokens}});
  return {logits.data(), logits.data() + logits.cols()};
}

TEST(LlamaTest, StepsLargerThanTheActivationsGiveTheSameLogits) {
  const TemporaryFolder folder;
  WriteRandomModel(folder / "m.gguf", SmallModel());
  ModelRunner runner(folder / "m.gguf");
  const std::vector<int32_t> tokens = RandomTokens(1300, 300);
  const std::vector<float> whole = LastLogits(runner, tokens);
  KvSequence kv(runner.pages());
  const int cuts[] = {0, 1, 512, 513, 900, 1300};
  for (int i = 0; i + 1 < 6; ++i) {
    runner.Step({{&kv, cuts[i], {tokens.begin() + cuts[i], tokens.begin() + cuts[i + 1]}}});
  }
  KvSequence again(runner.pages());
  runner.Step({{&again, 0, {tokens.begin(), tokens.end() - 1}, true}});
  EXPECT_LT(LargestDifference(runner.Step({{&again, 1299, {tokens.back()}}}), whole), 1e-4);
}

TEST(LlamaTest, OutputRowsFromManySequencesLandInTheirOrder) {
  const TemporaryFolder folder;
  WriteRandomModel(folder / "m.gguf", SmallModel());
  ModelRunner runner(folder / "m.gguf");
  const std::vector<int32_t> tokens = RandomTokens(400, 300);
  const std::vector<float> alone = LastLogits(runner, tokens);
  KvSequence a(runner.pages()), b(runner.pages()), c(runner.pages());
  // b lies across the border between two slices of 512 rows.
  const std::vector<int32_t> other(tokens.rbegin(), tokens.rend());
  const Matrix& logits = runner.Step({{&a, 0, other}, {&b, 0, tokens}, {&c, 0, other}});
  ASSERT_EQ(logits.rows(), 3);
  double difference = 0;
  for (size_t i = 0; i < alone.size(); ++i) {
    difference = std::max<double>(difference, std::abs(logits.row(1)[i] - alone[i]));
  }
  EXPECT_LT(difference, 1e-4);
  EXPECT_EQ(std::memcmp(logits.row(0), logits.row(2), sizeof(float) * alone.size()), 0);
}

TEST(LlamaTest, RunsEveryWeightType) {
  const TemporaryFolder folder;
  for (const char* name : {"F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_K", "Q5_K", "Q6_K"}) {
    RandomModelOptions options = SmallModel();
    options.d_model = 256;
    options.d_ff = 512;
    options.dtype = *ParseDType(name);
    options.tied_output = false;
    WriteRandomModel(folder / "m.gguf", options);
    ModelRunner runner(folder / "m.gguf");
    EXPECT_EQ(runner.model().config().quantization, name);
    for (const float logit : LastLogits(runner, {1, 2, 3})) {
      ASSERT_TRUE(std::isfinite(logit)) << name;
    }
  }
}

// Reads a file whole, so that its tensors and keys can be changed and written again.
struct Draft {
  explicit Draft(const fs::path& path) : file(GgufFile::Open(path)), tensors(file->tensors()) {
    for (const std::string& key : file->keys()) writer.CopyValue(*file, key);
  }
  Tensor& Find(const std::string& name) {
    return *std::find_if(tensors.begin(), tensors.end(),
                         [&](const Tensor& tensor) { return tensor.name == name; });
  }
  void Write(const fs::path& path) {
    for (const Tensor& tensor : tensors) writer.AddTensor(tensor);
    writer.Finish(path);
  }

  std::shared_ptr<const GgufFile> file;
  GgufWriter writer;
  std::vector<Tensor> tensors;
};

std::string LoadError(const fs::path& path, ErrorCode code = ErrorCode::kCorruptFile) {
  try {
    LoadModel(path);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  return "accepted";
}

// Rotating halves with rows put in another order is rotating pairs: row 2i of a head in the one
// layout is row i in the other, row 2i + 1 is row i + head_dim / 2.
TEST(LlamaTest, Qwen2IsLlamaInAnotherLayout) {
  const TemporaryFolder folder;
  RandomModelOptions options = SmallModel();
  options.architecture = "qwen2";
  WriteRandomModel(folder / "qwen2.gguf", options);

  Draft draft(folder / "qwen2.gguf");
  for (const std::string& key : draft.file->keys()) {
    if (!key.starts_with("qwen2.")) continue;
    draft.writer.SetValue("llama." + key.substr(6), draft.file->metadata().at(key));
  }
  draft.writer.SetString("general.architecture", "llama");
  constexpr int kHeadDim = 16;
  for (Tensor& tensor : draft.tensors) {
    if (tensor.name.find("attn_q.") == std::string::npos &&
        tensor.name.find("attn_k.") == std::string::npos) {
      continue;
    }
    const size_t row_bytes = tensor.bytes() / static_cast<size_t>(tensor.shape[0]);
    auto moved = std::make_shared<std::vector<std::byte>>(tensor.bytes());
    for (int64_t r = 0; r < tensor.shape[0]; ++r) {
      const int64_t head = r / kHeadDim, i = r % kHeadDim;
      const int64_t from = head * kHeadDim + (i % 2 == 0 ? i / 2 : i / 2 + kHeadDim / 2);
      std::memcpy(moved->data() + r * row_bytes, tensor.data + from * row_bytes, row_bytes);
    }
    tensor.data = moved->data();
    tensor.owner = moved;
  }
  draft.Write(folder / "llama.gguf");

  ModelRunner qwen2(folder / "qwen2.gguf"), llama(folder / "llama.gguf");
  const std::vector<int32_t> tokens = RandomTokens(70, 300);
  KvSequence kv(llama.pages());
  EXPECT_LT(LargestDifference(llama.Step({{&kv, 0, tokens}}), LastLogits(qwen2, tokens)), 1e-4);
}

// A linear factor f at position f * p turns as far as none at p.
TEST(LlamaTest, LinearRopeScalingDividesPositions) {
  const TemporaryFolder folder;
  WriteRandomModel(folder / "plain.gguf", SmallModel());
  for (const bool by_tensor : {false, true}) {
    Draft draft(folder / "plain.gguf");
    const std::vector<float> factors(8, 2.0f);
    if (by_tensor) {
      draft.tensors.push_back({"rope_freqs.weight",
                               DType::kF32,
                               {8},
                               reinterpret_cast<const std::byte*>(factors.data()),
                               {}});
    } else {
      draft.writer.SetString("llama.rope.scaling.type", "linear");
      draft.writer.SetF32("llama.rope.scaling.factor", 2.0f);
    }
    draft.Write(folder / "scaled.gguf");
    ModelRunner plain(folder / "plain.gguf"), scaled(folder / "scaled.gguf");
    KvSequence plain_kv(plain.pages()), scaled_kv(scaled.pages());
    ASSERT_TRUE(plain_kv.Reserve(64));
    ASSERT_TRUE(scaled_kv.Reserve(64));
    // Two tokens at positions 0, 1; in the scaled model they are told to be at 0, 2.
    const std::vector<int32_t> tokens = {5, 9};
    const std::vector<float> expected = LastLogits(plain, tokens);
    StepBatch batch{tokens, {0, 2}, {{&scaled_kv, 0, 2, 0}}, {1}};
    Matrix logits;
    scaled.model().Forward(scaled.threads(), batch, logits);
    EXPECT_LT(LargestDifference(logits, expected), 1e-4) << by_tensor;
    batch.positions = {0, 1};
    scaled.model().Forward(scaled.threads(), batch, logits);
    EXPECT_GT(LargestDifference(logits, expected), 1e-4) << "positions have no effect";
  }
}

TEST(LlamaTest, RefusesWrongTensors) {
  const TemporaryFolder folder;
  WriteRandomModel(folder / "good.gguf", SmallModel());
  const auto with = [&](const std::string& name, std::vector<int64_t> shape) {
    Draft draft(folder / "good.gguf");
    draft.Find(name).shape = std::move(shape);
    draft.Write(folder / "bad.gguf");
    return LoadError(folder / "bad.gguf");
  };
  EXPECT_THAT(with("blk.1.attn_k.weight", {31, 64}),
              HasSubstr("tensor \"blk.1.attn_k.weight\" should be [32, 64] but is [31, 64]"));
  EXPECT_THAT(with("blk.0.ffn_down.weight", {128, 64}), HasSubstr("blk.0.ffn_down.weight"));
  EXPECT_THAT(with("blk.0.attn_norm.weight", {1, 64}), HasSubstr("blk.0.attn_norm.weight"));
  EXPECT_THAT(with("token_embd.weight", {299, 64}), HasSubstr("token_embd.weight"));
  Draft draft(folder / "good.gguf");
  draft.Find("blk.1.ffn_up.weight").name = "elsewhere";
  draft.Write(folder / "bad.gguf");
  EXPECT_THAT(LoadError(folder / "bad.gguf"), HasSubstr("\"blk.1.ffn_up.weight\" is missing"));
}

TEST(LlamaTest, RefusesLyingConfigs) {
  const TemporaryFolder folder;
  WriteRandomModel(folder / "good.gguf", SmallModel());
  const auto with = [&](const std::string& key, const GgufValue& value,
                        ErrorCode code = ErrorCode::kCorruptFile) {
    Draft draft(folder / "good.gguf");
    draft.writer.SetValue(key, value);
    draft.Write(folder / "bad.gguf");
    EXPECT_THAT(LoadError(folder / "bad.gguf", code), ::testing::Not(HasSubstr("accepted")))
        << key << " of kind " << value.index();
  };
  for (const char* key :
       {"llama.block_count", "llama.embedding_length", "llama.attention.head_count",
        "llama.attention.head_count_kv", "llama.attention.key_length", "llama.feed_forward_length",
        "llama.context_length", "llama.rope.dimension_count"}) {
    for (const uint64_t value : {uint64_t{0}, uint64_t{3}, uint64_t{1} << 31, uint64_t{1} << 63}) {
      if (std::string(key) == "llama.context_length" && value == 3) continue;  // small but true
      with(key, value);
    }
    with(key, int64_t{-1});
    with(key, std::string("many"));
  }
  with("llama.rope.freq_base", -1.0);
  with("llama.rope.freq_base", std::nan(""));
  with("llama.attention.layer_norm_rms_epsilon", 2.0);
  with("llama.rope.scaling.type", std::string("spiral"), ErrorCode::kUnsupported);
  with("llama.attention.value_length", uint64_t{32});
  with("llama.attention.value_length", uint64_t{1} << 20);
  with("llama.expert_count", uint64_t{8});
  with("tokenizer.ggml.bos_token_id", uint64_t{300});
  with("tokenizer.ggml.tokens", std::vector<std::string>{"only one"});
}

TEST(LlamaTest, ListsTheArchitecturesThatItKnows) {
  const TemporaryFolder folder;
  WriteRandomModel(folder / "good.gguf", SmallModel());
  Draft draft(folder / "good.gguf");
  draft.writer.SetString("general.architecture", "clippy");
  draft.Write(folder / "bad.gguf");
  const std::string message = LoadError(folder / "bad.gguf", ErrorCode::kUnsupported);
  EXPECT_THAT(message, HasSubstr("\"clippy\""));
  EXPECT_THAT(message, HasSubstr("gemma3, gemma4, gpt-oss"));
}

// A file that loads must also run: changed bytes in the header of a whole model.
TEST(LlamaTest, SurvivesChangesOfItsHeader) {
  const TemporaryFolder folder;
  RandomModelOptions options = SmallModel();
  options.vocabulary = MakeByteVocabulary(258);
  options.n_layers = 1;
  options.d_model = 32;
  options.d_ff = 32;
  WriteRandomModel(folder / "good.gguf", options);
  const std::string good = ReadFile(folder / "good.gguf");
  const size_t header = good.find("blk.0.ffn_down.weight");
  ASSERT_NE(header, std::string::npos);
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    std::string bad = good;
    bad[random.Below(header)] ^= static_cast<char>(1 << random.Below(8));
    WriteFileAtomically(folder / "bad.gguf", bad);
    try {
      ModelRunner runner(folder / "bad.gguf", 1);
      LastLogits(runner, {1, 2, 3});
    } catch (const Error&) {
    }
  }
}

}  // namespace
}  // namespace pioneer
