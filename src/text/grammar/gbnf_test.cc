#include "text/grammar/gbnf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "text/grammar/test_matcher.h"

namespace pioneer::grammar {
namespace {

std::string Refusal(const std::string& source) {
  return MessageOf([&] { return ParseGbnf(source); });
}

TEST(Gbnf, Arithmetic) {
  const Matcher matches(ParseGbnf(R"g(
    root  ::= (expr "=" ws term "\n")+   # a comment
    expr  ::= term ([-+*/] term)*
    term  ::= ident | num | "(" ws expr ")" ws
    ident ::= [a-z] [a-z0-9_]* ws
    num   ::= [0-9]+ ws
    ws    ::= [ \t\n]*
  )g"));
  EXPECT_TRUE(matches("a +1 = 2\n"));
  EXPECT_TRUE(matches("(x_1*( 2 -y)) = z\na=b\n"));
  EXPECT_FALSE(matches("a + = 2\n"));
  EXPECT_FALSE(matches("(a = 2\n"));
}

TEST(Gbnf, Json) {
  const Matcher matches(ParseGbnf(R"g(
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws
object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
array  ::= "[" ws ( value ("," ws value)* )? "]" ws
string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
ws ::= | " " | "\n" [ \t]{0,20}
)g"));
  EXPECT_TRUE(matches(R"({"a": [1, -2.5e3, {"b": null}], "한": "\u00e9\n"})"));
  EXPECT_FALSE(matches(R"({"a": [1, 2,]})"));
  EXPECT_FALSE(matches(R"({"a": 01})"));
  EXPECT_FALSE(matches("{\"a\": \"\n\"}"));
}

TEST(Gbnf, Constructs) {
  const Matcher matches(
      ParseGbnf("root ::= \"\\x41\\u00e9\" .{2} [^a-c\\]-] ab?{2,3}\n  | \"x\"{,2} <[257]>\nab ::= "
                "\"ab\" root?"));
  EXPECT_TRUE(matches("Aé한!dabab"));
  EXPECT_TRUE(matches("Aé한!d"));
  EXPECT_FALSE(matches("Aé한!aab"));
  EXPECT_FALSE(matches("Aé한!-ab"));
  EXPECT_TRUE(matches("xx" + SpecialTokenSpelling(257)));
  EXPECT_FALSE(matches("xxx" + SpecialTokenSpelling(257)));
}

TEST(Gbnf, EveryKindOfRecursion) {
  const Matcher left(ParseGbnf("root ::= root \"+\" [0-9]+ | [0-9]+"));
  EXPECT_TRUE(left("1+22+3"));
  EXPECT_FALSE(left("1+"));
  const Matcher mutual(ParseGbnf("root ::= a | \"x\"\na ::= ws root \"y\"\nws ::= \" \"?"));
  EXPECT_TRUE(mutual("xyy"));
  EXPECT_TRUE(mutual("  xyy"));
  EXPECT_FALSE(mutual("   xyy"));
  const Matcher empty(ParseGbnf("root ::= (\"a\"? | root)* \"b\""));
  EXPECT_TRUE(empty("aab"));
  EXPECT_TRUE(empty("abab"));
}

TEST(Gbnf, RefusalsNameTheLine) {
  EXPECT_EQ(Refusal("root ::= a\n"),
            "the GBNF grammar is wrong in line 1: the rule a is not defined");
  EXPECT_THAT(Refusal("a ::= \"b\""), testing::HasSubstr("no rule \"root\""));
  EXPECT_THAT(Refusal("root ::= \"a\"\nroot ::= \"b\""),
              testing::HasSubstr("line 2: the rule root is defined twice"));
  EXPECT_THAT(Refusal("root ::= \"a"), testing::HasSubstr("a literal without its"));
  EXPECT_THAT(Refusal("root ::= [a"), testing::HasSubstr("a [ without its ]"));
  EXPECT_THAT(Refusal("root ::= (\"a\""), testing::HasSubstr("a ( without its )"));
  EXPECT_THAT(Refusal("root ::= \"a\" )"), testing::HasSubstr("a ) without its ("));
  EXPECT_THAT(Refusal("root ::= <think>"), testing::HasSubstr("by its name"));
  EXPECT_THAT(Refusal("root ::= \"a\"{3,1}"), testing::HasSubstr("end is before its start"));
  EXPECT_THAT(Refusal("root ::= \"a\" root"), testing::HasSubstr("matches nothing"));
}

TEST(Gbnf, HostileGrammarsEnd) {
  EXPECT_THAT(Refusal("root ::= " + std::string(100'000, '(')), testing::HasSubstr("too deep"));
  EXPECT_THAT(Refusal(std::string(10'000'000, 'a')), testing::HasSubstr("bytes long"));
  EXPECT_EQ(Refusal("root ::= " + std::string(100'000, '"')), "accepted");
  std::string doubling = "root ::= a0\n";
  for (int i = 0; i < 60; ++i) {
    doubling += "a" + std::to_string(i) + " ::= a" + std::to_string(i + 1) + " a" +
                std::to_string(i + 1) + "\n";
  }
  EXPECT_EQ(Refusal(doubling + "a60 ::= \"x\""), "accepted");
  EXPECT_THAT(
      Refusal(
          "root ::= ((((\"a\"{1000000}){1000000}){1000000}) b){1000000}\nb ::= \"b\" root | \"c\""),
      testing::HasSubstr("too"));
  std::string chain = "root ::= r0\n";
  for (int i = 0; i < 5000; ++i)
    chain += "r" + std::to_string(i) + " ::= r" + std::to_string(i + 1) + " | \"a\" root\n";
  EXPECT_EQ(Refusal(chain + "r5000 ::= \"x\""), "accepted");
}

}  // namespace
}  // namespace pioneer::grammar
