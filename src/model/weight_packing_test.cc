// Why: wherever the packed weights come from, the numbers are the same, bit for bit.
#include "model/weight_packing.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <future>

#include "base/error.h"
#include "model/test_files.h"
#include "model/test_models.h"

namespace pioneer {
namespace {

class WeightPackingTest : public testing::Test {
 protected:
  void SetUp() override { Write(1); }

  void Write(uint64_t seed) const {
    RandomModelOptions options;
    options.d_model = 256;
    options.d_ff = 512;
    options.dtype = DType::kQ4_K;
    options.vocabulary = MakeByteVocabulary(700);
    options.seed = seed;
    WriteRandomModel(folder_ / "m.gguf", options);
  }
  LoadOptions Cached() const {
    LoadOptions options;
    options.n_threads = 2;
    options.cache.folder = folder_ / "cache";
    options.cache.min_bytes = 1;
    return options;
  }
  std::vector<float> Logits(const LoadOptions& options) const {
    ModelRunner runner(LoadModel(folder_ / "m.gguf", options), 1);
    KvSequence kv(runner.pages());
    const Matrix& logits = runner.Step({{&kv, 0, {1, 2, 3, 400, 5}, true}});
    return {logits.data(), logits.data() + logits.rows() * logits.cols()};
  }
  fs::path OnlyFile() const {
    const auto entries = ListPackedFiles(folder_ / "cache");
    EXPECT_EQ(entries.size(), 1u);
    return entries.empty() ? fs::path() : entries[0].path;
  }

  // A file that is made anew is another one; sealing it changes only its times.
  static ino_t InodeOf(const fs::path& path) {
    struct stat info = {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_ino;
  }

  TemporaryFolder folder_;
};

TEST_F(WeightPackingTest, MappedWeightsGiveTheNumbersOfThoseInMemory) {
  const std::vector<float> expected = Logits({});
  EXPECT_FALSE(fs::exists(folder_ / "cache"));
  double packed = 0;
  LoadOptions options = Cached();
  options.on_packed = [&](double share) { packed = share; };
  EXPECT_EQ(Logits(options), expected);
  EXPECT_EQ(packed, 1.0);
  const ino_t made = InodeOf(OnlyFile());
  packed = 0;
  EXPECT_EQ(Logits(options), expected);
  EXPECT_EQ(packed, 0.0) << "packed again";
  EXPECT_EQ(InodeOf(OnlyFile()), made);
}

TEST_F(WeightPackingTest, SmallModelsAreNotKept) {
  LoadOptions options = Cached();
  options.cache.min_bytes = PackedCache().min_bytes;
  EXPECT_EQ(Logits(options), Logits({}));
  EXPECT_FALSE(fs::exists(folder_ / "cache"));
}

TEST_F(WeightPackingTest, AModelThatTookAnothersPlaceIsPackedAnew) {
  const std::vector<float> first = Logits(Cached());
  const fs::path file = OnlyFile();
  Write(2);
  const std::vector<float> second = Logits(Cached());
  EXPECT_NE(second, first);
  EXPECT_EQ(second, Logits({}));
  EXPECT_EQ(OnlyFile(), file);
  EXPECT_EQ(Logits(Cached()), second);
}

TEST_F(WeightPackingTest, DamagedFilesAreMadeAnew) {
  const std::vector<float> expected = Logits(Cached());
  const std::string whole = ReadFile(OnlyFile());
  for (const size_t size : {size_t{0}, size_t{100}, whole.size() / 2, whole.size() - 1}) {
    WriteFileAtomically(OnlyFile(), whole.substr(0, size));
    EXPECT_EQ(Logits(Cached()), expected);
    EXPECT_EQ(fs::file_size(OnlyFile()), whole.size());
  }
  std::string foreign = whole;
  foreign[whole.find('1')] = '2';  // the format's version
  WriteFileAtomically(OnlyFile(), foreign);
  EXPECT_EQ(Logits(Cached()), expected);
  EXPECT_EQ(ReadFile(OnlyFile()).substr(size_t{2} << 20), whole.substr(size_t{2} << 20));
}

TEST_F(WeightPackingTest, SeveralLoadAtOnce) {
  const std::vector<float> expected = Logits({});
  std::vector<std::future<std::vector<float>>> others;
  for (int i = 0; i < 3; ++i) {
    others.push_back(std::async(std::launch::async, [this] { return Logits(Cached()); }));
  }
  for (auto& other : others) EXPECT_EQ(other.get(), expected);
  OnlyFile();
}

TEST_F(WeightPackingTest, WhereNothingCanBeKeptMemoryIsUsed) {
  const std::vector<float> expected = Logits({});
  LoadOptions options = Cached();
  options.cache.max_bytes = 1000;
  EXPECT_EQ(Logits(options), expected);
  EXPECT_TRUE(ListPackedFiles(folder_ / "cache").empty());
  fs::remove_all(folder_ / "cache");
  WriteFileAtomically(folder_ / "cache", "no folder");
  EXPECT_EQ(Logits(Cached()), expected);
}

TEST_F(WeightPackingTest, StopsWhenItIsCancelled) {
  LoadOptions options = Cached();
  options.cancel.Cancel();
  EXPECT_THROW(LoadModel(folder_ / "m.gguf", options), Error);
  EXPECT_TRUE(ListPackedFiles(folder_ / "cache").empty());
}

TEST_F(WeightPackingTest, AFileIsForgottenWithItsModel) {
  Logits(Cached());
  const std::string name = ModelFiles(folder_ / "m.gguf").name();
  EXPECT_EQ(ForgetPackedWeights(Cached().cache, ModelFiles(folder_ / "other.gguf").name()), 0);
  EXPECT_GT(ForgetPackedWeights(Cached().cache, name), 0);
  EXPECT_TRUE(ListPackedFiles(folder_ / "cache").empty());
}

TEST_F(WeightPackingTest, NamesAreOfPathsAndIdentitiesOfContents) {
  const ModelFiles before(folder_ / "m.gguf");
  fs::create_symlink(folder_ / "m.gguf", folder_ / "link.gguf");
  EXPECT_EQ(ModelFiles(folder_ / "m.gguf").identity(), before.identity());
  EXPECT_EQ(ModelFiles(folder_ / "link.gguf").identity(), before.identity());
  EXPECT_EQ(ModelFiles(folder_ / "link.gguf").name(), before.name());
  Write(1);
  EXPECT_EQ(ModelFiles(folder_ / "m.gguf").name(), before.name());
  EXPECT_NE(ModelFiles(folder_ / "m.gguf").identity(), before.identity());
  const std::string odd = ModelFiles(folder_ / "a b;c/d\n\xED.gguf").name();
  EXPECT_TRUE(std::ranges::all_of(odd, [](char c) { return c > ' ' && c != '/' && c != ';'; }));
}

}  // namespace
}  // namespace pioneer
