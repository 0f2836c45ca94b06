// Why: an importance matrix comes from elsewhere and must fit the model or be refused.
#include "model/imatrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "model/quantize_file.h"
#include "model/random_model.h"
#include "model/test_files.h"
#include "tensor/quantize.h"

namespace pioneer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The older form.
class BinaryMatrix {
 public:
  explicit BinaryMatrix(int32_t n_entries) { Int(n_entries); }
  BinaryMatrix& Int(int32_t v) {
    bytes_.append(reinterpret_cast<const char*>(&v), sizeof v);
    return *this;
  }
  BinaryMatrix& Entry(const std::string& name, int32_t calls, const std::vector<float>& sums) {
    Int(static_cast<int32_t>(name.size()));
    bytes_ += name;
    Int(calls).Int(static_cast<int32_t>(sums.size()));
    bytes_.append(reinterpret_cast<const char*>(sums.data()), sums.size() * sizeof(float));
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

class ImportanceMatrixTest : public ::testing::Test {
 protected:
  ImportanceMatrix ReadBytes(const std::string& bytes) {
    WriteFileAtomically(path_, bytes);
    return ImportanceMatrix::Read(path_);
  }
  void ExpectRefused(const std::string& bytes, const char* why) {
    try {
      ReadBytes(bytes);
      ADD_FAILURE() << why;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kCorruptFile);
      EXPECT_THAT(error.what(), HasSubstr(why));
    }
  }
  // Sums of 3 inputs for each of 2 experts; the second saw no token.
  void WriteGguf() {
    const std::vector<float> sums = {4, 8, 12, 0, 0, 0}, counts = {4, 0};
    const auto bytes = [](const std::vector<float>& v) {
      return reinterpret_cast<const std::byte*>(v.data());
    };
    GgufWriter writer;
    writer.SetString("general.type", "imatrix");
    writer.AddTensor({"up.weight.in_sum2", DType::kF32, {2, 3}, bytes(sums), {}});
    writer.AddTensor({"up.weight.counts", DType::kF32, {2, 1}, bytes(counts), {}});
    writer.Finish(path_);
  }

  TemporaryFolder folder_;
  const fs::path path_ = folder_ / "imatrix";
};

Tensor Weight(const char* name, std::vector<int64_t> shape) {
  return {name, DType::kF32, std::move(shape), nullptr, {}};
}

TEST_F(ImportanceMatrixTest, ReadsTheBinaryForm) {
  const ImportanceMatrix matrix =
      ReadBytes(BinaryMatrix(2).Entry("a.weight", 2, {2, 4, 6, 8}).Entry("b", 1, {1}).bytes());
  EXPECT_EQ(matrix.size(), 2u);
  // The mean is made 1.
  EXPECT_THAT(matrix.RowOf(Weight("a.weight", {7, 4}), 5), ElementsAre(0.4f, 0.8f, 1.2f, 1.6f));
  EXPECT_TRUE(matrix.RowOf(Weight("c.weight", {7, 4}), 0).empty());
}

TEST_F(ImportanceMatrixTest, ReadsGgufWithExperts) {
  WriteGguf();
  const ImportanceMatrix matrix = ImportanceMatrix::Read(path_);
  const Tensor experts = Weight("up.weight", {2, 5, 3});
  const float mean = (1 + 2 + 3 + 1 + 1 + 1) / 6.0f;
  EXPECT_THAT(matrix.RowOf(experts, 4), ElementsAre(1 / mean, 2 / mean, 3 / mean));
  EXPECT_THAT(matrix.RowOf(experts, 5), ElementsAre(1 / mean, 1 / mean, 1 / mean));
}

TEST_F(ImportanceMatrixTest, RefusesAnotherModelsMatrix) {
  WriteGguf();
  const ImportanceMatrix matrix = ImportanceMatrix::Read(path_);
  EXPECT_THROW(matrix.RowOf(Weight("up.weight", {2, 5, 4}), 0), Error);
  EXPECT_THROW(matrix.RowOf(Weight("up.weight", {5, 3}), 0), Error);
}

TEST_F(ImportanceMatrixTest, RefusesBrokenFiles) {
  const std::string good = BinaryMatrix(1).Entry("a", 1, {1, 2}).bytes();
  for (size_t n = 0; n < good.size(); ++n) {
    EXPECT_THROW(ReadBytes(good.substr(0, n)), Error) << n;
  }
  ExpectRefused(BinaryMatrix(-1).bytes(), "negative");
  ExpectRefused(BinaryMatrix(1 << 30).bytes(), "too early");
  ExpectRefused(BinaryMatrix(0).bytes(), "no entries");
  ExpectRefused(BinaryMatrix(1).Entry("a", 1, {1, NAN}).bytes(), "sums of squares");
  ExpectRefused(BinaryMatrix(1).Entry("a", 1, {1, -1}).bytes(), "sums of squares");
}

// Quantized with the matrix, the error that it weighs is smaller.
TEST_F(ImportanceMatrixTest, GuidesQuantization) {
  RandomModelOptions options;
  options.vocabulary = MakeByteVocabulary(300);
  options.d_model = options.d_ff = 256;
  const fs::path in = folder_ / "in.gguf";
  WriteRandomModel(in, options);
  const char* name = "blk.0.ffn_up.weight";
  std::vector<float> importance(256);
  Random random(1);
  for (float& v : importance) v = static_cast<float>(std::exp(2 * random.Normal()));
  const ImportanceMatrix matrix = ReadBytes(BinaryMatrix(1).Entry(name, 1, importance).bytes());
  ThreadPool pool(2);
  const auto error = [&](const ImportanceMatrix* used) {
    const fs::path out = folder_ / "out.gguf";
    const QuantizeResult result =
        QuantizeFile(in, out, {*FindQuantizePreset("Q4_K_S"), false, used}, pool);
    EXPECT_EQ(result.n_weighted, used != nullptr ? 1 : 0);
    const auto before = GgufFile::Open(in), after = GgufFile::Open(out);
    const Tensor *w = before->FindTensor(name), *q = after->FindTensor(name);
    std::vector<float> x(256), y(256);
    double sum = 0;
    for (int64_t r = 0; r < w->rows(); ++r) {
      DequantizeRow(w->dtype, w->row(r), x.data(), 256);
      DequantizeRow(q->dtype, q->row(r), y.data(), 256);
      for (size_t i = 0; i < 256; ++i) sum += importance[i] * std::pow(x[i] - y[i], 2);
    }
    return sum;
  };
  EXPECT_LT(error(&matrix), 0.7 * error(nullptr));
}

}  // namespace
}  // namespace pioneer
