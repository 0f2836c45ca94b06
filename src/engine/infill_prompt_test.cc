// Why: a hole is filled well only when its surroundings stand where they stood in training.
#include "engine/infill_prompt.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "text/byte_alphabet.h"

namespace pioneer {
namespace {

constexpr int32_t kPrefix = 256, kSuffix = 257, kMiddle = 258, kRepository = 259, kFile = 260,
                  kBos = 261;

std::unique_ptr<Tokenizer> MakeBytes(std::vector<std::string> special) {
  Vocabulary vocabulary;
  vocabulary.pre_tokenizer = "gpt-2";
  for (int byte = 0; byte < 256; ++byte) {
    vocabulary.tokens.push_back(BytesToAlphabet(std::string(1, static_cast<char>(byte))));
  }
  vocabulary.types.assign(256, TokenType::kNormal);
  for (std::string& token : special) vocabulary.tokens.push_back(std::move(token));
  vocabulary.types.resize(vocabulary.tokens.size(), TokenType::kControl);
  if (vocabulary.tokens.size() > kBos) {
    vocabulary.bos_id = kBos;
    vocabulary.add_bos = true;
  }
  return MakeTokenizer(std::move(vocabulary));
}

// Bytes as they are, special tokens by letters.
std::string Show(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  std::string text;
  for (const int32_t id : ids) {
    text += id < 256 ? tokenizer.TokenBytes(id)
                     : std::string("<") + "PSMRFB"[id - 256] + std::string(">");
  }
  return text;
}

class InfillPrompt : public testing::Test {
 protected:
  std::string Make(const InfillRequest& request, int max_tokens = 1000) {
    return Show(*qwen_, MakeInfillPrompt(*qwen_, request, max_tokens));
  }
  std::unique_ptr<Tokenizer> qwen_ = MakeBytes(
      {"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>", "<|file_sep|>"});
};

TEST_F(InfillPrompt, StandsAroundTheHole) {
  EXPECT_EQ(Make({"int a", ";\n", " = ", {}}), "<P>int a = <S>;\n<M>");
  EXPECT_EQ(Make({"", "", "", {}}), "<P><S><M>");
  EXPECT_EQ(Make({"<|fim_middle|>", "", "", {}}), "<P><|fim_middle|><S><M>");
}

TEST_F(InfillPrompt, OtherFilesStandBefore) {
  EXPECT_EQ(Make({"x", "y", "", {{"a.h", "A"}, {"b.h", "B"}}}),
            "<R>project\n<F>a.h\nA<F>b.h\nB<F>file\n<P>x<S>y<M>");
  const auto plain = MakeBytes({"<fim_prefix>", "<fim_suffix>", "<fim_middle>"});
  EXPECT_EQ(Show(*plain, MakeInfillPrompt(*plain, {"x", "y", "", {{"a.h", "A"}}}, 1000)),
            "\n\n--- a.h ---\n\nA<P>x<S>y<M>");
}

TEST_F(InfillPrompt, KeepsWhatIsNearTheHole) {
  // 20 tokens: 3 are fixed, 17 are free.
  const InfillRequest request{"0123456789abcdefghij", "ABCDEFGHIJ", "", {}};
  EXPECT_EQ(Make(request, 20), "<P>789abcdefghij<S>ABCD<M>");
  EXPECT_EQ(Make({"01", "ABCDEFGHIJKLMNOPQRS", "", {}}, 20), "<P>01<S>ABCDEFGHIJKLMNO<M>");
  // The last file is kept, the first one does not fit.
  EXPECT_EQ(Make({"x", "y", "", {{"a.h", "AAAA"}, {"b.h", "B"}}}, 28),
            "<R>project\n<F>b.h\nB<F>file\n<P>x<S>y<M>");
  EXPECT_EQ(Make({"x", "y", "", {{"a.h", std::string(99, 'A')}}}, 30), "<P>x<S>y<M>");
  EXPECT_EQ(MakeInfillPrompt(*qwen_, request, 3),
            (std::vector<int32_t>{kPrefix, kSuffix, kMiddle}));
  EXPECT_THROW(MakeInfillPrompt(*qwen_, request, 2), Error);
}

TEST_F(InfillPrompt, BosComesFirst) {
  const auto tokenizer = MakeBytes({"<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>",
                                    "<|repo_name|>", "<|file_sep|>", "<s>"});
  EXPECT_EQ(Show(*tokenizer, MakeInfillPrompt(*tokenizer, {"x", "y", "", {{"a", "A"}}}, 100)),
            "<B><R>project\n<F>a\nA<F>file\n<P>x<S>y<M>");
  EXPECT_EQ(tokenizer->vocabulary().fill_in_the_middle.repository, kRepository);
  EXPECT_EQ(tokenizer->vocabulary().fill_in_the_middle.file_separator, kFile);
}

TEST_F(InfillPrompt, ModelsWithoutTheTokensSaySo) {
  try {
    MakeInfillPrompt(*MakeBytes({}), {}, 100);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUnsupported);
  }
}

}  // namespace
}  // namespace pioneer
