#include "model/huggingface/tokenizer_json.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "model/huggingface/tokenizer_pipeline.h"
#include "text/marked_words.h"
#include "text/pre_tokenizer.h"
#include "text/symbol_merger.h"
#include "text/tokenizer_base.h"

namespace pioneer {
namespace {

constexpr float kScoreOfRareTokens = -1e6f;

template <typename... Args>
[[noreturn]] void Corrupt(fmt::format_string<Args...> format, Args&&... args) {
  Fail(ErrorCode::kCorruptFile, "tokenizer.json: {}",
       fmt::format(format, std::forward<Args>(args)...));
}

const Json& Member(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto found = object.find(key);
  return found == object.end() ? null : *found;
}

bool IsId(const Json& value) { return value.is_number_integer() && value.get<int64_t>() >= 0; }

bool IsTrue(const Json& object, const char* key) {
  const Json& value = Member(object, key);
  return value.is_boolean() && value.get<bool>();
}

class Reader {
 public:
  Reader(const Json& tokenizer, const Json& config, const Json& special)
      : tokenizer_(tokenizer),
        model_(Member(tokenizer, "model")),
        config_(config),
        special_(special) {}

  Vocabulary Read() {
    if (!model_.is_object()) Corrupt("there is no \"model\"");
    pipeline_ = ReadTokenizerPipeline(tokenizer_);
    vocabulary_.kind = ReadKind();
    vocabulary_.nfc = pipeline_.nfc;
    ReadTokens();
    ReadAddedTokens();
    FillHoles();
    switch (vocabulary_.kind) {
      case VocabularyKind::kByteLevelBpe:
        ReadByteLevelBpe();
        break;
      case VocabularyKind::kSentencePiece:
        ReadSentencePiece();
        break;
      case VocabularyKind::kUnigram:
        ReadUnigram();
        break;
      case VocabularyKind::kWordPiece:
        ReadWordPiece();
        break;
    }
    ReadSpecialTokens();
    return std::move(vocabulary_);
  }

 private:
  VocabularyKind ReadKind() const {
    std::string type = StringOf(model_, "type");
    if (type.empty() && model_.contains("merges")) type = "BPE";  // old files
    if (type == "Unigram") return VocabularyKind::kUnigram;
    if (type == "WordPiece") return VocabularyKind::kWordPiece;
    if (type == "BPE") {
      if (pipeline_.byte_level) return VocabularyKind::kByteLevelBpe;
      if (pipeline_.marks_spaces) return VocabularyKind::kSentencePiece;
      Fail(ErrorCode::kUnsupported,
           "tokenizer.json: BPE is supported with a \"ByteLevel\" pre-tokenizer or with spaces "
           "written as U+2581; this file has neither");
    }
    Fail(ErrorCode::kUnsupported,
         "tokenizer.json: the model \"{}\" is not supported (\"BPE\", \"Unigram\" and "
         "\"WordPiece\" are)",
         type);
  }

  void Place(size_t id, std::string token) {
    if (id >= static_cast<size_t>(MergeTable::kMaxSymbols)) {
      Corrupt("the id {} is too large; at most {} tokens are allowed", id, MergeTable::kMaxSymbols);
    }
    if (id >= taken_.size()) {
      taken_.resize(id + 1);
      vocabulary_.tokens.resize(id + 1);
      vocabulary_.types.resize(id + 1, TokenType::kNormal);
    }
    if (taken_[id]) {
      Corrupt("the id {} is that of \"{}\" and of \"{}\"", id, vocabulary_.tokens[id], token);
    }
    taken_[id] = true;
    ids_.emplace(token, static_cast<int32_t>(id));
    vocabulary_.tokens[id] = std::move(token);
  }

  // {"token": id, ...}, or for Unigram [["token", score], ...].
  void ReadTokens() {
    const Json& vocab = Member(model_, "vocab");
    if (vocabulary_.kind == VocabularyKind::kUnigram) {
      if (!vocab.is_array()) Corrupt("\"vocab\" is no list");
      for (const Json& entry : vocab) {
        if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() ||
            !entry[1].is_number()) {
          Corrupt("\"vocab\" has something else than [token, score]");
        }
        Place(vocabulary_.scores.size(), entry[0].get<std::string>());
        vocabulary_.scores.push_back(entry[1].get<float>());
      }
      return;
    }
    if (!vocab.is_object()) Corrupt("\"vocab\" is no object");
    for (const auto& [token, id] : vocab.items()) {
      if (!IsId(id)) Corrupt("the id of \"{}\" is no number", token);
      Place(id.get<uint64_t>(), token);
    }
  }

  void ReadAddedTokens() {
    const Json& added = Member(tokenizer_, "added_tokens");
    if (added.is_null()) return;
    if (!added.is_array()) Corrupt("\"added_tokens\" is no list");
    for (const Json& token : added) {
      const Json& id = Member(token, "id");
      const std::string content = StringOf(token, "content");
      if (!IsId(id) || content.empty()) {
        Corrupt("\"added_tokens\" has an entry without \"id\" and \"content\"");
      }
      const auto known = ids_.find(content);
      const bool is_known = known != ids_.end();
      if (!is_known) Place(id.get<uint64_t>(), content);
      const int32_t at = is_known ? known->second : static_cast<int32_t>(id.get<uint64_t>());
      vocabulary_.types[at] =
          IsTrue(token, "special") ? TokenType::kControl : TokenType::kUserDefined;
      const SpecialTokenRule rule = {at, IsTrue(token, "lstrip"), IsTrue(token, "rstrip"),
                                     IsTrue(token, "single_word")};
      if (rule.strip_left || rule.strip_right || rule.single_word) {
        vocabulary_.special_rules.push_back(rule);
      }
    }
  }

  void FillHoles() {
    for (size_t id = 0; id < taken_.size(); ++id) {
      if (taken_[id]) continue;
      Place(id, fmt::format("[UNUSED{}]", id));
      vocabulary_.types[id] = TokenType::kUnused;
    }
    if (!vocabulary_.scores.empty()) vocabulary_.scores.resize(taken_.size(), kScoreOfRareTokens);
  }

  void ReadMerges() {
    const Json& merges = Member(model_, "merges");
    if (!merges.is_array()) Corrupt("\"merges\" is no list");
    vocabulary_.merges.reserve(merges.size());
    for (const Json& merge : merges) {
      if (merge.is_string()) {
        vocabulary_.merges.push_back(merge.get<std::string>());
      } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
                 merge[1].is_string()) {
        vocabulary_.merges.push_back(merge[0].get<std::string>() + " " +
                                     merge[1].get<std::string>());
      } else {
        Corrupt("\"merges\" has something else than a pair of tokens");
      }
    }
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (StringOf(model_, key).empty()) continue;
      Fail(ErrorCode::kUnsupported, "tokenizer.json: \"{}\" is not supported", key);
    }
  }

  void ReadByteLevelBpe() {
    ReadMerges();
    vocabulary_.ignore_merges = IsTrue(model_, "ignore_merges");
    vocabulary_.add_space_prefix = false;
    if (pipeline_.marks_spaces || !pipeline_.charsmap.empty()) {
      Fail(ErrorCode::kUnsupported,
           "tokenizer.json: byte-level BPE with a normalizer of spaces is not supported");
    }
    const std::vector<std::string_view> expressions(pipeline_.expressions.begin(),
                                                    pipeline_.expressions.end());
    const NamedPreTokenizer* const known = FindPreTokenizer(expressions, vocabulary_.ignore_merges);
    vocabulary_.pre_tokenizer = known != nullptr ? known->name : "custom";
    if (known != nullptr) return;
    if (expressions.empty()) {
      Fail(ErrorCode::kUnsupported, "tokenizer.json: byte-level BPE without a pre-tokenizer");
    }
    PreTokenizer{expressions};  // refuses what it cannot do
    vocabulary_.split_expressions = pipeline_.expressions;
  }

  void MarkByteTokens() {
    if (!IsTrue(model_, "byte_fallback")) return;
    for (size_t id = 0; id < vocabulary_.tokens.size(); ++id) {
      if (vocabulary_.types[id] == TokenType::kNormal &&
          ByteTokenValue(vocabulary_.tokens[id]) >= 0) {
        vocabulary_.types[id] = TokenType::kByte;
      }
    }
  }

  void ReadSentencePiece() {
    ReadMerges();
    MarkByteTokens();
    vocabulary_.add_space_prefix = pipeline_.add_space_prefix;
    if (!pipeline_.expressions.empty() || !pipeline_.charsmap.empty()) {
      Fail(ErrorCode::kUnsupported,
           "tokenizer.json: BPE over marked spaces with a pre-tokenizer or a character map of its "
           "own is not supported");
    }
    if (std::vector<float> scores = ScoresFromMerges(); !scores.empty()) {
      vocabulary_.scores = std::move(scores);
      vocabulary_.merges.clear();
    }
  }

  // Files converted from SentencePiece list, best token first, every pair that makes a token. Then
  // scores say the same, and programs that know only scores can use them. Empty where the list says
  // something else.
  std::vector<float> ScoresFromMerges() const {
    std::vector<float> scores(vocabulary_.tokens.size(), kScoreOfRareTokens);
    std::vector<int> n_listed(vocabulary_.tokens.size());
    int32_t last = -1;
    float next = 0;
    std::string merged;
    for (const std::string& merge : vocabulary_.merges) {
      const size_t space = merge.find(' ', 1);
      if (space == std::string::npos) return {};
      merged.assign(merge, 0, space).append(merge, space + 1);
      const auto result = ids_.find(merged);
      if (result == ids_.end()) return {};
      const int32_t id = result->second;
      if (id != last && n_listed[id] > 0) return {};  // a better token stands between
      if (id != last) scores[id] = next--;
      last = id;
      ++n_listed[id];
    }
    for (size_t id = 0; id < scores.size(); ++id) {
      if (vocabulary_.types[id] == TokenType::kNormal && n_listed[id] != CountPairs(id)) return {};
    }
    return scores;
  }

  // The ways to make a token of two others.
  int CountPairs(size_t id) const {
    const std::string_view token = vocabulary_.tokens[id];
    int n = 0;
    for (size_t cut = 0; cut < token.size();) {
      cut += static_cast<size_t>(DecodeUtf8(token.substr(cut)).length);
      n += cut < token.size() && IsPlain(token.substr(0, cut)) && IsPlain(token.substr(cut));
    }
    return n;
  }
  bool IsPlain(std::string_view token) const {
    const auto found = ids_.find(std::string(token));
    return found != ids_.end() && vocabulary_.types[found->second] == TokenType::kNormal;
  }

  void ReadUnigram() {
    MarkByteTokens();
    if (!pipeline_.marks_spaces || pipeline_.byte_level || !pipeline_.expressions.empty()) {
      Fail(ErrorCode::kUnsupported,
           "tokenizer.json: Unigram is supported with spaces written as U+2581 only");
    }
    const Json& unknown = Member(model_, "unk_id");
    if (IsId(unknown) && unknown.get<uint64_t>() < vocabulary_.tokens.size()) {
      vocabulary_.unknown_id = unknown.get<int32_t>();
      vocabulary_.types[vocabulary_.unknown_id] = TokenType::kUnknown;
    }
    vocabulary_.charsmap = pipeline_.charsmap;
    vocabulary_.add_space_prefix = pipeline_.add_space_prefix;
    vocabulary_.remove_extra_whitespace = pipeline_.remove_extra_whitespace;
  }

  // "##x" goes on with a word, other plain tokens begin one.
  void ReadWordPiece() {
    if (!pipeline_.is_bert) {
      Fail(ErrorCode::kUnsupported,
           "tokenizer.json: WordPiece is supported with BERT's normalizer and pre-tokenizer only");
    }
    std::string prefix = StringOf(model_, "continuing_subword_prefix");
    if (prefix.empty()) prefix = "##";
    for (size_t id = 0; id < vocabulary_.tokens.size(); ++id) {
      if (vocabulary_.types[id] != TokenType::kNormal) continue;
      std::string& token = vocabulary_.tokens[id];
      if (token.starts_with(prefix) && token.size() > prefix.size()) {
        token.erase(0, prefix.size());
      } else {
        token.insert(0, kSpaceMark);
      }
    }
    vocabulary_.lowercase = pipeline_.lowercase;
    vocabulary_.strip_accents = pipeline_.strip_accents;
    vocabulary_.add_space_prefix = false;
  }

  // A token that the other files name by its text, or by {"content": text}.
  int32_t SpecialId(const char* key) const {
    for (const Json* file : {&config_, &special_}) {
      const Json& value = Member(*file, key);
      const std::string text =
          value.is_string() ? value.get<std::string>() : StringOf(value, "content");
      const int32_t id = IdOf(text);
      if (id >= 0) return id;
    }
    return -1;
  }
  int32_t IdOf(const std::string& token) const {
    const auto found = ids_.find(token);
    return found == ids_.end() ? -1 : found->second;
  }

  void ReadSpecialTokens() {
    vocabulary_.bos_id = SpecialId("bos_token");
    vocabulary_.eos_id = SpecialId("eos_token");
    vocabulary_.padding_id = SpecialId("pad_token");
    vocabulary_.separator_id = SpecialId("sep_token");
    vocabulary_.mask_id = SpecialId("mask_token");
    if (vocabulary_.unknown_id < 0) vocabulary_.unknown_id = IdOf(StringOf(model_, "unk_token"));
    if (vocabulary_.unknown_id < 0) vocabulary_.unknown_id = SpecialId("unk_token");
    vocabulary_.add_bos = IsTrue(config_, "add_bos_token");
    vocabulary_.add_eos = IsTrue(config_, "add_eos_token");
    if (pipeline_.has_template) ReadTemplate();
    if (vocabulary_.bos_id < 0) vocabulary_.add_bos = false;
    if (vocabulary_.eos_id < 0) vocabulary_.add_eos = false;
  }

  // The template says best what a text stands between. BERT's last token is a separator, that of
  // others ends the text.
  void ReadTemplate() {
    const int32_t first = IdOf(pipeline_.first), last = IdOf(pipeline_.last);
    vocabulary_.add_bos = first >= 0;
    if (first >= 0) vocabulary_.bos_id = first;
    const bool separates =
        vocabulary_.kind == VocabularyKind::kWordPiece && last == vocabulary_.separator_id;
    vocabulary_.add_separator = last >= 0 && separates;
    vocabulary_.add_eos = last >= 0 && !separates;
    if (vocabulary_.add_eos) vocabulary_.eos_id = last;
  }

  const Json& tokenizer_;
  const Json& model_;
  const Json& config_;
  const Json& special_;
  TokenizerPipeline pipeline_;
  Vocabulary vocabulary_;
  std::vector<bool> taken_;                       // ids that have a token
  std::unordered_map<std::string, int32_t> ids_;  // as the file writes the tokens
};

}  // namespace

Vocabulary ReadTokenizerJson(const Json& tokenizer, const Json& tokenizer_config,
                             const Json& special_tokens_map) {
  return Reader(tokenizer, tokenizer_config, special_tokens_map).Read();
}

}  // namespace pioneer
