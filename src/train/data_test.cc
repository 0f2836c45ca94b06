// Why: the road from files to sequences: reading, masks, token files, and a loader that neither
// loses nor repeats anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <lzma.h>

#include <functional>
#include <map>
#include <set>

#include "base/error.h"
#include "text/chat_template.h"
#include "train/data_loader.h"
#include "train/document_encoder.h"
#include "train/document_reader.h"
#include "train/test_tokenizer.h"
#include "train/token_shard.h"

namespace pioneer {
namespace {

using testing::HasSubstr;

std::string MessageOf(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

std::string Xz(const std::string& text) {
  std::string out(lzma_stream_buffer_bound(text.size()), '\0');
  size_t used = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, nullptr,
                                    reinterpret_cast<const uint8_t*>(text.data()), text.size(),
                                    reinterpret_cast<uint8_t*>(out.data()), &used, out.size()),
            LZMA_OK);
  out.resize(used);
  return out;
}

std::vector<std::string> Texts(const fs::path& path) {
  DocumentReader reader(FindSourceFiles(path));
  std::vector<std::string> texts;
  while (auto raw = reader.Next()) texts.push_back(ParseDocument(*raw, {}).text);
  return texts;
}

TEST(DocumentReader, ReadsPlainAndCompressedLines) {
  const TestFolder folder;
  const std::string lines =
      "{\"text\": \"one\"}\n\n{\"text\": \"two\\nlines\"}\r\n{\"text\": \"3\"}";
  WriteFileAtomically(folder / "a.jsonl", lines);
  WriteFileAtomically(folder / "b.jsonl.xz", Xz(lines) + Xz("\n{\"text\": \"4\"}"));
  EXPECT_THAT(Texts(folder / "a.jsonl"), testing::ElementsAre("one", "two\nlines", "3"));
  EXPECT_THAT(Texts(folder / "b.jsonl.xz"), testing::ElementsAre("one", "two\nlines", "3", "4"));
}

TEST(DocumentReader, SaysWhereAFileIsBroken) {
  const TestFolder folder;
  WriteFileAtomically(folder / "a.jsonl", "{\"text\": \"one\"}\n{\"words\": 1}\n");
  WriteFileAtomically(folder / "cut.jsonl.xz", Xz("{\"text\": \"one\"}\n").substr(0, 40));
  EXPECT_THAT(MessageOf([&] { Texts(folder / "a.jsonl"); }), HasSubstr("line 2"));
  EXPECT_THAT(MessageOf([&] { Texts(folder / "cut.jsonl.xz"); }), HasSubstr("broken or cut short"));
  EXPECT_THAT(MessageOf([&] { Texts(folder / "none.jsonl"); }), HasSubstr("there is no source"));
}

TEST(DocumentReader, TranscriptsBecomeTurns) {
  const auto turns = ParseTranscript("User: hi\nmore\nAssistant: hello\nUser: bye");
  ASSERT_EQ(turns.size(), 3u);
  EXPECT_EQ(turns[0].content, "hi\nmore");
  EXPECT_EQ(turns[1].role, "assistant");
  EXPECT_EQ(turns[2].content, "bye");
  EXPECT_TRUE(ParseTranscript("no prefix").empty());
}

TEST(DocumentEncoder, OnlyAnswersCount) {
  const ByteTokenizer tokenizer;
  const DocumentEncoder encoder(tokenizer, true);
  const EncodedDocument out =
      encoder.Encode({.text = "", .turns = {{"user", "<|im_end|>"}, {"assistant", "ok"}}});
  ASSERT_EQ(out.tokens.size(), out.counted.size());
  std::vector<int32_t> counted;
  for (size_t i = 0; i < out.tokens.size(); ++i) {
    if (out.counted[i] != 0) counted.push_back(out.tokens[i]);
  }
  EXPECT_THAT(counted, testing::ElementsAre(' ', 'o', 'k', ByteTokenizer::kTurnEnd));
  EXPECT_EQ(out.tokens.front(), ByteTokenizer::kEndOfText);
  EXPECT_EQ(out.tokens.back(), ByteTokenizer::kEndOfText);
  // A user who types a control token has typed letters: two real ends of turns, no more.
  EXPECT_EQ(std::count(out.tokens.begin(), out.tokens.end(), ByteTokenizer::kTurnEnd), 2);
}

TEST(DocumentEncoder, WritesConversationsAsTheExportedTemplateDoes) {
  const ByteTokenizer tokenizer;
  const DocumentEncoder encoder(tokenizer, true);
  const std::vector<ChatTurn> turns = {{"system", "s"},   {"user", "hi"}, {"assistant", "omelette"},
                                       {"user", "again"}, {"assistant", "<tool_call>"},
                                       {"user", "no"},    {"assistant", ""}};
  const EncodedDocument out = encoder.Encode({.text = "", .turns = turns});
  ChatTemplateInput input;
  input.messages = OrderedJson::array();
  input.add_generation_prompt = false;
  for (const ChatTurn& turn : turns) {
    input.messages.push_back({{"role", turn.role}, {"content", turn.content}});
  }
  const std::string rendered = ChatTemplate(kTrainChatTemplate).Render(input);
  std::string written;
  for (const int32_t id : out.tokens) {
    written += id < 256 ? tokenizer.TokenBytes(id, false) : tokenizer.vocabulary().tokens[id];
  }
  EXPECT_EQ(written, "<|endoftext|>" + rendered + "<|endoftext|>");
}

// Documents of n tokens each: token = document, except for its last, which is 99.
std::shared_ptr<const TokenShard> MakeShard(const fs::path& path, const std::vector<int>& lengths,
                                            uint64_t fingerprint = 7) {
  TokenShardWriter writer(path, 100, fingerprint);
  for (size_t d = 0; d < lengths.size(); ++d) {
    EncodedDocument document;
    document.tokens.assign(lengths[d], static_cast<int32_t>(d));
    document.tokens.back() = 99;
    document.counted.assign(lengths[d], 1);
    writer.Add(document);
  }
  writer.Finish();
  return std::make_shared<const TokenShard>(path, 100);
}

TEST(TokenShard, KeepsTokensDocumentsAndMarks) {
  const TestFolder folder;
  TokenShardWriter writer(folder / "a", 100000, 5);
  writer.Add({.tokens = {1, 70000, 3}, .counted = {0, 1, 0}});
  writer.Add({.tokens = {4}, .counted = {0}});
  writer.Finish();
  const TokenShard shard(folder / "a", 100000);
  EXPECT_EQ(shard.n_documents(), 2);
  EXPECT_EQ(shard.token(1), 70000);
  EXPECT_TRUE(shard.counted(1));
  EXPECT_FALSE(shard.counted(2));
  EXPECT_EQ(shard.document_begin(1), 3);
  EXPECT_EQ(shard.fingerprint(), 5u);
  EXPECT_THAT(MessageOf([&] { TokenShard(folder / "a", 100); }), HasSubstr("tokenizer"));
}

TEST(TokenShard, RefusesEveryCut) {
  const TestFolder folder;
  MakeShard(folder / "a", {5, 6});
  const std::string whole = ReadFile(folder / "a");
  for (size_t size = 0; size < whole.size(); ++size) {
    WriteFileAtomically(folder / "cut", whole.substr(0, size));
    EXPECT_THROW(TokenShard(folder / "cut", 100), Error) << size;
  }
}

TEST(DataLoader, DealsEveryPairOnceAnEpoch) {
  const TestFolder folder;
  const auto shard = MakeShard(folder / "a", {4, 31, 9, 2, 18, 13});  // 71 pairs
  DataLoader loader({{{shard, nullptr}, 1}}, {.context = 8, .seed = 3});
  ASSERT_EQ(loader.n_train_pairs(), 71);
  std::map<int32_t, int> seen;
  SequenceBuffer sequence;
  for (int64_t dealt = 0; dealt < 8 * 71;) {  // 8 epochs, and what begins the ninth
    loader.Next(sequence);
    ASSERT_LE(sequence.inputs.size(), 8u);
    for (const TextPack::Text& text : sequence.texts) {
      if (text.index == TextPack::kFiller) continue;
      for (int64_t i = text.first; i < text.first + text.n && dealt < 8 * 71; ++i, ++dealt) {
        ++seen[sequence.inputs[i]];
        EXPECT_EQ(sequence.inputs[i], sequence.inputs[text.first]);
        EXPECT_TRUE(sequence.targets[i] == 99 || sequence.targets[i] == sequence.inputs[i]);
      }
    }
  }
  EXPECT_THAT(
      seen, testing::ElementsAre(testing::Pair(0, 24), testing::Pair(1, 240), testing::Pair(2, 64),
                                 testing::Pair(3, 8), testing::Pair(4, 136), testing::Pair(5, 96)));
}

// A conversation's answer is never dealt without what was asked, nor beside another conversation
// that it could see.
TEST(DataLoader, PiecesAreWholeAndFillerEndsTheBlock) {
  const TestFolder folder;
  const auto shard = MakeShard(folder / "a", {101, 51, 91, 81, 61, 71, 41});
  DataLoader loader({{{shard, nullptr}, 1}}, {.context = 512, .seed = 3});
  SequenceBuffer sequence;
  for (int i = 0; i < 20; ++i) {
    loader.Next(sequence);
    EXPECT_EQ(sequence.inputs.size() % 128, 0u);
    int64_t row = 0, n_tokens = 0;
    for (const TextPack::Text& text : sequence.texts) {
      EXPECT_EQ(text.first, row);
      row += text.n;
      if (text.index == TextPack::kFiller) {
        EXPECT_EQ(row, std::ssize(sequence.inputs));
        EXPECT_LT(text.n, 128);
        EXPECT_EQ(std::count(sequence.counted.begin() + text.first, sequence.counted.end(), 1), 0);
      } else {
        EXPECT_EQ(text.n, shard->document_end(sequence.inputs[text.first]) -
                              shard->document_begin(sequence.inputs[text.first]) - 1);
        n_tokens += text.n;
      }
    }
    EXPECT_EQ(row, std::ssize(sequence.inputs));
    EXPECT_EQ(n_tokens, sequence.view().n_tokens());
    EXPECT_GT(n_tokens, 512 - 101);
  }
}

TEST(DataLoader, SameSeedSameOrderAndResumesAnywhere) {
  const TestFolder folder;
  const auto a = MakeShard(folder / "a", {40, 31, 9, 2, 18, 13}, 1);
  const auto b = MakeShard(folder / "b", {50, 60}, 2);
  const LoaderOptions options{.context = 8, .seed = 3};
  DataLoader first({{{a, nullptr}, 1}, {{b, nullptr}, 2}}, options);
  SequenceBuffer x, y;
  for (int stop = 0; stop < 40; ++stop) {
    DataLoader second({{{a, nullptr}, 1}, {{b, nullptr}, 2}}, options);
    second.SetPosition(ParseJson(DumpJson(first.Position())));
    first.Next(x);
    second.Next(y);
    ASSERT_EQ(x.inputs, y.inputs) << stop;
    ASSERT_EQ(x.targets, y.targets) << stop;
  }
  DataLoader other({{{b, nullptr}, 1}, {{a, nullptr}, 2}}, options);
  EXPECT_THAT(MessageOf([&] { other.SetPosition(first.Position()); }), HasSubstr("has changed"));
}

TEST(DataLoader, WeightsAreExactShares) {
  const TestFolder folder;
  TokenShardWriter writer(folder / "b", 100, 2);
  writer.Add({.tokens = std::vector<int32_t>(50, 77), .counted = std::vector<uint8_t>(50, 1)});
  writer.Finish();
  const auto b = std::make_shared<const TokenShard>(folder / "b", 100);
  DataLoader loader({{{MakeShard(folder / "a", {40}), nullptr}, 3}, {{b, nullptr}, 1}},
                    {.context = 4});
  int from_b = 0;
  SequenceBuffer sequence;
  for (int i = 0; i < 40; ++i) {
    loader.Next(sequence);
    from_b += sequence.inputs[0] == 77;
  }
  EXPECT_EQ(from_b, 10);
}

TEST(DataLoader, HeldOutDocumentsAreNeverTrainedOn) {
  const TestFolder folder;
  const auto train = MakeShard(folder / "a", std::vector<int>(45, 10));
  TokenShardWriter writer(folder / "b", 100, 8);
  for (int32_t d = 50; d < 55; ++d) {
    writer.Add({.tokens = std::vector<int32_t>(10, d), .counted = std::vector<uint8_t>(10, 1)});
  }
  writer.Finish();
  const auto held_out = std::make_shared<const TokenShard>(folder / "b", 100);
  DataLoader loader({{{train, held_out}, 1}}, {.context = 16, .seed = 9});
  const auto tokens = [](const SequenceBuffer& sequence) {
    return std::span(sequence.inputs).first(static_cast<size_t>(sequence.view().n_tokens()));
  };
  std::set<int32_t> held, trained;
  for (const SequenceBuffer& sequence : loader.Validation(100)) {
    held.insert(tokens(sequence).begin(), tokens(sequence).end());
  }
  SequenceBuffer sequence;
  for (int i = 0; i < 100; ++i) {
    loader.Next(sequence);
    trained.insert(tokens(sequence).begin(), tokens(sequence).end());
  }
  EXPECT_THAT(held, testing::ElementsAre(50, 51, 52, 53, 54));
  EXPECT_EQ(trained.size(), 45u);
  EXPECT_LT(*trained.rbegin(), 45);
}

}  // namespace
}  // namespace pioneer
