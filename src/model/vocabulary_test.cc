// Why: a wrong default here makes a model hear other words than it was trained on.
#include "model/vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/random_model.h"
#include "model/test_files.h"

namespace pioneer {
namespace {

using ::testing::HasSubstr;

class VocabularyTest : public ::testing::Test {
 protected:
  // What is loaded from a file with these keys.
  Vocabulary Load(const std::map<std::string, GgufValue>& keys) {
    GgufWriter writer;
    for (const auto& [key, value] : keys) writer.SetValue("tokenizer.ggml." + key, value);
    writer.Finish(folder_ / "v.gguf");
    return LoadVocabulary(*GgufFile::Open(folder_ / "v.gguf"));
  }
  std::string LoadError(const std::map<std::string, GgufValue>& keys,
                        ErrorCode code = ErrorCode::kCorruptFile) {
    try {
      Load(keys);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      return error.what();
    }
    return "accepted";
  }

  const std::vector<std::string> tokens_ = {"a", "b", "c", "ab"};
  const std::map<std::string, GgufValue> bpe_ = {{"model", std::string("gpt2")},
                                                 {"tokens", tokens_},
                                                 {"merges", std::vector<std::string>{"a b"}}};
  const std::map<std::string, GgufValue> spm_ = {{"model", std::string("llama")},
                                                 {"tokens", tokens_}};
  TemporaryFolder folder_;
};

std::map<std::string, GgufValue> With(std::map<std::string, GgufValue> keys, const std::string& key,
                                      GgufValue value) {
  keys[key] = std::move(value);
  return keys;
}

TEST_F(VocabularyTest, DefaultsOfByteLevelBpe) {
  const Vocabulary vocabulary = Load(bpe_);
  EXPECT_EQ(vocabulary.kind, VocabularyKind::kByteLevelBpe);
  EXPECT_EQ(vocabulary.pre_tokenizer, "default");
  EXPECT_EQ(vocabulary.tokens, tokens_);
  EXPECT_TRUE(vocabulary.types.empty());
  EXPECT_EQ(vocabulary.merges, std::vector<std::string>{"a b"});
  EXPECT_FALSE(vocabulary.add_bos);
  EXPECT_FALSE(vocabulary.add_eos);
  EXPECT_FALSE(vocabulary.add_space_prefix);
  EXPECT_FALSE(vocabulary.ignore_merges);
  EXPECT_EQ(vocabulary.bos_id, -1);
  EXPECT_EQ(vocabulary.eos_id, -1);
}

TEST_F(VocabularyTest, DefaultsOfLlama3) {
  const Vocabulary vocabulary = Load(With(bpe_, "pre", std::string("llama-bpe")));
  EXPECT_TRUE(vocabulary.add_bos);
  EXPECT_TRUE(vocabulary.ignore_merges);
  EXPECT_FALSE(
      Load(With(With(bpe_, "pre", std::string("llama-bpe")), "add_bos_token", false)).add_bos);
  EXPECT_FALSE(Load(With(bpe_, "pre", std::string("qwen2"))).add_bos);
}

TEST_F(VocabularyTest, DefaultsOfSentencePiece) {
  const Vocabulary vocabulary = Load(spm_);
  EXPECT_EQ(vocabulary.kind, VocabularyKind::kSentencePiece);
  EXPECT_EQ(vocabulary.scores, std::vector<float>(4, 0.0f));
  EXPECT_TRUE(vocabulary.add_bos);
  EXPECT_FALSE(vocabulary.add_eos);
  EXPECT_TRUE(vocabulary.add_space_prefix);
  EXPECT_EQ(vocabulary.bos_id, 1);
  EXPECT_EQ(vocabulary.eos_id, 2);
  EXPECT_EQ(vocabulary.unknown_id, 0);
  EXPECT_EQ(vocabulary.padding_id, -1);
}

TEST_F(VocabularyTest, MinusOneMeansNone) {
  EXPECT_EQ(Load(With(bpe_, "padding_token_id", uint64_t{0xFFFFFFFF})).padding_id, -1);
  EXPECT_EQ(Load(With(bpe_, "padding_token_id", int64_t{-1})).padding_id, -1);
}

TEST_F(VocabularyTest, RefusesContradictions) {
  const auto no_tokens = std::map<std::string, GgufValue>{{"model", std::string("llama")}};
  EXPECT_THAT(LoadError(no_tokens), HasSubstr("tokenizer.ggml.tokens"));
  EXPECT_THAT(LoadError(With(spm_, "tokens", std::vector<std::string>{})), HasSubstr("empty"));
  EXPECT_THAT(LoadError(With(spm_, "tokens", uint64_t{4})), HasSubstr("tokens"));
  EXPECT_THAT(LoadError(With(spm_, "scores", std::vector<double>{1, 2, 3})),
              HasSubstr("3 items for 4 tokens"));
  EXPECT_THAT(LoadError(With(spm_, "token_type", std::vector<int64_t>{1, 1, 1, 1, 1})),
              HasSubstr("5 items for 4 tokens"));
  EXPECT_THAT(LoadError(With(spm_, "token_type", std::vector<int64_t>{1, 1, 1, 7})),
              HasSubstr("type 7"));
  EXPECT_THAT(LoadError(With(spm_, "bos_token_id", uint64_t{4})), HasSubstr("bos_token_id"));
  EXPECT_THAT(LoadError(With(bpe_, "eos_token_id", int64_t{-2})), HasSubstr("eos_token_id"));
  EXPECT_THAT(LoadError(With(bpe_, "model", std::string("rwkv")), ErrorCode::kUnsupported),
              HasSubstr("\"rwkv\""));
  EXPECT_THAT(LoadError({{"model", std::string("gpt2")}, {"tokens", tokens_}}),
              HasSubstr("merges"));
}

TEST_F(VocabularyTest, SavesWhatItLoads) {
  Vocabulary made = MakeByteVocabulary(700);
  made.eot_id = 5;
  made.padding_id = 6;
  GgufWriter writer;
  SaveVocabulary(made, writer);
  writer.Finish(folder_ / "v.gguf");
  const Vocabulary loaded = LoadVocabulary(*GgufFile::Open(folder_ / "v.gguf"));
  EXPECT_EQ(loaded.tokens, made.tokens);
  EXPECT_EQ(loaded.merges, made.merges);
  EXPECT_EQ(loaded.types, made.types);
  EXPECT_EQ(loaded.pre_tokenizer, made.pre_tokenizer);
  EXPECT_EQ(loaded.bos_id, made.bos_id);
  EXPECT_EQ(loaded.eos_id, made.eos_id);
  EXPECT_EQ(loaded.eot_id, 5);
  EXPECT_EQ(loaded.padding_id, 6);
  EXPECT_EQ(loaded.add_bos, made.add_bos);
}

TEST_F(VocabularyTest, SavesEveryKind) {
  const auto reload = [this](const Vocabulary& made) {
    GgufWriter writer;
    SaveVocabulary(made, writer);
    writer.Finish(folder_ / "v.gguf");
    return LoadVocabulary(*GgufFile::Open(folder_ / "v.gguf"));
  };
  Vocabulary made;
  made.tokens = tokens_;
  made.kind = VocabularyKind::kUnigram;
  made.scores = {0, -1, -2.5f, -3};
  made.unknown_id = 0;
  made.charsmap = std::string("\x04\0\0\0\xFF\x80\0\0z\0", 10);
  made.remove_extra_whitespace = true;
  made.fill_in_the_middle = {.prefix = 1, .suffix = 2, .middle = 3};
  const Vocabulary unigram = reload(made);
  EXPECT_EQ(unigram.kind, made.kind);
  EXPECT_EQ(unigram.scores, made.scores);
  EXPECT_EQ(unigram.charsmap, made.charsmap);
  EXPECT_TRUE(unigram.add_space_prefix && unigram.remove_extra_whitespace);
  EXPECT_FALSE(unigram.add_eos);
  EXPECT_EQ(unigram.fill_in_the_middle.middle, 3);

  made = Vocabulary();
  made.tokens = tokens_;
  made.kind = VocabularyKind::kWordPiece;
  made.separator_id = 2;
  made.lowercase = made.add_separator = true;
  made.strip_accents = false;
  const Vocabulary bert = reload(made);
  EXPECT_EQ(bert.kind, made.kind);
  EXPECT_EQ(bert.separator_id, 2);
  EXPECT_TRUE(bert.lowercase && bert.add_separator);
  EXPECT_FALSE(bert.strip_accents || bert.add_bos);

  made = Vocabulary();
  made.tokens = tokens_;
  made.kind = VocabularyKind::kSentencePiece;
  made.merges = {"a b"};
  const Vocabulary gemma = reload(made);
  EXPECT_EQ(gemma.kind, made.kind);
  EXPECT_EQ(gemma.merges, made.merges);

  made = Vocabulary();
  made.tokens = tokens_;
  made.merges = {"a b"};
  made.pre_tokenizer = "custom";
  made.split_expressions = {"a+", "\\p{L}"};
  made.ignore_merges = made.nfc = true;
  made.special_rules = {{.id = 1, .strip_left = true}, {.id = 2, .single_word = true}};
  const Vocabulary own = reload(made);
  EXPECT_EQ(own.split_expressions, made.split_expressions);
  EXPECT_TRUE(own.ignore_merges && own.nfc);
  ASSERT_EQ(own.special_rules.size(), 2u);
  EXPECT_TRUE(own.special_rules[0].strip_left && own.special_rules[1].single_word);
  EXPECT_FALSE(own.special_rules[0].single_word || own.special_rules[1].strip_right);
  EXPECT_EQ(own.special_rules[1].id, 2);
  EXPECT_FALSE(gemma.nfc);
}

TEST_F(VocabularyTest, LoadsRealVocabularies) {
  if (!fs::exists(SharedData("vocab"))) GTEST_SKIP() << "no ../shared/data";
  const auto load = [](const char* name) {
    return LoadVocabulary(
        *GgufFile::Open(SharedData(std::string("vocab/ggml-vocab-") + name + ".gguf")));
  };
  const Vocabulary llama3 = load("llama-bpe");
  EXPECT_EQ(llama3.tokens.size(), 128256u);
  EXPECT_EQ(llama3.merges.size(), 280147u);
  EXPECT_TRUE(llama3.add_bos);
  EXPECT_TRUE(llama3.ignore_merges);
  EXPECT_EQ(llama3.bos_id, 128000);
  const Vocabulary spm = load("llama-spm");
  EXPECT_EQ(spm.types[3], TokenType::kByte);
  EXPECT_EQ(spm.scores.size(), 32000u);
  EXPECT_FALSE(load("qwen2").add_bos);
  const Vocabulary bert = load("bert-bge");
  EXPECT_EQ(bert.kind, VocabularyKind::kWordPiece);
  EXPECT_EQ(bert.bos_id, 101);
  EXPECT_EQ(bert.separator_id, 102);
  EXPECT_TRUE(bert.add_bos && bert.add_separator && bert.lowercase);
  const Vocabulary gemma = load("gemma-4");
  EXPECT_EQ(gemma.kind, VocabularyKind::kSentencePiece);
  EXPECT_EQ(gemma.merges.size(), 514906u);
  EXPECT_TRUE(gemma.add_bos);
  EXPECT_FALSE(gemma.add_space_prefix);
}

}  // namespace
}  // namespace pioneer
