// Why: the ids must be exactly those the models were trained with. The published vocabularies come
// with texts and their ids.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "base/file.h"
#include "text/tokenizer.h"

namespace pioneer {
namespace {

const fs::path kFolder = fs::path(PIONEER_SOURCE_DIR) / "../shared/data/vocab";

// Reads the key-value part of a GGUF file; a test may trust its file.
class GgufMetadata {
 public:
  explicit GgufMetadata(const fs::path& path) : bytes_(ReadFile(path)) {
    position_ = 4 + 4 + 8;  // magic, version, number of tensors
    for (auto n = Read<uint64_t>(); n > 0; --n) {
      const std::string key = ReadString();
      ReadValue(key, Read<uint32_t>());
    }
  }

  std::map<std::string, std::vector<std::string>> strings;
  std::map<std::string, std::vector<double>> numbers;

  int32_t Id(const std::string& key) const {
    const auto found = numbers.find("tokenizer.ggml." + key);
    return found == numbers.end() ? -1 : static_cast<int32_t>(found->second.at(0));
  }

 private:
  template <typename T>
  T Read() {
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof value);
    position_ += sizeof value;
    return value;
  }

  std::string ReadString() {
    const auto length = Read<uint64_t>();
    position_ += length;
    return bytes_.substr(position_ - length, length);
  }

  double ReadNumber(uint32_t type) {
    switch (type) {
      case 0:
      case 7:
        return Read<uint8_t>();
      case 1:
        return Read<int8_t>();
      case 2:
        return Read<uint16_t>();
      case 3:
        return Read<int16_t>();
      case 4:
        return Read<uint32_t>();
      case 5:
        return Read<int32_t>();
      case 6:
        return Read<float>();
      case 12:
        return Read<double>();
      default:
        return static_cast<double>(Read<uint64_t>());
    }
  }

  void ReadValue(const std::string& key, uint32_t type) {
    uint64_t n = 1;
    if (type == 9) {
      type = Read<uint32_t>();
      n = Read<uint64_t>();
    }
    for (; n > 0; --n) {
      if (type == 8) {
        strings[key].push_back(ReadString());
      } else {
        numbers[key].push_back(ReadNumber(type));
      }
    }
  }

  std::string bytes_;
  size_t position_ = 0;
};

Vocabulary LoadVocabulary(const fs::path& path) {
  const GgufMetadata file(path);
  Vocabulary vocabulary;
  const std::string prefix = "tokenizer.ggml.";
  const auto strings = [&](const std::string& key) {
    const auto found = file.strings.find(prefix + key);
    return found == file.strings.end() ? std::vector<std::string>() : found->second;
  };
  const auto numbers = [&](const std::string& key) {
    const auto found = file.numbers.find(prefix + key);
    return found == file.numbers.end() ? std::vector<double>() : found->second;
  };
  const std::map<std::string, VocabularyKind> kinds = {{"llama", VocabularyKind::kSentencePiece},
                                                       {"gemma4", VocabularyKind::kSentencePiece},
                                                       {"gpt2", VocabularyKind::kByteLevelBpe},
                                                       {"bert", VocabularyKind::kWordPiece}};
  const std::string model = strings("model").at(0);
  vocabulary.kind = kinds.at(model);
  if (model == "gpt2") vocabulary.pre_tokenizer = strings("pre").at(0);
  vocabulary.add_space_prefix = model == "llama";
  vocabulary.tokens = strings("tokens");
  vocabulary.merges = strings("merges");
  for (const double score : numbers("scores")) {
    vocabulary.scores.push_back(static_cast<float>(score));
  }
  for (const double type : numbers("token_type")) {
    vocabulary.types.push_back(static_cast<TokenType>(type));
  }
  vocabulary.bos_id = file.Id("bos_token_id");
  vocabulary.eos_id = file.Id("eos_token_id");
  vocabulary.unknown_id = file.Id("unknown_token_id");
  vocabulary.add_bos = file.Id("add_bos_token") == 1;
  return vocabulary;
}

std::vector<std::string> SplitTexts(const std::string& all) {
  const std::string separator = "\n__ggml_vocab_test__\n";
  std::vector<std::string> texts;
  size_t begin = 0;
  for (size_t at = all.find(separator); at != std::string::npos; at = all.find(separator, begin)) {
    texts.push_back(all.substr(begin, at - begin));
    begin = at + separator.size();
  }
  texts.push_back(all.substr(begin));
  return texts;
}

std::vector<std::vector<int32_t>> ReadIds(const fs::path& path) {
  std::vector<std::vector<int32_t>> ids;
  std::istringstream lines(ReadFile(path));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream numbers(line);
    ids.emplace_back();
    for (int32_t id; numbers >> id;) ids.back().push_back(id);
  }
  return ids;
}

bool HasAllBytes(const Tokenizer& tokenizer) {
  if (tokenizer.vocabulary().kind == VocabularyKind::kWordPiece) return false;
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text(1, static_cast<char>(byte));
    std::string bytes;
    for (const int32_t id : tokenizer.Encode(text, {})) bytes += tokenizer.TokenBytes(id);
    if (!bytes.ends_with(text)) return false;
  }
  return true;
}

class TokenizerConformance : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    path_ = kFolder / ("ggml-vocab-" + std::string(GetParam()) + ".gguf");
    if (!fs::exists(path_)) GTEST_SKIP() << "no vocabularies in ../shared/data/vocab";
  }
  fs::path path_;
};

// Making a tokenizer takes long; the tests of one file share it.
const Tokenizer* Load(const fs::path& path) {
  static std::map<fs::path, std::unique_ptr<Tokenizer>> loaded;
  std::unique_ptr<Tokenizer>& tokenizer = loaded[path];
  if (tokenizer == nullptr) tokenizer = MakeTokenizer(LoadVocabulary(path));
  return tokenizer.get();
}

TEST_P(TokenizerConformance, GivesThePublishedIds) {
  const Tokenizer* const tokenizer = Load(path_);
  const auto texts = SplitTexts(ReadFile(path_.string() + ".inp"));
  const auto ids = ReadIds(path_.string() + ".out");
  ASSERT_GT(texts.size(), 40u);
  ASSERT_GE(texts.size(), ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(tokenizer->Encode(texts[i], {}), ids[i]) << "text " << i << ": " << texts[i];
    if (tokenizer->vocabulary().kind == VocabularyKind::kWordPiece) continue;  // loses capitals
    EXPECT_EQ(tokenizer->Decode(ids[i]), texts[i]);
  }
}

TEST_P(TokenizerConformance, KeepsBytesOfHostileText) {
  const Tokenizer* const tokenizer = Load(path_);
  std::string text(1 << 20, 'a');
  for (int i = 0; i < 4096; ++i) text += static_cast<char>(i * 131 + i / 256);
  text += std::string(1 << 16, ' ') + std::string(1 << 16, '\n') + "\xF0\x9F";
  std::string bytes;
  for (const int32_t id : tokenizer->Encode(text, {})) bytes += tokenizer->TokenBytes(id);
  if (!HasAllBytes(*tokenizer)) GTEST_SKIP() << "a vocabulary that cannot write every byte";
  const bool spaced = tokenizer->vocabulary().add_space_prefix;
  EXPECT_TRUE(bytes == (spaced ? " " + text : text));
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, TokenizerConformance,
                         testing::Values("bert-bge", "command-r", "deepseek-coder", "deepseek-llm",
                                         "falcon", "gemma-4", "gpt-2", "llama-bpe", "llama-spm",
                                         "phi-3", "qwen2", "qwen35", "starcoder"));

}  // namespace
}  // namespace pioneer
