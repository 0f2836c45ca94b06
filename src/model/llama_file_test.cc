// A file that llama.cpp quantized, each matrix in another type: what llama.cpp reads from it and
// says with it (tests/cases/quantized). To make them again:
//   node bench/peers/llama_file.mjs tests/cases/quantized
#include <gtest/gtest.h>

#include <set>

#include "base/file.h"
#include "base/json.h"
#include "model/gguf.h"
#include "model/quantize_file.h"
#include "model/test_architectures.h"
#include "model/test_files.h"
#include "tensor/quantize.h"

namespace pioneer {
namespace {

fs::path FilePath() {
  return fs::path(PIONEER_SOURCE_DIR) / "tests/cases/quantized/every-type.gguf";
}

Json Golden() { return ParseJson(ReadFile(FilePath().replace_extension(".json"))); }

// Each value times 1 + its index % 7.
double WeightedSum(const Tensor& tensor) {
  std::vector<float> row(static_cast<size_t>(tensor.cols()));
  double sum = 0;
  for (int64_t r = 0; r < tensor.rows(); ++r) {
    DequantizeRow(tensor.dtype, tensor.row(r), row.data(), tensor.cols());
    for (int64_t c = 0; c < tensor.cols(); ++c) {
      sum += static_cast<double>(1 + (r * tensor.cols() + c) % 7) * row[static_cast<size_t>(c)];
    }
  }
  return sum;
}

double LargestOfAll(const fs::path& path, const Json& prompts, const Json& golden) {
  Prompted model(path);
  double largest = 0;
  for (size_t i = 0; i < prompts.size(); ++i) {
    const std::vector<double> p = model.InChunks(prompts[i].get<std::vector<int32_t>>(), 300);
    largest = std::max(largest, LargestDifference(p, golden.at(i)));
  }
  return largest;
}

TEST(LlamaFileTest, ReadsTheSameWeights) {
  const auto file = GgufFile::Open(FilePath());
  std::set<DType> types = {DType::kF32};
  const Json golden = Golden();
  for (const auto& [name, matrix] : golden.at("matrices").items()) {
    const Tensor* tensor = file->FindTensor(name);
    ASSERT_NE(tensor, nullptr) << name;
    EXPECT_EQ(InfoOf(tensor->dtype).name, matrix.at(0).get<std::string>()) << name;
    EXPECT_EQ(WeightedSum(*tensor), matrix.at(1).get<double>()) << name;
    types.insert(tensor->dtype);
  }
  for (const DTypeInfo& info : AllDTypes()) EXPECT_EQ(types.count(info.dtype), 1u) << info.name;
}

TEST(LlamaFileTest, SaysTheSame) {
  const Json golden = Golden();
  EXPECT_LT(LargestOfAll(FilePath(), golden.at("prompts"), golden.at("next_tokens")), 2e-3);
}

// Without rounded activations there is nothing left to differ by.
TEST(LlamaFileTest, SaysTheSameInF32) {
  const Json golden = Golden();
  const TemporaryFolder folder;
  ThreadPool threads(1);
  QuantizeFile(FilePath(), folder / "plain.gguf", {FindQuantizePreset("F32").value(), true},
               threads);
  EXPECT_LT(
      LargestOfAll(folder / "plain.gguf", golden.at("prompts"), golden.at("next_tokens_in_f32")),
      1e-4);
}

}  // namespace
}  // namespace pioneer
