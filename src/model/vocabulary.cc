#include "model/vocabulary.h"

#include <limits>
#include <utility>

#include "base/error.h"
#include "text/pre_tokenizer.h"

namespace pioneer {
namespace {

const std::string kPrefix = "tokenizer.ggml.";
// Pioneer's own keys, for what tokenizer.json can say and GGUF has no key or name for.
const std::string kSplitExpressions = "tokenizer.pioneer.split_expressions";
const std::string kIgnoreMerges = "tokenizer.pioneer.ignore_merges";
const std::string kNfc = "tokenizer.pioneer.nfc";
const std::string kSpecialRules = "tokenizer.pioneer.special_token_rules";

constexpr std::pair<std::string_view, VocabularyKind> kKinds[] = {
    {"gpt2", VocabularyKind::kByteLevelBpe},
    {"llama", VocabularyKind::kSentencePiece},
    {"gemma4", VocabularyKind::kSentencePiece},
    {"t5", VocabularyKind::kUnigram},
    {"bert", VocabularyKind::kWordPiece}};

VocabularyKind ReadKind(const GgufFile& file, const std::string& model) {
  for (const auto& [name, kind] : kKinds) {
    if (name == model) return kind;
  }
  Fail(ErrorCode::kUnsupported,
       "{}: tokenizer \"{}\" is not supported (\"gpt2\", \"llama\", \"gemma4\", \"t5\" and "
       "\"bert\" are)",
       file.name(), model);
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

const std::vector<std::string>& ReadMerges(const GgufFile& file) {
  const std::vector<std::string>* merges = file.Strings(kPrefix + "merges");
  if (merges != nullptr) return *merges;
  Fail(ErrorCode::kCorruptFile, "{}: key \"{}merges\" is missing", file.name(), kPrefix);
}

void ReadByteLevelBpe(const GgufFile& file, Vocabulary& vocabulary) {
  vocabulary.merges = ReadMerges(file);
  if (const auto* expressions = file.Strings(kSplitExpressions)) {
    vocabulary.split_expressions = *expressions;
    vocabulary.ignore_merges = file.Bool(kIgnoreMerges, false);
  }
  // Some pre-tokenizers' models expect a BOS, and take a piece that is in the vocabulary whole,
  // though their files do not say so.
  const NamedPreTokenizer* const known = FindPreTokenizer(vocabulary.pre_tokenizer);
  if (known != nullptr && vocabulary.split_expressions.empty()) {
    vocabulary.ignore_merges = known->ignore_merges;
    vocabulary.add_bos = known->add_bos;
  }
  vocabulary.add_space_prefix = false;
}

void ReadSentencePiece(const GgufFile& file, const std::string& model, Vocabulary& vocabulary) {
  vocabulary.add_bos = true;
  vocabulary.add_space_prefix = model == "llama";
  if (model == "llama") {
    vocabulary.scores = ReadScores(file, vocabulary.tokens.size());
  } else {
    vocabulary.merges = ReadMerges(file);
  }
}

// An array of signed or unsigned bytes; "" when missing.
std::string ReadBytes(const GgufFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  if (found == file.metadata().end()) return "";
  if (const auto* bytes = std::get_if<std::vector<uint64_t>>(&found->second)) {
    return {bytes->begin(), bytes->end()};
  }
  const std::vector<int64_t>& bytes = *file.Ints(key);
  return {bytes.begin(), bytes.end()};
}

void ReadUnigram(const GgufFile& file, Vocabulary& vocabulary) {
  vocabulary.scores = ReadScores(file, vocabulary.tokens.size());
  vocabulary.charsmap = ReadBytes(file, kPrefix + "precompiled_charsmap");
  vocabulary.add_eos = true;
  vocabulary.add_space_prefix = false;
  vocabulary.remove_extra_whitespace = file.Bool(kPrefix + "remove_extra_whitespaces", false);
}

void ReadWordPiece(const GgufFile& file, Vocabulary& vocabulary) {
  vocabulary.add_bos = vocabulary.add_separator = true;
  vocabulary.add_space_prefix = false;
  vocabulary.lowercase = file.Bool(kPrefix + "normalizer.lowercase", true);
  vocabulary.strip_accents = file.Bool(kPrefix + "normalizer.strip_accents", vocabulary.lowercase);
}

// Two numbers a token: its id, and flags.
constexpr int32_t kStripLeft = 1, kStripRight = 2, kSingleWord = 4;

void ReadSpecialRules(const GgufFile& file, Vocabulary& vocabulary) {
  const std::vector<int64_t>* rules = file.Ints(kSpecialRules);
  if (rules == nullptr) return;
  if (rules->size() % 2 != 0) {
    Fail(ErrorCode::kCorruptFile, "{}: key \"{}\" has {} numbers, which are no pairs", file.name(),
         kSpecialRules, rules->size());
  }
  for (size_t i = 0; i < rules->size(); i += 2) {
    const int64_t id = (*rules)[i], flags = (*rules)[i + 1];
    if (id < 0 || id >= static_cast<int64_t>(vocabulary.tokens.size())) {
      Fail(ErrorCode::kCorruptFile, "{}: key \"{}\" names token {}, but there are {}", file.name(),
           kSpecialRules, id, vocabulary.tokens.size());
    }
    vocabulary.special_rules.push_back({static_cast<int32_t>(id), (flags & kStripLeft) != 0,
                                        (flags & kStripRight) != 0, (flags & kSingleWord) != 0});
  }
}

void SaveSpecialRules(const Vocabulary& vocabulary, GgufWriter& writer) {
  std::vector<int32_t> rules;
  for (const SpecialTokenRule& rule : vocabulary.special_rules) {
    rules.push_back(rule.id);
    rules.push_back((rule.strip_left ? kStripLeft : 0) | (rule.strip_right ? kStripRight : 0) |
                    (rule.single_word ? kSingleWord : 0));
  }
  if (!rules.empty()) writer.SetI32s(kSpecialRules, std::move(rules));
}

// The numbers that hold where a file does not name these tokens: SentencePiece's own, T5's, BERT's.
// A byte-level vocabulary has no such convention.
struct ConventionalIds {
  int bos = -1, eos = -1, unknown = -1, separator = -1, padding = -1, mask = -1;
};

ConventionalIds ConventionalIdsOf(const Vocabulary& vocabulary) {
  const size_t n = vocabulary.tokens.size();
  const bool by_score =
      vocabulary.kind == VocabularyKind::kSentencePiece && vocabulary.merges.empty();
  if (by_score && n > 2) return {.bos = 1, .eos = 2, .unknown = 0};
  if (vocabulary.kind == VocabularyKind::kUnigram && n > 2) {
    return {.eos = 1, .unknown = 2, .padding = 0};
  }
  if (vocabulary.kind == VocabularyKind::kWordPiece && n > 103) {
    return {.bos = 101, .unknown = 100, .separator = 102, .padding = 0, .mask = 103};
  }
  return {};
}

void ReadSpecialIds(const GgufFile& file, Vocabulary& vocabulary) {
  const ConventionalIds otherwise = ConventionalIdsOf(vocabulary);
  const auto read = [&](const char* key, int64_t default_id) {
    return ReadId(file, key, vocabulary.tokens.size(), default_id);
  };
  vocabulary.bos_id = read("bos_token_id", read("cls_token_id", otherwise.bos));
  vocabulary.eos_id = read("eos_token_id", otherwise.eos);
  vocabulary.unknown_id = read("unknown_token_id", otherwise.unknown);
  vocabulary.eot_id = read("eot_token_id", -1);
  vocabulary.padding_id = read("padding_token_id", otherwise.padding);
  vocabulary.separator_id = read("seperator_token_id", otherwise.separator);  // so spelt in GGUF
  vocabulary.mask_id = read("mask_token_id", otherwise.mask);
  FillInTheMiddleIds& fim = vocabulary.fill_in_the_middle;
  fim.prefix = read("fim_pre_token_id", read("prefix_token_id", -1));
  fim.suffix = read("fim_suf_token_id", read("suffix_token_id", -1));
  fim.middle = read("fim_mid_token_id", read("middle_token_id", -1));
  fim.padding = read("fim_pad_token_id", -1);
  fim.repository = read("fim_rep_token_id", -1);
  fim.file_separator = read("fim_sep_token_id", -1);
}

}  // namespace

Vocabulary LoadVocabulary(const GgufFile& file) {
  Vocabulary vocabulary;
  const std::string model = file.String(kPrefix + "model");
  vocabulary.kind = ReadKind(file, model);
  vocabulary.pre_tokenizer = file.String(kPrefix + "pre", "default");
  const std::vector<std::string>* tokens = file.Strings(kPrefix + "tokens");
  if (tokens == nullptr || tokens->empty()) {
    Fail(ErrorCode::kCorruptFile, "{}: key \"{}tokens\" is missing or empty", file.name(), kPrefix);
  }
  vocabulary.tokens = *tokens;
  vocabulary.types = ReadTypes(file, tokens->size());
  switch (vocabulary.kind) {
    case VocabularyKind::kByteLevelBpe:
      ReadByteLevelBpe(file, vocabulary);
      break;
    case VocabularyKind::kSentencePiece:
      ReadSentencePiece(file, model, vocabulary);
      break;
    case VocabularyKind::kUnigram:
      ReadUnigram(file, vocabulary);
      break;
    case VocabularyKind::kWordPiece:
      ReadWordPiece(file, vocabulary);
      break;
  }
  ReadSpecialIds(file, vocabulary);
  vocabulary.nfc = file.Bool(kNfc, false);
  ReadSpecialRules(file, vocabulary);
  vocabulary.add_bos = file.Bool(kPrefix + "add_bos_token", vocabulary.add_bos);
  if (model == "gemma4") vocabulary.add_bos = true;  // some of its files deny it wrongly
  vocabulary.add_eos = file.Bool(kPrefix + "add_eos_token", vocabulary.add_eos);
  vocabulary.add_separator = file.Bool(kPrefix + "add_sep_token", vocabulary.add_separator);
  vocabulary.add_space_prefix =
      file.Bool(kPrefix + "add_space_prefix", vocabulary.add_space_prefix);
  return vocabulary;
}

namespace {

const char* ModelName(const Vocabulary& vocabulary) {
  switch (vocabulary.kind) {
    case VocabularyKind::kSentencePiece:
      return vocabulary.merges.empty() ? "llama" : "gemma4";
    case VocabularyKind::kUnigram:
      return "t5";
    case VocabularyKind::kWordPiece:
      return "bert";
    case VocabularyKind::kByteLevelBpe:
      break;
  }
  return "gpt2";
}

void SaveSpecialIds(const Vocabulary& vocabulary, GgufWriter& writer) {
  const FillInTheMiddleIds& fim = vocabulary.fill_in_the_middle;
  const std::pair<const char*, int32_t> ids[] = {{"bos_token_id", vocabulary.bos_id},
                                                 {"eos_token_id", vocabulary.eos_id},
                                                 {"eot_token_id", vocabulary.eot_id},
                                                 {"unknown_token_id", vocabulary.unknown_id},
                                                 {"padding_token_id", vocabulary.padding_id},
                                                 {"seperator_token_id", vocabulary.separator_id},
                                                 {"mask_token_id", vocabulary.mask_id},
                                                 {"fim_pre_token_id", fim.prefix},
                                                 {"fim_suf_token_id", fim.suffix},
                                                 {"fim_mid_token_id", fim.middle},
                                                 {"fim_pad_token_id", fim.padding},
                                                 {"fim_rep_token_id", fim.repository},
                                                 {"fim_sep_token_id", fim.file_separator}};
  for (const auto& [key, id] : ids) {
    if (id >= 0) writer.SetU32(kPrefix + key, static_cast<uint32_t>(id));
  }
}

}  // namespace

void SaveVocabulary(const Vocabulary& vocabulary, GgufWriter& writer) {
  writer.SetString(kPrefix + "model", ModelName(vocabulary));
  writer.SetString(kPrefix + "pre",
                   vocabulary.pre_tokenizer.empty() ? "default" : vocabulary.pre_tokenizer);
  writer.SetStrings(kPrefix + "tokens", vocabulary.tokens);
  if (!vocabulary.scores.empty()) writer.SetF32s(kPrefix + "scores", vocabulary.scores);
  std::vector<int32_t> types(vocabulary.tokens.size(), static_cast<int32_t>(TokenType::kNormal));
  for (size_t i = 0; i < vocabulary.types.size(); ++i) {
    types[i] = static_cast<int32_t>(vocabulary.types[i]);
  }
  writer.SetI32s(kPrefix + "token_type", std::move(types));
  const bool is_bpe = vocabulary.kind == VocabularyKind::kByteLevelBpe;
  if (is_bpe || !vocabulary.merges.empty()) {
    writer.SetStrings(kPrefix + "merges", vocabulary.merges);
  }
  if (!vocabulary.split_expressions.empty()) {
    writer.SetStrings(kSplitExpressions, vocabulary.split_expressions);
    writer.SetBool(kIgnoreMerges, vocabulary.ignore_merges);
  }
  SaveSpecialIds(vocabulary, writer);
  if (vocabulary.nfc) writer.SetBool(kNfc, true);
  SaveSpecialRules(vocabulary, writer);
  writer.SetBool(kPrefix + "add_bos_token", vocabulary.add_bos);
  writer.SetBool(kPrefix + "add_eos_token", vocabulary.add_eos);
  if (vocabulary.add_separator) writer.SetBool(kPrefix + "add_sep_token", true);
  if (!is_bpe) writer.SetBool(kPrefix + "add_space_prefix", vocabulary.add_space_prefix);
  if (vocabulary.kind == VocabularyKind::kUnigram) {
    writer.SetBool(kPrefix + "remove_extra_whitespaces", vocabulary.remove_extra_whitespace);
    if (!vocabulary.charsmap.empty()) {
      writer.SetBytes(kPrefix + "precompiled_charsmap", vocabulary.charsmap);
    }
  }
  if (vocabulary.kind == VocabularyKind::kWordPiece) {
    writer.SetBool(kPrefix + "normalizer.lowercase", vocabulary.lowercase);
    writer.SetBool(kPrefix + "normalizer.strip_accents", vocabulary.strip_accents);
  }
}

}  // namespace pioneer
