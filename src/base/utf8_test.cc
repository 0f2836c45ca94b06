#include "base/utf8.h"

#include <gtest/gtest.h>

namespace pioneer {
namespace {

TEST(Utf8, RefusesWhatRfc3629Forbids) {
  for (const char* text : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80",
                           "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5", "\xFF", "\xE2\x82"}) {
    EXPECT_FALSE(IsValidUtf8(text)) << text;
  }
  for (const char* text : {"", "a", "é", "안녕", "🦙", "\uFFFF", "\U0010FFFF"}) {
    EXPECT_TRUE(IsValidUtf8(text)) << text;
  }
}

TEST(Utf8, FindsWhatIsWrongAtAnyPlace) {
  for (size_t before = 0; before < 40; ++before) {
    for (size_t after = 0; after < 20; ++after) {
      const std::string left(before, 'a'), right(after, 'b');
      EXPECT_FALSE(IsValidUtf8(left + "\xFF" + right));
      EXPECT_TRUE(IsValidUtf8(left + "é" + right));
      EXPECT_EQ(RepairUtf8(left + "\x80" + right), left + "\uFFFD" + right);
    }
  }
}

TEST(Utf8, EveryCodePointComesBack) {
  for (char32_t c = 1; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 37) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    AppendUtf8(text, c);
    const DecodedChar decoded = DecodeUtf8(text);
    ASSERT_TRUE(decoded.valid);
    ASSERT_EQ(decoded.code_point, c);
    ASSERT_EQ(static_cast<size_t>(decoded.length), text.size());
  }
}

TEST(Utf8, EveryMaximalInvalidPartBecomesOneReplacement) {
  EXPECT_EQ(RepairUtf8("a\xE2\x82z"), "a\uFFFDz");
  EXPECT_EQ(RepairUtf8("\xF0\x80\x80\x41"), "\uFFFD\uFFFD\uFFFD\x41");
  EXPECT_EQ(RepairUtf8("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41"), "\uFFFD\uFFFD\uFFFD\uFFFD\x41");
}

TEST(Utf8, CompletePrefixKeepsUnfinishedCharactersBack) {
  EXPECT_EQ(CompleteUtf8Prefix("a\xEC\x95"), 1u);
  EXPECT_EQ(CompleteUtf8Prefix("a\xEC"), 1u);
  EXPECT_EQ(CompleteUtf8Prefix("a안"), 4u);
  EXPECT_EQ(CompleteUtf8Prefix("a\x80"), 2u);  // nothing can complete it
  EXPECT_EQ(CompleteUtf8Prefix("\xED\xA0"), 2u);
  EXPECT_EQ(CompleteUtf8Prefix(""), 0u);
}

TEST(Utf8Stream, AnyCutGivesTheSameText) {
  const std::string text = "a안🦙é\xFF z\xE2\x82!\xF0\x9F\xA6";
  for (size_t step = 1; step <= text.size(); ++step) {
    Utf8Stream stream;
    std::string out;
    for (size_t at = 0; at < text.size(); at += step) {
      const std::string piece = stream.Push(std::string_view(text).substr(at, step));
      EXPECT_TRUE(IsValidUtf8(piece));
      out += piece;
    }
    out += stream.Finish();
    EXPECT_EQ(out, RepairUtf8(text)) << "step " << step;
    EXPECT_EQ(stream.Finish(), "");
  }
}

}  // namespace
}  // namespace pioneer
