// Why: benchmarks compare runs, so a random model must be the same each time, and usable.
#include "model/random_model.h"

#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "model/gguf.h"
#include "model/random_presets.h"
#include "model/test_files.h"
#include "model/test_models.h"
#include "text/tokenizer.h"

namespace pioneer {
namespace {

TEST(RandomModelTest, VocabularyHasTheSizeAskedForAndHoldsAnyText) {
  for (const int size : {258, 259, 1000, 20000}) {
    Vocabulary vocabulary = MakeByteVocabulary(size);
    ASSERT_EQ(vocabulary.tokens.size(), static_cast<size_t>(size));
    EXPECT_EQ(std::set<std::string>(vocabulary.tokens.begin(), vocabulary.tokens.end()).size(),
              vocabulary.tokens.size());
    const auto tokenizer = MakeTokenizer(std::move(vocabulary));
    const std::string text = "Any text: \xED\x95\x9C\xEA\xB8\x80, 123\n\t\x01";
    EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(text, {})), text);
  }
  EXPECT_THROW(MakeByteVocabulary(257), Error);
}

TEST(RandomModelTest, TheSameSeedGivesTheSameBytes) {
  const TemporaryFolder folder;
  RandomModelOptions options;
  options.vocabulary = MakeByteVocabulary(400);
  options.dtype = DType::kQ8_0;
  const auto bytes = [&](uint64_t seed) {
    options.seed = seed;
    WriteRandomModel(folder / "m.gguf", options);
    return ReadFile(folder / "m.gguf");
  };
  const std::string first = bytes(1);
  EXPECT_EQ(bytes(1), first);
  EXPECT_NE(bytes(2), first);
}

TEST(RandomModelTest, RowsDiffer) {
  const TemporaryFolder folder;
  RandomModelOptions options;
  options.d_model = 512;
  options.vocabulary = MakeByteVocabulary(4000);
  WriteRandomModel(folder / "m.gguf", options);
  const auto file = GgufFile::Open(folder / "m.gguf");
  const Tensor& embedding = *file->FindTensor("token_embd.weight");
  std::set<std::string_view> rows;
  for (int64_t r = 0; r < embedding.rows(); ++r) {
    rows.insert({reinterpret_cast<const char*>(embedding.row(r)), 512 * sizeof(float)});
  }
  EXPECT_EQ(rows.size(), 4000u);
}

TEST(RandomModelTest, RefusesSizesThatDoNotFitTogether) {
  const TemporaryFolder folder;
  const auto refused = [&](auto change) {
    RandomModelOptions options;
    options.vocabulary = MakeByteVocabulary(300);
    change(options);
    EXPECT_THROW(WriteRandomModel(folder / "m.gguf", options), Error);
  };
  refused([](auto& o) { o.n_layers = 0; });
  refused([](auto& o) { o.n_kv_heads = 3; });
  refused([](auto& o) { o.n_heads = 7; });
  refused([](auto& o) { o.head_dim = 5; });
  refused([](auto& o) { o.vocabulary = {}; });
}

TEST(RandomModelTest, SpeaksDeterministically) {
  const TemporaryFolder folder;
  RandomModelOptions options;
  options.vocabulary = MakeByteVocabulary(600);
  options.head_dim = 24;  // not d_model / n_heads
  WriteRandomModel(folder / "m.gguf", options);
  ModelRunner one(folder / "m.gguf", 1), two(folder / "m.gguf", 2);
  EXPECT_EQ(one.model().config().head_dim, 24);
  EXPECT_EQ(one.Greedy({1, 2, 3}, 40, 3), two.Greedy({1, 2, 3}, 40, 1));
}

TEST(RandomModelTest, PublishedShapesRun) {
  const TemporaryFolder folder;
  for (const RandomShape& shape : RandomShapes()) {
    RandomModelOptions options = shape.options;
    options.n_layers = 1;
    options.vocabulary = MakeByteVocabulary(300);
    options.dtype = DType::kQ4_0;
    WriteRandomModel(folder / "m.gguf", options);
    ModelRunner runner(folder / "m.gguf", 1);
    EXPECT_EQ(runner.model().config().d_model, shape.options.d_model) << shape.name;
    EXPECT_EQ(runner.Greedy({1, 2, 3}, 3, 3).size(), 3u) << shape.name;
  }
}

}  // namespace
}  // namespace pioneer
