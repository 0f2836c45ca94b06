#include "model/vocabulary.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/error.h"

namespace pioneer {
namespace {

const std::string kPrefix = "tokenizer.ggml.";

VocabularyKind ReadKind(const GgufFile& file) {
  const std::string model = file.String(kPrefix + "model");
  if (model == "gpt2") return VocabularyKind::kByteLevelBpe;
  if (model == "llama") return VocabularyKind::kSentencePiece;
  Fail(ErrorCode::kUnsupported,
       "{}: tokenizer \"{}\" is not supported (\"gpt2\" and \"llama\" are)", file.name(), model);
}

// Pre-tokenizers whose models expect a BOS and take a pre-token that is in the vocabulary whole,
// though their files do not say so.
bool IsLlama3Like(const std::string& pre) {
  static constexpr std::array<std::string_view, 10> kNames = {
      "llama3",  "llama-v3", "llama-bpe", "falcon3",      "falcon-h1",
      "pixtral", "midm-2.0", "lfm2",      "jina-v5-nano", "tekken"};
  return std::find(kNames.begin(), kNames.end(), pre) != kNames.end();
}

void CheckLength(const GgufFile& file, const char* key, size_t found, size_t expected) {
  if (found == expected) return;
  Fail(ErrorCode::kCorruptFile, "{}: key \"{}{}\" has {} items for {} tokens", file.name(), kPrefix,
       key, found, expected);
}

std::vector<float> ReadScores(const GgufFile& file, size_t n_tokens) {
  const std::vector<double>* scores = file.Floats(kPrefix + "scores");
  if (scores == nullptr) return std::vector<float>(n_tokens, 0.0f);
  CheckLength(file, "scores", scores->size(), n_tokens);
  return {scores->begin(), scores->end()};
}

std::vector<TokenType> ReadTypes(const GgufFile& file, size_t n_tokens) {
  const std::vector<int64_t>* types = file.Ints(kPrefix + "token_type");
  if (types == nullptr) return {};
  CheckLength(file, "token_type", types->size(), n_tokens);
  std::vector<TokenType> result;
  result.reserve(n_tokens);
  for (const int64_t type : *types) {
    if (type < 0 || type > 6) {
      Fail(ErrorCode::kCorruptFile, "{}: key \"{}token_type\" has the unknown type {}", file.name(),
           kPrefix, type);
    }
    // 0, "undefined", stands for an ordinary token in old files.
    result.push_back(type == 0 ? TokenType::kNormal : static_cast<TokenType>(type));
  }
  return result;
}

// Some converters write "none" as -1 or 2^32 - 1.
int32_t ReadId(const GgufFile& file, const char* key, size_t n_tokens, int64_t default_id) {
  const int64_t id = file.Int(kPrefix + key, default_id);
  if (id == -1 || id == std::numeric_limits<uint32_t>::max()) return -1;
  if (id < 0 || id >= static_cast<int64_t>(n_tokens)) {
    Fail(ErrorCode::kCorruptFile, "{}: key \"{}{}\" is {}, but there are {} tokens", file.name(),
         kPrefix, key, id, n_tokens);
  }
  return static_cast<int32_t>(id);
}

void ReadByteLevelBpe(const GgufFile& file, Vocabulary& vocabulary) {
  const std::vector<std::string>* merges = file.Strings(kPrefix + "merges");
  if (merges == nullptr) {
    Fail(ErrorCode::kCorruptFile, "{}: key \"{}merges\" is missing", file.name(), kPrefix);
  }
  vocabulary.merges = *merges;
  vocabulary.ignore_merges = IsLlama3Like(vocabulary.pre_tokenizer);
  vocabulary.add_bos = vocabulary.ignore_merges;
  vocabulary.add_space_prefix = false;
}

void ReadSentencePiece(const GgufFile& file, Vocabulary& vocabulary) {
  vocabulary.scores = ReadScores(file, vocabulary.tokens.size());
  vocabulary.add_bos = true;
  vocabulary.add_space_prefix = true;
}

// SentencePiece's own numbers hold where a file does not name these tokens; a byte-level
// vocabulary has no such convention.
void ReadSpecialIds(const GgufFile& file, Vocabulary& vocabulary) {
  const size_t n = vocabulary.tokens.size();
  const bool conventional = vocabulary.kind == VocabularyKind::kSentencePiece && n > 2;
  vocabulary.bos_id = ReadId(file, "bos_token_id", n, conventional ? 1 : -1);
  vocabulary.eos_id = ReadId(file, "eos_token_id", n, conventional ? 2 : -1);
  vocabulary.unknown_id = ReadId(file, "unknown_token_id", n, conventional ? 0 : -1);
  vocabulary.eot_id = ReadId(file, "eot_token_id", n, -1);
  vocabulary.padding_id = ReadId(file, "padding_token_id", n, -1);
}

}  // namespace

Vocabulary LoadVocabulary(const GgufFile& file) {
  Vocabulary vocabulary;
  vocabulary.kind = ReadKind(file);
  vocabulary.pre_tokenizer = file.String(kPrefix + "pre", "default");
  const std::vector<std::string>* tokens = file.Strings(kPrefix + "tokens");
  if (tokens == nullptr || tokens->empty()) {
    Fail(ErrorCode::kCorruptFile, "{}: key \"{}tokens\" is missing or empty", file.name(), kPrefix);
  }
  vocabulary.tokens = *tokens;
  vocabulary.types = ReadTypes(file, tokens->size());
  if (vocabulary.kind == VocabularyKind::kByteLevelBpe) {
    ReadByteLevelBpe(file, vocabulary);
  } else {
    ReadSentencePiece(file, vocabulary);
  }
  ReadSpecialIds(file, vocabulary);
  vocabulary.add_bos = file.Bool(kPrefix + "add_bos_token", vocabulary.add_bos);
  vocabulary.add_eos = file.Bool(kPrefix + "add_eos_token", false);
  vocabulary.add_space_prefix =
      file.Bool(kPrefix + "add_space_prefix", vocabulary.add_space_prefix);
  return vocabulary;
}

void SaveVocabulary(const Vocabulary& vocabulary, GgufWriter& writer) {
  const bool is_bpe = vocabulary.kind == VocabularyKind::kByteLevelBpe;
  writer.SetString(kPrefix + "model", is_bpe ? "gpt2" : "llama");
  writer.SetString(kPrefix + "pre", vocabulary.pre_tokenizer);
  writer.SetStrings(kPrefix + "tokens", vocabulary.tokens);
  if (!vocabulary.scores.empty()) writer.SetF32s(kPrefix + "scores", vocabulary.scores);
  std::vector<int32_t> types(vocabulary.tokens.size(), static_cast<int32_t>(TokenType::kNormal));
  for (size_t i = 0; i < vocabulary.types.size(); ++i) {
    types[i] = static_cast<int32_t>(vocabulary.types[i]);
  }
  writer.SetI32s(kPrefix + "token_type", std::move(types));
  if (is_bpe) writer.SetStrings(kPrefix + "merges", vocabulary.merges);
  const auto set_id = [&writer](const char* key, int32_t id) {
    if (id >= 0) writer.SetU32(kPrefix + key, static_cast<uint32_t>(id));
  };
  set_id("bos_token_id", vocabulary.bos_id);
  set_id("eos_token_id", vocabulary.eos_id);
  set_id("eot_token_id", vocabulary.eot_id);
  set_id("unknown_token_id", vocabulary.unknown_id);
  set_id("padding_token_id", vocabulary.padding_id);
  writer.SetBool(kPrefix + "add_bos_token", vocabulary.add_bos);
  writer.SetBool(kPrefix + "add_eos_token", vocabulary.add_eos);
  if (!is_bpe) writer.SetBool(kPrefix + "add_space_prefix", vocabulary.add_space_prefix);
}

}  // namespace pioneer
