// Why: a name must lead to one file, or to a message that helps.
#include "model/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/error.h"
#include "model/random_model.h"
#include "model/test_files.h"

namespace pioneer {
namespace {

using ::testing::HasSubstr;

class RegistryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(first_);
    fs::create_directories(second_);
    RandomModelOptions options;
    options.name = "Tiny One";
    options.vocabulary = MakeByteVocabulary(300);
    options.chat_template = "{{ messages }}";
    options.dtype = DType::kQ8_0;
    WriteRandomModel(second_ / "tiny-one.gguf", options);
  }
  std::string ResolveError(const std::string& name, ErrorCode code) {
    try {
      ResolveModel(name, places_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code);
      return error.what();
    }
    return "found";
  }
  void Touch(const fs::path& path) { WriteFileAtomically(path, "x"); }

  TemporaryFolder folder_;
  const fs::path first_ = folder_ / "first", second_ = folder_ / "second";
  const std::vector<ModelPlace> places_ = {{ModelPlace::Kind::kFolder, first_},
                                           {ModelPlace::Kind::kFolder, folder_ / "none"},
                                           {ModelPlace::Kind::kFolder, second_}};
};

TEST_F(RegistryTest, SummarizesAModel) {
  const ModelSummary summary = ReadModelSummary(second_ / "tiny-one.gguf");
  EXPECT_EQ(summary.id, "tiny-one");
  EXPECT_EQ(summary.config.name, "Tiny One");
  EXPECT_EQ(summary.config.quantization, "Q8_0");
  EXPECT_EQ(summary.config.n_layers, 2);
  EXPECT_EQ(summary.config.vocab_size, 300);
  EXPECT_EQ(summary.config.file_bytes, static_cast<int64_t>(fs::file_size(summary.path)));
  EXPECT_EQ(summary.tokenizer, "gpt2");
  EXPECT_TRUE(summary.has_chat_template);
}

TEST_F(RegistryTest, ListsGoodAndBroken) {
  Touch(first_ / "broken.gguf");
  Touch(first_ / "notes.txt");
  const std::vector<ModelSummary> models = ListModels(places_);
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0].id, "broken");
  EXPECT_THAT(models[0].error, HasSubstr("GGUF"));
  EXPECT_EQ(models[1].id, "tiny-one");
  EXPECT_EQ(models[1].error, "");
}

TEST_F(RegistryTest, ResolvesNamesAndPaths) {
  const fs::path expected = second_ / "tiny-one.gguf";
  for (const std::string& name : {std::string("tiny-one"), std::string("tiny-one.gguf"),
                                  std::string("TINY"), expected.string()}) {
    EXPECT_EQ(ResolveModel(name, places_).path, expected) << name;
  }
}

TEST_F(RegistryTest, EarlierFoldersAndWholeNamesWin) {
  Touch(first_ / "tiny.gguf");
  Touch(first_ / "tiny-one.gguf");
  EXPECT_EQ(ResolveModel("tiny", places_).path, first_ / "tiny.gguf");
  EXPECT_EQ(ResolveModel("tiny-one", places_).path, first_ / "tiny-one.gguf");
  EXPECT_THAT(ResolveError("ti", ErrorCode::kInvalidArgument), HasSubstr("tiny, tiny-one"));
}

TEST_F(RegistryTest, SaysWhatThereIs) {
  EXPECT_THAT(ResolveError("other", ErrorCode::kNotFound), HasSubstr("tiny-one"));
  EXPECT_THAT(ResolveError("../second/tiny-one.gguf", ErrorCode::kNotFound), HasSubstr("no model"));
  ResolveError("", ErrorCode::kNotFound);
  ResolveError("..", ErrorCode::kNotFound);
}

TEST_F(RegistryTest, ListsVocabularyFilesOfAnyArchitecture) {
  if (!fs::exists(SharedData("vocab"))) GTEST_SKIP() << "no ../shared/data";
  const std::vector<ModelSummary> models =
      ListModels({{ModelPlace::Kind::kFolder, SharedData("vocab")}});
  EXPECT_EQ(models.size(), 13u);
  for (const ModelSummary& model : models) EXPECT_EQ(model.error, "") << model.id;
}

}  // namespace
}  // namespace pioneer
