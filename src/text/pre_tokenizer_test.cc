// Why: a pre-tokenizer that cuts one character off makes a model hear other words. The compiled
// expressions are compared with ICU's matcher, which goes back and forth in the text as the models'
// own tokenizers do.
#include "text/pre_tokenizer.h"

#include <gtest/gtest.h>
#include <unicode/regex.h>

#include <memory>

#include "base/error.h"
#include "base/random.h"
#include "base/utf8.h"

namespace pioneer {
namespace {

using Strings = std::vector<std::string>;

Strings Pieces(const PreTokenizer& pre_tokenizer, std::string_view text) {
  Strings pieces;
  PieceReader reader(pre_tokenizer, text);
  for (std::string_view piece; reader.Next(piece);) pieces.emplace_back(piece);
  return pieces;
}

Strings Pieces(std::vector<std::string_view> expressions, std::string_view text) {
  return Pieces(PreTokenizer(expressions), text);
}

std::string ReplaceAll(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// ICU's \s and \d are other sets than those of the models' tokenizers.
std::string ForIcu(std::string_view expression) {
  std::string text(expression);
  text = ReplaceAll(text, "\\s", "\\p{White_Space}");
  return ReplaceAll(text, "\\S", "\\P{White_Space}");
}

// One stage: matches and what lies between them.
Strings SplitByIcu(std::string_view expression, const Strings& pieces) {
  Strings out;
  UErrorCode status = U_ZERO_ERROR;
  const auto regex = icu::UnicodeString::fromUTF8(ForIcu(expression));
  icu::RegexMatcher matcher(regex, 0, status);
  EXPECT_TRUE(U_SUCCESS(status)) << expression;
  for (const std::string& piece : pieces) {
    const auto text = icu::UnicodeString::fromUTF8(piece);
    const auto add = [&](int32_t begin, int32_t end) {
      if (end > begin) text.tempSubStringBetween(begin, end).toUTF8String(out.emplace_back());
    };
    matcher.reset(text);
    int32_t begin = 0;
    while (matcher.find()) {
      add(begin, matcher.start(status));
      add(matcher.start(status), matcher.end(status));
      begin = matcher.end(status);
    }
    add(begin, text.length());
  }
  return out;
}

std::string RandomText(Random& random) {
  static const char* const kParts[] = {
      "a",    "B",  "s", "'",      "S",      "t",  "re", "LL", " ",     "  ", "\n",
      "\r\n", "\t", "1", "23",     "456",    ".",  ",",  "!?", "/",     "<",  "$",
      "é",    "ß",  "Ж", "ж",      "한",     "글", "中", "あ", "ー",    "。", "\u0301",
      "ʼ",    "½",  "٣", "\u00A0", "\u3000", "😀",  "ǅ",  "ª",  "\u200D"};
  std::string text;
  for (uint64_t n = random.Below(30); n > 0; --n) text += kParts[random.Below(std::size(kParts))];
  return text;
}

TEST(PreTokenizer, EveryNamedOneCutsAsIcuDoes) {
  Random random(7);
  std::vector<std::span<const std::string_view>> seen;
  int n_compared = 0;
  for (const char* name :
       {"default",    "gpt-2",    "starcoder",    "llama-bpe",      "qwen2",
        "laguna",     "qwen35",   "ufakzeka",     "seed-coder",     "bailingmoe",
        "exaone-moe", "minicpm5", "jais-2",       "gpt-4o",         "tekken",
        "youtu",      "kimi-k2",  "deepseek-llm", "deepseek-coder", "deepseek-v3",
        "spark2_5",   "falcon",   "bloom",        "viking",         "chameleon"}) {
    const NamedPreTokenizer* const known = FindPreTokenizer(name);
    ASSERT_NE(known, nullptr) << name;
    const PreTokenizer pre_tokenizer(known->expressions);
    for (int round = 0; round < 60; ++round) {
      const std::string text = RandomText(random);
      Strings expected = {text};
      for (const std::string_view stage : known->expressions)
        expected = SplitByIcu(stage, expected);
      if (text.empty()) expected.clear();
      ASSERT_EQ(Pieces(pre_tokenizer, text), expected) << name << ": \"" << text << '"';
      ++n_compared;
    }
  }
  EXPECT_EQ(n_compared, 25 * 60);
}

TEST(PreTokenizer, EveryByteBelongsToOnePiece) {
  Random random(1);
  std::vector<PreTokenizer> all;
  for (const char* name : {"gpt-2", "llama-bpe", "default", "deepseek-llm", "gpt-4o", "superbpe"}) {
    all.push_back(MakePreTokenizer(name));
  }
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (int i = 0; i < 50; ++i) {
      const uint64_t kind = random.Below(3);
      text += kind == 0   ? static_cast<char>(random.Below(256))
              : kind == 1 ? " \n'sS1a."[random.Below(8)]
                          : static_cast<char>(0xC2 + random.Below(3));
    }
    for (const PreTokenizer& pre_tokenizer : all) {
      std::string together;
      for (const std::string& piece : Pieces(pre_tokenizer, text)) {
        ASSERT_FALSE(piece.empty());
        together += piece;
      }
      EXPECT_EQ(together, text);
    }
  }
}

TEST(PreTokenizer, DigitGroupsAreCountedFromTheRight) {
  EXPECT_EQ(Pieces(MakePreTokenizer("superbpe"), "a1234567 12 123"),
            (Strings{"a", "1", "234", "567", " ", "12", " ", "123"}));
  const std::vector<std::string_view> whole = {PreTokenizer::kWholeNumberGroups};
  EXPECT_EQ(Pieces(whole, "1234 12345x 6"), (Strings{"1", "234", " 12345x ", "6"}));
}

TEST(PreTokenizer, LongRunsTakeLinearTime) {
  // Each of these looks ahead to the end of the run and finds nothing.
  const std::string spaces = std::string(1 << 20, ' ') + "x";
  EXPECT_EQ(Pieces({R"(\s+$)"}, spaces), Strings{spaces});
  const std::string digits(1 << 20, '7');
  EXPECT_EQ(Pieces({PreTokenizer::kWholeNumberGroups}, digits + "x"), Strings{digits + "x"});
  EXPECT_EQ(Pieces({R"(a(a*b)?)"}, std::string(100000, 'a')).size(), 100000u);
}

TEST(PreTokenizer, TheLanguageOfExpressions) {
  EXPECT_EQ(Pieces({"a|ab"}, "ab"), (Strings{"a", "b"}));
  EXPECT_EQ(Pieces({"a*?b"}, "aabb"), (Strings{"aab", "b"}));
  EXPECT_EQ(Pieces({"x{2,3}"}, "xxxxxyx"), (Strings{"xxx", "xx", "yx"}));
  EXPECT_EQ(Pieces({"[^a-c&&[b-z]]"}, "dab"), (Strings{"d", "a", "b"}));
  EXPECT_EQ(Pieces({R"(\x41\u0042\x{1F600}+)"}, "AB😀😀"), (Strings{"AB😀😀"}));
  EXPECT_EQ(Pieces({"(?i:k)"}, "aKk\u212A"), (Strings{"a", "K", "k", "\u212A"}));
  EXPECT_EQ(Pieces({"a(?=b)"}, "aab"), (Strings{"a", "a", "b"}));
  EXPECT_EQ(Pieces({}, "all of it"), Strings{"all of it"});
}

TEST(PreTokenizer, WhatIsNotUnderstoodIsRefused) {
  for (const char* expression : {"(", ")", "[a", "a{", "a{3,1}", "a{9999}", "*a", "^a", "\\q",
                                 "\\p{Nonsense}", "\\p{L", "(?<name>a)", "(?<=a)b", "(?=ab)",
                                 "[b-a]", "\\x{110000}", "((a{900}){900}){900}", "\xFF"}) {
    try {
      Pieces({expression}, "a");
      FAIL() << expression;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUnsupported) << expression;
    }
  }
  EXPECT_THROW(Pieces({std::string(1000, '(')}, "a"), Error);
}

TEST(PreTokenizer, IsFoundByItsExpressions) {
  const std::string_view qwen2[] = {
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
      R"(|\s*[\r\n]+|\s+(?!\S)|\s+)"};
  EXPECT_EQ(FindPreTokenizer(qwen2, false)->name, "qwen2");
  const std::string_view deepseek[] = {
      R"(\p{N}{1,3})", "[一-龥\u3040-ゟ゠-ヿ]+",
      "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?"
      "[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"};
  EXPECT_EQ(FindPreTokenizer(deepseek, false)->name, "deepseek-v3");
  const std::string_view other[] = {R"(\p{L}+)"};
  EXPECT_EQ(FindPreTokenizer(other, false), nullptr);
}

}  // namespace
}  // namespace pioneer
