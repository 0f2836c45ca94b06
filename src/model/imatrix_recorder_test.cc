// Why: an importance matrix must hold the squares of what goes into each matrix, expert by expert,
// and fit what quantization asks of it.
#include "model/imatrix_recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "base/error.h"
#include "model/imatrix.h"
#include "model/quantize_file.h"
#include "model/random_presets.h"
#include "model/test_files.h"
#include "model/test_models.h"

namespace pioneer {
namespace {

using ::testing::ElementsAre;

std::vector<float> FloatsOf(const GgufFile& file, const std::string& name) {
  const Tensor* tensor = file.FindTensor(name);
  if (tensor == nullptr) return {};
  const auto* data = reinterpret_cast<const float*>(tensor->data);
  return {data, data + tensor->rows() * tensor->cols()};
}

TEST(ImatrixRecorder, AddsSquaresByInputAndExpert) {
  // Two parts of one tensor with one input, and two experts of another.
  const AdapterSites sites = {{"qk.weight", 1, 8, 2, 0, 0, 4},
                              {"qk.weight", 1, 8, 2, 0, 4, 4},
                              {"up.weight", 2, 4, 3, 0, 0, 4},
                              {"up.weight", 2, 4, 3, 1, 0, 4},
                              {"unused.weight", 1, 4, 3, 0, 0, 4}};
  ImatrixRecorder recorder(sites);
  const std::vector<float> two_rows = {1, -2, 3, 0}, one_row = {1, 2, 3};
  recorder.Observe(0, two_rows.data(), 2, 2);
  recorder.Observe(1, two_rows.data(), 2, 2);
  recorder.Observe(3, one_row.data(), 1, 3);
  recorder.Observe(3, one_row.data(), 1, 3);
  recorder.Observe(-1, one_row.data(), 1, 3);
  EXPECT_EQ(recorder.n_tensors(), 2u);
  EXPECT_EQ(recorder.n_unseen_matrices(), 1);
  const TemporaryFolder folder;
  recorder.Save(folder / "imatrix.gguf", {"text.txt", 3, 512});
  const auto file = GgufFile::Open(folder / "imatrix.gguf");
  EXPECT_THAT(FloatsOf(*file, "qk.weight.in_sum2"), ElementsAre(10, 4));
  EXPECT_THAT(FloatsOf(*file, "qk.weight.counts"), ElementsAre(2));
  EXPECT_THAT(FloatsOf(*file, "up.weight.in_sum2"), ElementsAre(0, 0, 0, 2, 8, 18));
  EXPECT_THAT(FloatsOf(*file, "up.weight.counts"), ElementsAre(0, 2));
  EXPECT_EQ(file->FindTensor("unused.weight.in_sum2"), nullptr);
  // What llama.cpp asks for.
  EXPECT_EQ(file->String("general.type"), "imatrix");
  EXPECT_THAT(*file->Strings("imatrix.datasets"), ElementsAre("text.txt"));
  EXPECT_EQ(file->Int("imatrix.chunk_count"), 3);
  EXPECT_EQ(file->Int("imatrix.chunk_size"), 512);
}

TEST(ImatrixRecorder, RefusesNumbersThatAreNone) {
  const AdapterSites sites = {{"a.weight", 1, 4, 2, 0, 0, 4}};
  ImatrixRecorder recorder(sites);
  const std::vector<float> row = {1, NAN};
  recorder.Observe(0, row.data(), 1, 2);
  const TemporaryFolder folder;
  EXPECT_THROW(recorder.Save(folder / "imatrix.gguf", {}), Error);
  EXPECT_FALSE(fs::exists(folder / "imatrix.gguf"));
}

class RecordImportanceTest : public ::testing::Test {
 protected:
  void Make(const std::string& architecture) {
    RandomModelOptions options = RandomPreset(architecture);
    options.vocabulary = MakeByteVocabulary(300);
    WriteRandomModel(path, options);
    std::iota(tokens.begin(), tokens.end(), 30);
  }

  int Record(int window, const CancelToken& cancel = {}) {
    const auto model = LoadModel(path);
    ThreadPool pool(1);
    ImatrixRecorder recorder(model->adapter_sites());
    const int n = RecordImportance(*model, pool, tokens, window, recorder, {}, cancel);
    recorder.Save(matrix, {"text", n, window});
    return n;
  }

  TemporaryFolder folder;
  const fs::path path = folder / "model.gguf", matrix = folder / "imatrix.gguf";
  std::vector<int32_t> tokens = std::vector<int32_t>(100);
};

TEST_F(RecordImportanceTest, KnowsEveryMatrixThatIsQuantized) {
  for (const char* architecture : {"llama", "qwen3moe", "deepseek2", "gemma4", "qwen35", "lfm2"}) {
    SCOPED_TRACE(architecture);
    Make(architecture);
    EXPECT_EQ(Record(33), 4);  // 32 of the text, and the token that begins it
    const ImportanceMatrix importance = ImportanceMatrix::Read(matrix);
    const auto file = GgufFile::Open(path);
    for (const Tensor& tensor : file->tensors()) {
      const bool quantized = tensor.shape.size() > 1 && tensor.name.starts_with("blk.") &&
                             tensor.name.find("conv") == std::string::npos;
      if (!quantized) continue;
      EXPECT_FALSE(importance.RowOf(tensor, tensor.rows() - 1).empty()) << tensor.name;
    }
    ThreadPool pool(1);
    const QuantizeResult result = QuantizeFile(
        path, folder / "small.gguf", {*FindQuantizePreset("Q4_0"), false, &importance}, pool);
    EXPECT_GT(result.n_weighted, result.n_converted / 2);
  }
}

TEST_F(RecordImportanceTest, CountsEveryTokenOncePerMatrix) {
  Make("qwen3moe");
  Record(33);
  const auto file = GgufFile::Open(matrix);
  EXPECT_THAT(FloatsOf(*file, "blk.1.attn_q.weight.counts"), ElementsAre(104));
  const std::vector<float> experts = FloatsOf(*file, "blk.1.ffn_down_exps.weight.counts");
  EXPECT_EQ(experts.size(), 8u);
  EXPECT_EQ(std::accumulate(experts.begin(), experts.end(), 0.0f), 2 * 104);
  // Queries and values go by one input.
  EXPECT_EQ(FloatsOf(*file, "blk.1.attn_q.weight.in_sum2"),
            FloatsOf(*file, "blk.1.attn_v.weight.in_sum2"));
}

TEST_F(RecordImportanceTest, StopsWhenAskedTo) {
  Make("llama");
  CancelToken cancel;
  cancel.Cancel();
  EXPECT_THROW(Record(33, cancel), Error);
  EXPECT_FALSE(fs::exists(matrix));
}

}  // namespace
}  // namespace pioneer
