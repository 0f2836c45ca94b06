#include "text/grammar/regex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "base/utf8.h"
#include "text/grammar/regex_dfa.h"
#include "text/grammar/regex_parser.h"

namespace pioneer::grammar {
namespace {

bool Matches(RegexStore& store, Regex term, std::string_view text) {
  for (const char byte : text) term = store.Derive(term, static_cast<uint8_t>(byte));
  return store.Nullable(term);
}

bool Matches(const std::string& pattern, std::string_view text, RegexSyntax syntax = {}) {
  RegexStore store;
  return Matches(store, ParseRegex(store, pattern, syntax), text);
}

bool Found(const std::string& pattern, std::string_view text) {
  return Matches(pattern, text, {.whole = false, .ecma = true});
}

std::string MessageOf(const std::string& pattern) {
  RegexStore store;
  try {
    ParseRegex(store, pattern);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.what();
  }
  return "accepted";
}

std::vector<std::string> AllTexts(const std::string& letters, size_t max_length) {
  std::vector<std::string> texts = {""};
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].size() == max_length) break;
    for (const char letter : letters) texts.push_back(texts[i] + letter);
  }
  return texts;
}

TEST(Regex, EqualTermsAreOneTerm) {
  RegexStore store;
  const Regex a = store.Literal("a"), b = store.Literal("b");
  EXPECT_EQ(store.Or({a, b}), store.Or({b, a, b}));
  EXPECT_EQ(store.Concat(store.Concat(a, b), a), store.Literal("aba"));
  EXPECT_EQ(store.Star(store.Star(a)), store.Star(a));
  EXPECT_EQ(store.Not(store.Not(a)), a);
  EXPECT_EQ(store.And({a, store.Not(a)}), store.Nothing());
  EXPECT_EQ(store.Repeat(a, 1, 1), a);
  EXPECT_EQ(store.Star(store.Optional(a)), store.Star(a));
}

TEST(Regex, IntersectionAndComplement) {
  RegexStore store;
  const Regex word = ParseRegex(store, "[a-z]*");
  const Regex short_word =
      store.And({word, store.Repeat(store.AnyChar(), 0, 4), store.Not(store.Literal("no"))});
  EXPECT_TRUE(Matches(store, short_word, "yes"));
  EXPECT_TRUE(Matches(store, short_word, "n"));
  EXPECT_TRUE(Matches(store, short_word, "noo"));
  EXPECT_FALSE(Matches(store, short_word, "no"));
  EXPECT_FALSE(Matches(store, short_word, "words"));
  EXPECT_FALSE(Matches(store, short_word, "A"));
}

TEST(Regex, ALanguageWithoutStringsIsDead) {
  WorkBudget budget(1'000'000);
  auto store = std::make_unique<RegexStore>();
  const Regex nothing = store->And({ParseRegex(*store, "a{3}b*"), ParseRegex(*store, "[ab]{0,2}")});
  const Regex one = store->And({ParseRegex(*store, "a{2}b*"), ParseRegex(*store, "[ab]{0,2}")});
  RegexDfa dfa(std::move(store), budget);
  EXPECT_EQ(dfa.State(nothing), 0);
  int32_t state = dfa.State(one);
  ASSERT_NE(state, 0);
  EXPECT_EQ(dfa.Next(state, dfa.class_of('b')), 0);
  state = dfa.Next(dfa.Next(state, dfa.class_of('a')), dfa.class_of('a'));
  EXPECT_TRUE(dfa.nullable(state));
  EXPECT_EQ(dfa.Next(state, dfa.class_of('b')), 0);
}

TEST(Regex, CharactersAreUtf8) {
  for (const char32_t c : {U'a', U'\x7F', U'\x80', U'\x7FF', U'\x800', U'한', U'\xD7FF', U'\xE000',
                           U'\xFFFF', U'\x10000', U'😀', U'\x10FFFF'}) {
    std::string text;
    AppendUtf8(text, c);
    EXPECT_TRUE(Matches("(?s).", text)) << static_cast<uint32_t>(c);
    EXPECT_TRUE(Matches("[^x]", text));
    EXPECT_FALSE(Matches("(?s)..", text));
    RegexStore store;
    EXPECT_TRUE(Matches(store, store.Chars(CharSet::Of(c)), text));
    EXPECT_FALSE(Matches(store, store.Chars(CharSet::Of(c).Complement()), text));
  }
  EXPECT_FALSE(Matches("(?s).", "\xED\xA0\x80"));  // a surrogate
  EXPECT_FALSE(Matches("(?s).", "\xC0\xAF"));      // too long a form
  EXPECT_FALSE(Matches("(?s).", "\xFF"));
  EXPECT_TRUE(Matches("[가-힣]+", "한국어"));
}

TEST(Regex, Constructs) {
  EXPECT_TRUE(Matches(R"(\d{3}-\w+\s\x41\u0042\u{43}\t)", "123-a_1 ABC\t"));
  EXPECT_TRUE(Matches(R"([\d\-x-z\]]+)", "1-y]"));
  EXPECT_TRUE(Matches(R"([[:alpha:]_]+)", "a_Z"));
  EXPECT_TRUE(Matches(R"(\p{Lu}\p{Script=Hangul}\p{L})", "É한a"));
  EXPECT_FALSE(Matches(R"(\P{Lu})", "É"));
  EXPECT_TRUE(Matches("(?i)straße", "STRAẞE"));
  EXPECT_TRUE(Matches("(?i:a)b", "Ab"));
  EXPECT_FALSE(Matches("(?i:a)b", "AB"));
  EXPECT_TRUE(Matches("a{,2}", "aa"));
  EXPECT_TRUE(Matches("a{x}", "a{x}"));
  EXPECT_TRUE(Matches("(?<year>\\d+?)(?:-|/)(\\d*?)", "20-1"));
  EXPECT_FALSE(Matches(".", "\n"));
  EXPECT_TRUE(Found("^[a-z]+$", "abc"));
  EXPECT_FALSE(Found("^[a-z]+$", "abc1"));
  EXPECT_TRUE(Found("b", "abc"));
  EXPECT_TRUE(Found("(^|,)x(,|$)", "a,x"));
  EXPECT_TRUE(Found("^(?!.*(foo|bar)).*$", "fo ba"));
  EXPECT_FALSE(Found("^(?!.*(foo|bar)).*$", "a bar"));
  EXPECT_TRUE(Found("^((?!foo).)*$", "fofo"));
  EXPECT_FALSE(Found("^((?!foo).)*$", "afoo"));
  EXPECT_TRUE(Found("^(?=.*\\d)(?=.*[a-z]).{4,8}$", "ab12"));
  EXPECT_FALSE(Found("^(?=.*\\d)(?=.*[a-z]).{4,8}$", "abcd"));
}

TEST(Regex, RefusalsNameTheConstruct) {
  EXPECT_THAT(MessageOf("(a)\\1"), testing::HasSubstr("back reference"));
  EXPECT_THAT(MessageOf("(?<=a)b"), testing::HasSubstr("look-behind"));
  EXPECT_THAT(MessageOf("a\\bb"),
              testing::HasSubstr("word boundary, which is not supported (character 2)"));
  EXPECT_THAT(MessageOf("a++"), testing::HasSubstr("possessive"));
  EXPECT_THAT(MessageOf("(a"), testing::HasSubstr("a ( without its )"));
  EXPECT_THAT(MessageOf("a)"), testing::HasSubstr("a ) without its ("));
  EXPECT_THAT(MessageOf("[a"), testing::HasSubstr("a [ without its ]"));
  EXPECT_THAT(MessageOf("*a"), testing::HasSubstr("a repetition of nothing"));
  EXPECT_THAT(MessageOf("[z-a]"), testing::HasSubstr("range"));
  EXPECT_THAT(MessageOf("a{3,2}"), testing::HasSubstr("end is before its start"));
  EXPECT_THAT(MessageOf("((?=a)b)*"), testing::HasSubstr("look-ahead inside a repetition"));
  EXPECT_THAT(MessageOf("a{2000000}"), testing::HasSubstr("limit"));
  EXPECT_THAT(MessageOf(std::string(5000, '(')), testing::HasSubstr("nested too deep"));
  EXPECT_THAT(MessageOf("\\"), testing::HasSubstr("a backslash at the end"));
}

TEST(Regex, ExponentialPatternsStayCheapOrAreRefused) {
  const std::string as(40, 'a');
  EXPECT_TRUE(Matches("(a?){40}a{40}", as));
  EXPECT_TRUE(Matches("(a|aa|aaa)*", as));
  EXPECT_TRUE(Matches("(a*)*(a*)*", as));
  EXPECT_FALSE(Matches("(.*a.{12}|b)*c", as));
}

// Patterns over a few constructs, as text.
std::string RandomPattern(Random& random, int depth, bool assertions) {
  static const std::vector<std::string> kAtoms = {"a", "b", "[ab]", "[^a]", ".", "ab", "c"};
  const uint64_t kind = random.Below(depth == 0 ? 3 : 9);
  const auto inner = [&] { return RandomPattern(random, depth - 1, assertions); };
  if (kind < 3) return kAtoms[random.Below(kAtoms.size())];
  if (kind == 3) return "(?:" + inner() + "|" + inner() + ")";
  if (kind == 4) {
    static const std::vector<std::string> kRepeats = {"*", "+", "?", "{2}", "{1,3}", "{2,}"};
    return "(?:" + RandomPattern(random, depth - 1, false) + ")" +
           kRepeats[random.Below(kRepeats.size())];
  }
  if (kind == 5 && assertions) {
    static const std::vector<std::string> kAsserts = {"^",     "$",       "(?=b)",
                                                      "(?!a)", "(?!.*c)", "(?=a|$)"};
    return inner() + kAsserts[random.Below(kAsserts.size())] + inner();
  }
  return inner() + inner();
}

TEST(Regex, RandomPatternsMatchWhatTheLibraryMatches) {
  Random random(7);
  const std::vector<std::string> texts = AllTexts("abc", 4);
  for (int i = 0; i < 120; ++i) {
    const std::string pattern = RandomPattern(random, 3, true);
    const std::regex reference(pattern);
    RegexStore store;
    const Regex whole = ParseRegex(store, pattern, {.ecma = true});
    const Regex part = ParseRegex(store, pattern, {.whole = false, .ecma = true});
    for (const std::string& text : texts) {
      ASSERT_EQ(Matches(store, whole, text), std::regex_match(text, reference))
          << pattern << " on " << text;
      ASSERT_EQ(Matches(store, part, text), std::regex_search(text, reference))
          << pattern << " in " << text;
    }
  }
}

// Where any text may stand, a repetition's further rounds add nothing; what is left is compared
// with the library on all short texts.
TEST(Regex, RepetitionsAtTheEndsOfASearchCostNothing) {
  const std::vector<std::string> texts = AllTexts("abc", 5);
  for (const char* pattern :
       {"a{1,3}", "a{2,4}", "a*", "(?:ab){0,2}", "a{1,3}b{1,3}", "a{0,2}bc{0,2}", "^a{1,3}",
        "a{1,3}$", "a{0,2}^b{1,2}", "(?:a{1,2}|b{2,3}$|^c{1,2})", "(?:ab{1,3}){1,2}",
        "(?=a)a{1,3}b*", "a{1,2}(?=b{2,3})", "(?:a{0,2}b{0,2}){1,2}c{0,3}", "(?:a?$){0,2}",
        "(?:^a?){1,3}"}) {
    const std::regex reference(pattern);
    RegexStore store;
    const Regex part = ParseRegex(store, pattern, {.whole = false, .ecma = true});
    for (const std::string& text : texts) {
      ASSERT_EQ(Matches(store, part, text), std::regex_search(text, reference))
          << pattern << " in " << text;
    }
  }
  RegexStore wide, narrow;
  EXPECT_EQ(wide.Print(ParseRegex(wide, "[A-Z.:]{1,255}", {.whole = false})),
            narrow.Print(ParseRegex(narrow, "[A-Z.:]", {.whole = false})));
}

TEST(Regex, TextUntilEndsAtTheFirstLiteral) {
  RegexStore store;
  const Regex until = store.TextUntil({"<end>", "</x>"});
  const Regex without = store.TextWithout({"<end>", "</x>"});
  EXPECT_TRUE(Matches(store, until, "a < b <en<end>"));
  EXPECT_TRUE(Matches(store, until, "한</x>"));
  EXPECT_FALSE(Matches(store, until, "<end><end>"));
  EXPECT_FALSE(Matches(store, until, "<end"));
  EXPECT_TRUE(Matches(store, without, "a < b <en< end>"));
  EXPECT_FALSE(Matches(store, without, "a<end>b"));
  WorkBudget budget(1'000'000);
  EXPECT_NE(RegexDfa(std::make_unique<RegexStore>(std::move(store)), budget).State(until), 0);
}

TEST(Regex, LiteralsAreATree) {
  RegexStore store;
  std::vector<std::string> words;
  for (int i = 0; i < 3000; ++i) words.push_back("word" + std::to_string(i * 7));
  const Regex any = store.Literals(words);
  EXPECT_LT(store.size(), 15000);
  EXPECT_TRUE(Matches(store, any, "word700"));
  EXPECT_FALSE(Matches(store, any, "word701"));
  EXPECT_FALSE(Matches(store, any, "word"));
}

}  // namespace
}  // namespace pioneer::grammar
