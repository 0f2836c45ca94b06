// Why: a tokenizer.json that is read slightly wrong still answers, only worse; so layouts are told
// apart here one by one.
#include "model/huggingface/tokenizer_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "base/error.h"
#include "model/huggingface/tokenizer_pipeline.h"
#include "text/byte_alphabet.h"
#include "text/tokenizer.h"

namespace pioneer {
namespace {

using ::testing::HasSubstr;
using Ids = std::vector<int32_t>;

// A sequence of this part and a ByteLevel.
Json WithByteLevel(const char* part, bool use_regex) {
  const Json byte_level = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", use_regex}};
  Json sequence = {{"type", "Sequence"}};
  sequence["pretokenizers"] = Json::array({ParseJson(part), byte_level});
  return sequence;
}

Json Split(const char* expression) {
  return {{"type", "Split"}, {"pattern", {{"Regex", expression}}}, {"behavior", "Isolated"}};
}

// 256 bytes, two merges, two added tokens.
Json Gpt2() {
  Json json = ParseJson(R"({
    "model": {"type": "BPE", "vocab": {"ab": 256, "abc": 257}, "merges": ["a b", ["ab", "c"]]},
    "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
    "added_tokens": [{"id": 258, "content": "<|end|>", "special": true},
                     {"id": 260, "content": "<think>", "special": false}]})");
  for (int byte = 0; byte < 256; ++byte) {
    json["model"]["vocab"][BytesToAlphabet(std::string(1, static_cast<char>(byte)))] = byte;
  }
  return json;
}

Json Llama2() {
  Json json = ParseJson(R"({
    "model": {"type": "BPE", "byte_fallback": true, "unk_token": "<unk>",
              "vocab": {"<unk>": 0, "<s>": 1, "</s>": 2, "▁": 259, "a": 260, "b": 261, "ab": 262,
                        "▁ab": 263},
              "merges": ["a b", "▁ ab"]},
    "normalizer": {"type": "Sequence", "normalizers": [
      {"type": "Prepend", "prepend": "▁"},
      {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
    "post_processor": {"type": "TemplateProcessing", "single": [
      {"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}]},
    "added_tokens": [{"id": 0, "content": "<unk>", "special": true},
                     {"id": 1, "content": "<s>", "special": true},
                     {"id": 2, "content": "</s>", "special": true}]})");
  for (int byte = 0; byte < 256; ++byte) {
    json["model"]["vocab"][fmt::format("<0x{:02X}>", byte)] = 3 + byte;
  }
  return json;
}

Json XlmRoberta() {
  return ParseJson(R"({
    "model": {"type": "Unigram", "unk_id": 3,
              "vocab": [["<s>", 0], ["<pad>", 0], ["</s>", 0], ["<unk>", 0], ["▁", -2], ["a", -3],
                        ["▁a", -2.5]]},
    "normalizer": {"type": "Precompiled", "precompiled_charsmap": ""},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "WhitespaceSplit"},
      {"type": "Metaspace", "replacement": "▁", "add_prefix_space": true}]},
    "post_processor": {"type": "TemplateProcessing", "single": [
      {"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}},
      {"SpecialToken": {"id": "</s>"}}]},
    "added_tokens": [{"id": 0, "content": "<s>", "special": true},
                     {"id": 2, "content": "</s>", "special": true}]})");
}

Json Bert() {
  return ParseJson(R"({
    "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
              "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "un": 3, "##aff": 4}},
    "normalizer": {"type": "BertNormalizer", "lowercase": true, "strip_accents": null},
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "TemplateProcessing", "single": [
      {"SpecialToken": {"id": "[CLS]"}}, {"Sequence": {"id": "A"}},
      {"SpecialToken": {"id": "[SEP]"}}]},
    "added_tokens": [{"id": 0, "content": "[UNK]", "special": true},
                     {"id": 1, "content": "[CLS]", "special": true},
                     {"id": 2, "content": "[SEP]", "special": true}]})");
}

std::string ErrorOf(const Json& tokenizer, ErrorCode code) {
  try {
    ReadTokenizerJson(tokenizer, Json(), Json());
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "accepted";
  return "";
}

TEST(TokenizerJson, ByteLevelBpe) {
  const Vocabulary vocabulary =
      ReadTokenizerJson(Gpt2(), {{"eos_token", {{"content", "<|end|>"}}}}, Json());
  EXPECT_EQ(vocabulary.pre_tokenizer, "gpt-2");
  EXPECT_EQ(vocabulary.eos_id, 258);
  EXPECT_EQ(vocabulary.types[258], TokenType::kControl);
  EXPECT_EQ(vocabulary.types[259], TokenType::kUnused);  // nobody's id
  EXPECT_EQ(vocabulary.types[260], TokenType::kUserDefined);
  EXPECT_FALSE(vocabulary.add_bos);
  const auto tokenizer = MakeTokenizer(vocabulary);
  EXPECT_EQ(tokenizer->Encode("abc<think>ab", {}), (Ids{257, 260, 256}));
}

TEST(TokenizerJson, PreTokenizersAreKnownOrCarriedAlong) {
  Json json = Gpt2();
  json["pre_tokenizer"] = WithByteLevel(R"({"type": "Digits", "individual_digits": true})", true);
  EXPECT_EQ(ReadTokenizerJson(json, Json(), Json()).pre_tokenizer, "starcoder");
  json["pre_tokenizer"] = WithByteLevel(DumpJson(Split("a|.")).c_str(), false);
  const Vocabulary own = ReadTokenizerJson(json, Json(), Json());
  EXPECT_EQ(own.split_expressions, std::vector<std::string>{"a|."});
  EXPECT_EQ(MakeTokenizer(own)->Encode("abc", {}).size(), 3u);
  json["pre_tokenizer"]["pretokenizers"][0] = Split("(?<=a)b");
  EXPECT_THAT(ErrorOf(json, ErrorCode::kUnsupported), HasSubstr("(?<=a)b"));
  json["pre_tokenizer"] = {{"type", "UnicodeScripts"}};
  EXPECT_THAT(ErrorOf(json, ErrorCode::kUnsupported), HasSubstr("UnicodeScripts"));
}

// An added token with fields like "lstrip".
Json Added(int id, const char* content, bool special, std::initializer_list<const char*> fields) {
  Json token = {{"id", id}, {"content", content}, {"special", special}};
  for (const char* field : fields) token[field] = true;
  return token;
}

// The ids are those of Hugging Face's tokenizers 0.13 (its package in npm) for the same file.
TEST(TokenizerJson, AddedTokensTakeSpacesOrStandAlone) {
  Json json = Gpt2();
  json["added_tokens"] = {Added(258, "<L>", true, {"lstrip"}), Added(259, "<R>", true, {"rstrip"}),
                          Added(260, "<B>", true, {"lstrip", "rstrip"}),
                          Added(261, "word", false, {"single_word"}),
                          Added(262, "<W>", true, {"single_word", "lstrip", "rstrip"})};
  const auto tokenizer = MakeTokenizer(ReadTokenizerJson(json, Json(), Json()));
  // What is left as text stands as its bytes here.
  const auto encode = [&](const char* text) {
    std::string shown;
    for (const int32_t id : tokenizer->Encode(text, {.parse_special = true})) {
      shown += id < 258 ? tokenizer->TokenBytes(id) : fmt::format("[{}]", id);
    }
    return shown;
  };
  const std::pair<const char*, const char*> cases[] = {
      {"a <L> b", "a[258] b"},
      {"a \t\n<L>", "a[258]"},
      {"a<R> \n b", "a[259]b"},
      {"a <B> <B> b", "a[260][260]b"},
      {"<R>  <L>", "[259][258]"},
      {"a\u00a0\u3000<B>\u2003b", "a[260]b"},
      {"\u0085<L>\u200b<L>", "[258]\u200b[258]"},
      {"a word.", "a [261]."},
      {"sword words wordy word", "sword words wordy [261]"},
      {"word_ -word- wordé 단word word단", "word_ -[261]- wordé 단word word단"},
      {"1word word1 \u200dword", "1word word1 \u200dword"},
      {"e\u0301word word\u0301", "e\u0301word word\u0301"},
      {"<B>word<B>", "[260][261][260]"},
      {"①word Ⅷword", "①[261] Ⅷword"},
      {"a<W>b <W>", "a<W>b[262]"}};
  for (const auto& [text, ids] : cases) EXPECT_EQ(encode(text), ids) << text;
  EXPECT_EQ(encode("\x85word\xE2\x80"), "\x85[261]\xE2\x80");  // half characters are none
  // Where control tokens are plain text, so are the spaces around them.
  EXPECT_EQ(tokenizer->Encode("a <L>", {}).size(), 5u);
}

TEST(TokenizerJson, NormalizationFormC) {
  Json json = Gpt2();
  json["normalizer"] = {{"type", "NFC"}};
  json["added_tokens"] = {Added(258, "<L>", true, {"lstrip"}), Added(259, "zé", false, {}),
                          Added(260, "<x>", false, {}), Added(261, "Å!", true, {})};
  const auto tokenizer = MakeTokenizer(ReadTokenizerJson(json, Json(), Json()));
  const auto encode = [&](const char* text) {
    return tokenizer->Encode(text, {.parse_special = true});
  };
  EXPECT_EQ(encode("e\u0301"), (Ids{195, 169}));
  EXPECT_EQ(encode("abc ze\u0301abc"), (Ids{257, 32, 259, 257}));
  EXPECT_EQ(encode("\u1100\u1161\u11a8"), (Ids{234, 176, 129}));
  EXPECT_EQ(encode("\u212b!"), (Ids{195, 133, 33}));  // special tokens are found before
  EXPECT_EQ(encode("\u00c5!"), (Ids{261}));
  EXPECT_EQ(encode("<x>\u0338"), (Ids{260, 204, 184}));
  EXPECT_EQ(encode("a\u0323\u0301"), (Ids{225, 186, 161, 204, 129}));
  EXPECT_EQ(encode("①\ufb01"), (Ids{226, 145, 160, 239, 172, 129}));  // as they are: no NFKC
  EXPECT_EQ(encode("<L> e\u0301 <L>"), (Ids{258, 32, 195, 169, 258}));
  EXPECT_EQ(encode("z\u00e9 ze\u0301"), (Ids{259, 32, 259}));
  EXPECT_EQ(encode("e\u0301\xff"), (Ids{'e', 204, 129, 255}));  // bytes that are no text
  json.erase("normalizer");
  EXPECT_EQ(MakeTokenizer(ReadTokenizerJson(json, Json(), Json()))->Encode("e\u0301", {}),
            (Ids{'e', 204, 129}));
}

TEST(TokenizerJson, SentencePieceBecomesScores) {
  const Vocabulary vocabulary =
      ReadTokenizerJson(Llama2(), {{"bos_token", "<s>"}, {"eos_token", "</s>"}}, Json());
  EXPECT_EQ(vocabulary.kind, VocabularyKind::kSentencePiece);
  EXPECT_TRUE(vocabulary.merges.empty());
  EXPECT_TRUE(vocabulary.add_space_prefix);
  EXPECT_TRUE(vocabulary.add_bos);
  EXPECT_FALSE(vocabulary.add_eos);
  const auto tokenizer = MakeTokenizer(vocabulary);
  EXPECT_EQ(tokenizer->Encode("ab é", {.add_special = true}),
            (Ids{1, 263, 259, 3 + 0xC3, 3 + 0xA9}));
  // A list that leaves a way to a token out cannot be said with scores.
  Json json = Llama2();
  json["model"]["merges"] = {"a b"};
  EXPECT_EQ(ReadTokenizerJson(json, Json(), Json()).merges, std::vector<std::string>{"a b"});
}

TEST(TokenizerJson, Unigram) {
  const Vocabulary vocabulary = ReadTokenizerJson(XlmRoberta(), Json(), Json());
  EXPECT_EQ(vocabulary.kind, VocabularyKind::kUnigram);
  EXPECT_EQ(vocabulary.unknown_id, 3);
  EXPECT_TRUE(vocabulary.remove_extra_whitespace);
  EXPECT_EQ(MakeTokenizer(vocabulary)->Encode(" a  a ", {.add_special = true}), (Ids{0, 6, 6, 2}));
}

TEST(TokenizerJson, WordPiece) {
  const Vocabulary vocabulary = ReadTokenizerJson(
      Bert(), Json(), {{"sep_token", "[SEP]"}, {"cls_token", "[CLS]"}, {"unk_token", "[UNK]"}});
  EXPECT_EQ(vocabulary.tokens[3], "▁un");
  EXPECT_EQ(vocabulary.tokens[4], "aff");
  EXPECT_TRUE(vocabulary.strip_accents);
  EXPECT_EQ(MakeTokenizer(vocabulary)->Encode("UNAFF x", {.add_special = true}),
            (Ids{1, 3, 4, 0, 2}));
}

TEST(TokenizerJson, SaysWhatItDoesNotUnderstand) {
  Json json = Gpt2();
  json["model"]["type"] = "WordLevel";
  EXPECT_THAT(ErrorOf(json, ErrorCode::kUnsupported), HasSubstr("WordLevel"));
  json = Gpt2();
  json["normalizer"] = {{"type", "Lowercase"}};
  EXPECT_THAT(ErrorOf(json, ErrorCode::kUnsupported), HasSubstr("Lowercase"));
  json = Gpt2();
  json["model"]["end_of_word_suffix"] = "</w>";
  EXPECT_THAT(ErrorOf(json, ErrorCode::kUnsupported), HasSubstr("end_of_word_suffix"));
  json = Gpt2();
  json["pre_tokenizer"] = nullptr;
  EXPECT_THAT(ErrorOf(json, ErrorCode::kUnsupported), HasSubstr("ByteLevel"));
}

TEST(TokenizerJson, ContradictionsAreRefused) {
  const auto expect_corrupt = [](const auto& change) {
    Json json = Gpt2();
    change(json);
    ErrorOf(json, ErrorCode::kCorruptFile);
  };
  expect_corrupt([](Json& json) { json = Json::array(); });
  expect_corrupt([](Json& json) { json["model"]["vocab"] = 1; });
  expect_corrupt([](Json& json) { json["model"]["vocab"]["x"] = 0; });
  expect_corrupt([](Json& json) { json["model"]["vocab"]["new"] = -1; });
  expect_corrupt([](Json& json) { json["model"]["vocab"]["new"] = 1u << 30; });
  expect_corrupt([](Json& json) { json["model"]["merges"] = {{"a", "b", "c"}}; });
  expect_corrupt([](Json& json) { json["added_tokens"] = {{{"id", 3}, {"content", "new"}}}; });
  expect_corrupt([](Json& json) { json["added_tokens"] = {1}; });
  expect_corrupt([](Json& json) { json["normalizer"] = 1; });
  expect_corrupt([](Json& json) { json["pre_tokenizer"] = {{"type", "Sequence"}}; });
}

}  // namespace
}  // namespace pioneer
