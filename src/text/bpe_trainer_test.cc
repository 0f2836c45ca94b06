#include "text/bpe_trainer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/random.h"
#include "text/byte_alphabet.h"
#include "text/pre_tokenizer.h"
#include "text/tokenizer.h"

namespace pioneer {
namespace {

Vocabulary Train(const std::vector<std::string>& documents, const BpeTrainerOptions& options) {
  size_t next = 0;
  return TrainBpe(
      [&]() -> std::optional<std::string> {
        if (next == documents.size()) return std::nullopt;
        return documents[next++];
      },
      options);
}

BpeTrainerOptions Options(int vocab_size) {
  BpeTrainerOptions options;
  options.vocab_size = vocab_size;
  return options;
}

// Words from a small alphabet, so that pairs overlap and counts tie.
std::vector<std::string> RandomDocuments(uint64_t seed, int n) {
  Random random(seed);
  std::vector<std::string> documents(n);
  for (std::string& document : documents) {
    for (int i = 0; i < 200; ++i) {
      document += random.Below(4) == 0 ? ' ' : static_cast<char>('a' + random.Below(3));
    }
  }
  return documents;
}

// BPE training as the paper writes it: all pairs are counted anew for every merge.
std::vector<std::string> TrainNaively(const std::vector<std::string>& documents, int n_merges) {
  const auto byte_id = [](char c) { return c == ' ' ? 220 : c - '!'; };
  std::map<int, std::string> tokens = {{220, "Ġ"}};
  for (char c = 'a'; c <= 'c'; ++c) tokens[byte_id(c)] = std::string(1, c);
  const PreTokenizer gpt2 = MakePreTokenizer("gpt-2");
  std::vector<std::vector<int>> words;
  for (const std::string& document : documents) {
    PieceReader reader(gpt2, document);
    for (std::string_view piece; reader.Next(piece);) {
      words.emplace_back();
      for (const char byte : piece) words.back().push_back(byte_id(byte));
    }
  }
  std::vector<std::string> merges;
  for (int id = 256; static_cast<int>(merges.size()) < n_merges; ++id) {
    std::map<std::pair<int, int>, int> counts;
    for (const auto& word : words) {
      for (size_t i = 0; i + 1 < word.size(); ++i) ++counts[{word[i], word[i + 1]}];
    }
    auto best = counts.begin();
    for (auto it = counts.begin(); it != counts.end(); ++it) {
      if (it->second > best->second) best = it;
    }
    const auto [left, right] = best->first;
    merges.push_back(tokens[left] + " " + tokens[right]);
    tokens[id] = tokens[left] + tokens[right];
    for (auto& word : words) {
      for (size_t i = 0; i + 1 < word.size(); ++i) {
        if (word[i] != left || word[i + 1] != right) continue;
        word[i] = id;
        word.erase(word.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
  }
  return merges;
}

TEST(BpeTrainer, LearnsTheCommonestPairs) {
  BpeTrainerOptions options = Options(256 + 3 + 3);
  const Vocabulary vocabulary = Train({"low low low lower lowest"}, options);
  EXPECT_EQ(vocabulary.merges, (std::vector<std::string>{"l o", "lo w", "Ġ low"}));
  ASSERT_EQ(vocabulary.tokens.size(), 262u);
  EXPECT_EQ(vocabulary.tokens[0], "!");
  EXPECT_EQ(vocabulary.tokens[256], "lo");
  EXPECT_EQ(vocabulary.tokens[259], "<|endoftext|>");
  EXPECT_EQ(vocabulary.types[258], TokenType::kNormal);
  EXPECT_EQ(vocabulary.types[259], TokenType::kControl);
  EXPECT_EQ(vocabulary.bos_id, 259);
  EXPECT_EQ(vocabulary.eos_id, 259);
  EXPECT_EQ(vocabulary.eot_id, 261);
}

TEST(BpeTrainer, AgreesWithTheNaiveAlgorithm) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const auto documents = RandomDocuments(seed, 20);
    const Vocabulary vocabulary = Train(documents, Options(256 + 40 + 3));
    ASSERT_GE(vocabulary.merges.size(), 40u);
    const std::vector<std::string> first(vocabulary.merges.begin(), vocabulary.merges.begin() + 25);
    EXPECT_EQ(first, TrainNaively(documents, 25)) << "seed " << seed;
  }
}

// The whole training, merges that lead to a known token included, by counting all pairs anew.
std::vector<std::string> TrainBySlowReference(const std::vector<std::string>& documents,
                                              const std::vector<std::string>& bytes) {
  std::map<std::string, int> ids;
  std::vector<std::string> tokens = bytes;
  for (size_t id = 0; id < tokens.size(); ++id) ids[tokens[id]] = static_cast<int>(id);
  const PreTokenizer gpt2 = MakePreTokenizer("gpt-2");
  std::map<std::vector<int>, int> words;
  for (const std::string& document : documents) {
    PieceReader reader(gpt2, document);
    for (std::string_view piece; reader.Next(piece);) {
      std::vector<int> word;
      for (const char c : piece) word.push_back(ids.at(BytesToAlphabet(std::string(1, c))));
      ++words[word];
    }
  }
  std::vector<std::string> merges;
  while (true) {
    std::map<std::pair<int, int>, int> counts;
    for (const auto& [word, count] : words) {
      for (size_t i = 0; i + 1 < word.size(); ++i) counts[{word[i], word[i + 1]}] += count;
    }
    const auto rarer = [](const auto& a, const auto& b) { return a.second < b.second; };
    const auto best = std::max_element(counts.begin(), counts.end(), rarer);  // the first of equals
    if (best == counts.end() || best->second < 2) return merges;
    const auto [left, right] = best->first;
    const auto [merged, is_new] =
        ids.emplace(tokens[left] + tokens[right], static_cast<int>(tokens.size()));
    const std::string merge = tokens[left] + " " + tokens[right];
    if (std::find(merges.begin(), merges.end(), merge) == merges.end()) merges.push_back(merge);
    if (is_new) tokens.push_back(merged->first);
    std::map<std::vector<int>, int> after;
    for (const auto& [word, count] : words) {
      std::vector<int> shorter;
      for (size_t i = 0; i < word.size(); ++i) {
        const bool here = i + 1 < word.size() && word[i] == left && word[i + 1] == right;
        shorter.push_back(here ? merged->second : word[i]);
        i += here;
      }
      after[shorter] += count;
    }
    words = std::move(after);
  }
}

TEST(BpeTrainer, AgreesWithTheSlowReferenceToTheLastMerge) {
  Random random(99);
  const std::vector<std::string> stems = {"train", "token", "model", "word", "배우", "학교", "말하",
                                          "東京",  "re",    "un",    "data", "가",   "나"};
  const std::vector<std::string> endings = {"", "s", "ing", "er", "는", "에서", "을", "기", "ed"};
  std::vector<std::string> documents(40);
  for (std::string& document : documents) {
    for (int i = 0; i < 40; ++i) {
      document += stems[random.Below(stems.size())] + stems[random.Below(3)] +
                  endings[random.Below(endings.size())] + (random.Below(9) == 0 ? ". " : " ");
    }
  }
  BpeTrainerOptions options = Options(100000);
  options.n_threads = 2;
  const Vocabulary vocabulary = Train(documents, options);
  const std::vector<std::string> bytes(vocabulary.tokens.begin(), vocabulary.tokens.begin() + 256);
  EXPECT_GT(vocabulary.merges.size(), 300u);
  EXPECT_EQ(vocabulary.merges, TrainBySlowReference(documents, bytes));
}

TEST(BpeTrainer, OrderAndThreadsDoNotMatter) {
  auto documents = RandomDocuments(7, 50);
  BpeTrainerOptions options = Options(400);
  const Vocabulary one = Train(documents, options);
  std::reverse(documents.begin(), documents.end());
  options.n_threads = 3;
  const Vocabulary other = Train(documents, options);
  EXPECT_EQ(one.tokens, other.tokens);
  EXPECT_EQ(one.merges, other.merges);
}

TEST(BpeTrainer, TheResultTokenizesAndComesBack) {
  BpeTrainerOptions options = Options(320);
  options.pre_tokenizer = "qwen2";
  const std::string text = "나는 학교에 간다. I'm going to school, and 안녕하세요! 12345 \xFF\xC0";
  Vocabulary vocabulary = Train({text + text + text, "학교 학교 school school"}, options);
  const auto tokenizer = MakeTokenizer(std::move(vocabulary));
  const std::vector<int32_t> ids = tokenizer->Encode(text, {});
  EXPECT_LT(ids.size(), text.size());
  std::string bytes;
  for (const int32_t id : ids) bytes += tokenizer->TokenBytes(id);
  EXPECT_EQ(bytes, text);
  EXPECT_EQ(tokenizer->Encode("<|im_end|>", {.parse_special = true}).size(), 1u);
  EXPECT_GT(tokenizer->Encode("<|im_end|>", {}).size(), 1u);
}

TEST(BpeTrainer, StopsWhenNothingIsLeftToLearn) {
  const Vocabulary vocabulary = Train({"ab ab"}, Options(1000));
  EXPECT_EQ(vocabulary.merges, (std::vector<std::string>{"a b"}));
  EXPECT_EQ(vocabulary.tokens.size(), 256u + 1 + 3);
  EXPECT_EQ(Train({}, Options(300)).tokens.size(), 259u);
}

TEST(BpeTrainer, NeverLearnsASpecialToken) {
  BpeTrainerOptions options = Options(300);
  options.special_tokens = {"abc"};
  const Vocabulary vocabulary = Train({"abc abc abc abc"}, options);
  EXPECT_EQ(std::count(vocabulary.tokens.begin(), vocabulary.tokens.end(), "abc"), 1);
  const auto tokenizer = MakeTokenizer(vocabulary);
  EXPECT_GT(tokenizer->Encode("abc", {}).size(), 1u);
}

TEST(BpeTrainer, RefusesImpossibleOptions) {
  EXPECT_THROW(Train({}, Options(258)), Error);
  BpeTrainerOptions options = Options(300);
  options.special_tokens = {"x", "y", "y"};
  EXPECT_THROW(Train({}, options), Error);
  options = Options(300);
  options.pre_tokenizer = "nonsense";
  EXPECT_THROW(Train({}, options), Error);
}

TEST(BpeTrainer, CanBeCancelled) {
  BpeTrainerOptions options = Options(300);
  options.cancel.Cancel();
  try {
    Train({"text"}, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kCancelled);
  }
}

TEST(BpeTrainer, ReportsProgress) {
  BpeTrainerOptions options = Options(262);
  uint64_t bytes = 0;
  int merges = 0;
  options.progress = [&](const BpeTrainerProgress& progress) {
    bytes = progress.bytes_read;
    merges = progress.merges_done;
  };
  Train({"low low low lower lowest"}, options);
  EXPECT_EQ(bytes, 24u);
  EXPECT_EQ(merges, 3);
}

}  // namespace
}  // namespace pioneer
