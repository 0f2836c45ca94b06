// Why: a quantized file is what people run; it must be the same model in fewer bits.
#include "model/quantize_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "model/gguf.h"
#include "model/random_model.h"
#include "model/test_files.h"
#include "model/test_models.h"
#include "tensor/quantize.h"

namespace pioneer {
namespace {

using ::testing::HasSubstr;

std::vector<float> Floats(const Tensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.rows() * tensor.cols()));
  for (int64_t r = 0; r < tensor.rows(); ++r) {
    DequantizeRow(tensor.dtype, tensor.row(r), values.data() + r * tensor.cols(), tensor.cols());
  }
  return values;
}

// Root of the mean squared difference over that of the values.
double RelativeError(const std::vector<float>& values, const std::vector<float>& copy) {
  double error = 0, size = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    error += std::pow(values[i] - copy[i], 2);
    size += std::pow(values[i], 2);
  }
  return std::sqrt(error / size);
}

QuantizePlan Pure(DType dtype) {
  for (const QuantizePreset& preset : QuantizePresets()) {
    if (preset.dtype == dtype) return {preset, true};
  }
  throw std::logic_error("no preset");
}

QuantizePlan Preset(const char* name) { return {FindQuantizePreset(name).value()}; }

class QuantizeFileTest : public ::testing::Test {
 protected:
  void WriteModel(DType dtype, int d_ff = 512) {
    RandomModelOptions options;
    options.vocabulary = MakeByteVocabulary(300);
    options.d_model = 256;
    options.d_ff = d_ff;
    options.dtype = dtype;
    WriteRandomModel(in_, options);
  }

  TemporaryFolder folder_;
  const fs::path in_ = folder_ / "in.gguf", out_ = folder_ / "out.gguf";
  ThreadPool pool_{2};
};

TEST_F(QuantizeFileTest, WritesEveryType) {
  WriteModel(DType::kF32);
  const auto in = GgufFile::Open(in_);
  const std::pair<DType, double> kBounds[] = {
      {DType::kF32, 0},       {DType::kF16, 1e-3},     {DType::kBF16, 1e-2},
      {DType::kQ8_0, 1e-2},   {DType::kQ6_K, 3e-2},    {DType::kQ5_K, 6e-2},
      {DType::kQ5_1, 6e-2},   {DType::kQ5_0, 6e-2},    {DType::kQ4_K, 1e-1},
      {DType::kQ4_1, 1e-1},   {DType::kQ4_0, 1.3e-1},  {DType::kIQ4_NL, 1e-1},
      {DType::kIQ4_XS, 1e-1}, {DType::kMXFP4, 1.4e-1}, {DType::kQ3_K, 1.8e-1},
      {DType::kQ2_K, 3e-1}};
  for (const auto& [dtype, bound] : kBounds) {
    const QuantizeResult result = QuantizeFile(in_, out_, Pure(dtype), pool_);
    const auto out = GgufFile::Open(out_);
    EXPECT_TRUE(result.fallbacks.empty());
    EXPECT_EQ(result.bytes_out, static_cast<int64_t>(fs::file_size(out_)));
    EXPECT_EQ(out->Int("general.file_type"), FileTypeOf(dtype));
    EXPECT_EQ(out->Int("general.quantization_version"), 2);
    EXPECT_EQ(*out->Strings("tokenizer.ggml.tokens"), *in->Strings("tokenizer.ggml.tokens"));
    ASSERT_EQ(out->tensors().size(), in->tensors().size());
    for (const Tensor& tensor : out->tensors()) {
      EXPECT_EQ(tensor.dtype, tensor.shape.size() == 1 ? DType::kF32 : dtype) << tensor.name;
      EXPECT_LE(RelativeError(Floats(*in->FindTensor(tensor.name)), Floats(tensor)), bound)
          << tensor.name << " " << InfoOf(dtype).name;
    }
  }
}

TEST_F(QuantizeFileTest, SaysWhereTheTypeDoesNotFit) {
  WriteModel(DType::kF32, 96);
  QuantizeResult result = QuantizeFile(in_, out_, Pure(DType::kQ4_K), pool_);
  ASSERT_EQ(result.fallbacks.size(), 2u);  // ffn_down of two layers has rows of 96
  EXPECT_THAT(result.fallbacks[0], HasSubstr("blk.0.ffn_down.weight"));
  EXPECT_EQ(GgufFile::Open(out_)->FindTensor("blk.0.ffn_down.weight")->dtype, DType::kQ5_0);
  WriteModel(DType::kF32, 90);
  result = QuantizeFile(in_, out_, Pure(DType::kQ8_0), pool_);
  EXPECT_EQ(GgufFile::Open(out_)->FindTensor("blk.1.ffn_down.weight")->dtype, DType::kF16);
}

TEST_F(QuantizeFileTest, FallsBackToSmallBlocks) {
  EXPECT_EQ(WeightTypeFor(DType::kQ4_K, 512), DType::kQ4_K);
  EXPECT_EQ(WeightTypeFor(DType::kQ2_K, 96), DType::kQ4_0);
  EXPECT_EQ(WeightTypeFor(DType::kIQ4_XS, 96), DType::kIQ4_NL);
  EXPECT_EQ(WeightTypeFor(DType::kQ5_K, 96), DType::kQ5_1);
  EXPECT_EQ(WeightTypeFor(DType::kQ6_K, 96), DType::kQ8_0);
  EXPECT_EQ(WeightTypeFor(DType::kQ6_K, 90), DType::kF16);
  EXPECT_EQ(WeightTypeFor(DType::kMXFP4, 90), DType::kF16);
}

TEST_F(QuantizeFileTest, MixesAsTheNameSays) {
  WriteModel(DType::kF32);
  const auto types = [&](const char* preset) {
    QuantizeFile(in_, out_, Preset(preset), pool_);
    const auto out = GgufFile::Open(out_);
    std::string all;
    for (const char* name : {"blk.0.attn_q", "blk.0.attn_v", "blk.1.attn_v", "blk.0.attn_output",
                             "blk.0.ffn_up", "blk.1.ffn_down"}) {
      all += InfoOf(out->FindTensor(std::string(name) + ".weight")->dtype).name;
      all += ' ';
    }
    const Tensor* output = out->FindTensor("output.weight");
    if (output == nullptr) output = out->FindTensor("token_embd.weight");
    return all + std::string(InfoOf(output->dtype).name);
  };
  // Two layers: an eighth of them is none, seven eighths is the first.
  EXPECT_EQ(types("Q4_K_M"), "Q4_K Q4_K Q6_K Q4_K Q4_K Q6_K Q6_K");
  EXPECT_EQ(types("q4_k"), "Q4_K Q4_K Q6_K Q4_K Q4_K Q6_K Q6_K");
  EXPECT_EQ(types("Q4_K_S"), "Q4_K Q5_K Q5_K Q4_K Q4_K Q4_K Q6_K");
  EXPECT_EQ(types("Q3_K_M"), "Q3_K Q5_K Q5_K Q4_K Q3_K Q4_K Q6_K");
  EXPECT_EQ(types("Q3_K_L"), "Q3_K Q5_K Q5_K Q5_K Q3_K Q5_K Q6_K");
  EXPECT_EQ(types("Q6_K"), "Q6_K Q6_K Q6_K Q6_K Q6_K Q6_K Q6_K");
  EXPECT_EQ(types("Q8_0"), "Q8_0 Q8_0 Q8_0 Q8_0 Q8_0 Q8_0 Q8_0");
  EXPECT_EQ(types("F16"), "F16 F16 F16 F16 F16 F16 F16");
  EXPECT_EQ(FindQuantizePreset("Q9_K"), std::nullopt);
}

TEST_F(QuantizeFileTest, ConvertsBetweenQuantizedTypes) {
  WriteModel(DType::kQ8_0);
  QuantizeFile(in_, out_, Pure(DType::kF16), pool_);
  const auto in = GgufFile::Open(in_), out = GgufFile::Open(out_);
  const char* name = "blk.1.attn_q.weight";
  EXPECT_LT(RelativeError(Floats(*in->FindTensor(name)), Floats(*out->FindTensor(name))), 1e-3);
}

TEST_F(QuantizeFileTest, TheSameTypeIsTheSameBytes) {
  WriteModel(DType::kQ4_K);
  const QuantizeResult result = QuantizeFile(in_, out_, Pure(DType::kQ4_K), pool_);
  EXPECT_EQ(result.n_converted, 0);
  EXPECT_EQ(ReadFile(in_), ReadFile(out_));
}

TEST_F(QuantizeFileTest, ShowsProgressAndCanBeCancelled) {
  WriteModel(DType::kF32);
  int64_t last = 0, total = 0;
  QuantizeFile(in_, out_, Pure(DType::kQ8_0), pool_, [&](const QuantizeProgress& progress) {
    EXPECT_GT(progress.bytes_done, last);
    last = progress.bytes_done;
    total = progress.bytes_total;
  });
  EXPECT_EQ(last, total);
  fs::remove(out_);
  CancelToken cancel;
  EXPECT_THROW(QuantizeFile(
                   in_, out_, Pure(DType::kQ8_0), pool_,
                   [&](const QuantizeProgress&) { cancel.Cancel(); }, cancel),
               Error);
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(QuantizeFileTest, RefusesToReplaceItsSource) {
  WriteModel(DType::kF32);
  EXPECT_THROW(QuantizeFile(in_, in_, Pure(DType::kQ8_0), pool_), Error);
  EXPECT_THROW(QuantizeFile(folder_ / "none.gguf", out_, Pure(DType::kQ8_0), pool_), Error);
}

TEST_F(QuantizeFileTest, RefusesWeightsThatAreNoNumbers) {
  std::vector<float> values(64, 1.0f);
  values[40] = std::numeric_limits<float>::quiet_NaN();
  GgufWriter writer;
  writer.AddTensor(
      {"broken.weight", DType::kF32, {2, 32}, reinterpret_cast<std::byte*>(values.data()), {}});
  writer.Finish(in_);
  try {
    QuantizeFile(in_, out_, Pure(DType::kQ8_0), pool_);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCorruptFile);
    EXPECT_THAT(error.what(), HasSubstr("broken.weight"));
  }
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(QuantizeFileTest, StoriesStayStories) {
  const fs::path stories = SharedData("models/stories260K.gguf");
  if (!fs::exists(stories)) GTEST_SKIP() << "no ../shared/data";
  QuantizeFile(stories, out_, Pure(DType::kQ8_0), pool_);
  ModelRunner runner(out_);
  const Tokenizer& tokenizer = runner.model().tokenizer();
  EXPECT_THAT(tokenizer.Decode(runner.Greedy({1}, 30, 1)),
              ::testing::StartsWith("Once upon a time, there was a little girl named"));
}

}  // namespace
}  // namespace pioneer
