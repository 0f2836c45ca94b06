#include "text/grammar/lark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "text/grammar/test_matcher.h"

namespace pioneer::grammar {
namespace {

std::string Refusal(const std::string& source) {
  return MessageOf([&] { return ParseLark(source); });
}

// In the form that Codex gives its apply_patch tool.
constexpr const char* kPatchGrammar = R"g(
start: begin_patch hunk+ end_patch
begin_patch: "*** Begin Patch" LF
end_patch: "*** End Patch" LF?

hunk: add_hunk | delete_hunk | update_hunk
add_hunk: "*** Add File: " filename LF add_line+
delete_hunk: "*** Delete File: " filename LF
update_hunk: "*** Update File: " filename LF change_move? change?

filename: /(.+)/
add_line: "+" /(.*)/ LF -> line

change_move: "*** Move to: " filename LF
change: (change_context | change_line)+ eof_line?
change_context: ("@@" | "@@ " /(.+)/) LF
change_line: ("+" | "-" | " ") /(.*)/ LF
eof_line: "*** End of File" LF

%import common.LF
)g";

TEST(Lark, ApplyPatch) {
  const Matcher matches(ParseLark(kPatchGrammar));
  EXPECT_TRUE(matches("*** Begin Patch\n*** Add File: a/b.txt\n+hello\n+\n*** End Patch\n"));
  EXPECT_TRUE(
      matches("*** Begin Patch\n*** Update File: x.py\n*** Move to: y.py\n@@ def f():\n"
              " a\n-b\n+c\n*** End of File\n*** Delete File: z\n*** End Patch"));
  EXPECT_FALSE(matches("*** Begin Patch\n*** End Patch\n"));
  EXPECT_FALSE(matches("*** Begin Patch\n*** Add File: a\nhello\n*** End Patch\n"));
  EXPECT_FALSE(matches("*** Begin Patch\n*** Add File: \n+a\n*** End Patch\n"));
  EXPECT_EQ(matches.Start().ForcedBytes(), "*** Begin Patch\n*** ");
}

TEST(Lark, ArithmeticWithIgnoredSpace) {
  const Matcher matches(ParseLark(R"g(
    ?start: sum            // the entry
    sum: product | sum "+" product -> add
       | sum "-" product -> sub
    product.2: atom | product "*" atom
    atom: NUMBER | "-" atom | NAME | "(" sum ")"
    %import common (NUMBER, CNAME)
    %import common.CNAME -> NAME
    %import common.WS_INLINE
    %ignore WS_INLINE
    %ignore /#[^\n]*/
  )g"));
  EXPECT_TRUE(matches("1 + 2*(x - -3.5)  # note"));
  EXPECT_TRUE(matches("a"));
  EXPECT_FALSE(matches(" a"));
  EXPECT_FALSE(matches("1 + "));
  EXPECT_FALSE(matches("(1 + 2"));
}

TEST(Lark, Terminals) {
  const Matcher matches(ParseLark(R"g(
    start: WORD ("," WORD)~1..2 [END]
    WORD: LETTER+ & /.{2,4}/ & ~"bad"
    LETTER: "a".."z" | /[0-9]/ | "SS"i
    END: ("." | "!"){2}
  )g"));
  EXPECT_TRUE(matches("ab,c9"));
  EXPECT_TRUE(matches("ab,ss,SS.!"));
  EXPECT_FALSE(matches("ab"));
  EXPECT_FALSE(matches("ab,bad"));
  EXPECT_TRUE(matches("ab,badd"));
  EXPECT_FALSE(matches("a,bb"));
  EXPECT_FALSE(matches("ab,cd,ef,gh"));
  EXPECT_FALSE(matches("ab,cd."));
}

TEST(Lark, TextUntilACallAndJson) {
  const Matcher matches(ParseLark(R"g(
    start: ( call )* rest
    rest: TEXT
    TEXT: /(.|\n)*/ & ~/(.|\n)*<call(.|\n)*/
    call_begin[lazy]: /(.|\n)*/ "<call"
    call: call_begin "=f>" %json {"type": "object", "properties": {"a\"}": {"type": "integer"}},
                                  "required": ["a\"}"], "additionalProperties": false} "</call>"
  )g"));
  EXPECT_TRUE(matches("only text < call"));
  EXPECT_TRUE(matches("text <call=f>{\"a\\\"}\": 12}</call> and more"));
  EXPECT_FALSE(matches("text <call=f>{\"a\\\"}\": 1.5}</call>"));
  EXPECT_FALSE(matches("text <call=g>"));
  const Matcher suffix(ParseLark("start: body \"!\"\nbody[suffix=\"</x>\", capture]: /(.|\\n)*/"));
  EXPECT_TRUE(suffix("ab</x>!"));
  EXPECT_FALSE(suffix("ab</x></x>!"));
}

TEST(Lark, SpecialTokens) {
  const auto find = [](std::string_view name) { return name == "<|tool|>" ? 257 : -1; };
  const Matcher matches(ParseLark("start: <|tool|> \"x\" <[256,258-259]>", find));
  EXPECT_TRUE(matches(SpecialTokenSpelling(257) + "x" + SpecialTokenSpelling(259)));
  EXPECT_FALSE(matches(SpecialTokenSpelling(257) + "x" + SpecialTokenSpelling(257)));
  EXPECT_FALSE(matches("<|tool|>x" + SpecialTokenSpelling(256)));
  EXPECT_THAT(Refusal("start: <|other|>"), testing::HasSubstr("no special token <|other|>"));
}

TEST(Lark, RefusalsNameTheLine) {
  EXPECT_EQ(Refusal("start: a\n"), "the Lark grammar is wrong in line 1: a is not defined");
  EXPECT_THAT(Refusal("begin: \"a\""), testing::HasSubstr("no rule \"start\""));
  EXPECT_THAT(Refusal("start: A\nA: \"a\" A?"),
              testing::HasSubstr("line 2: the terminal A contains itself"));
  EXPECT_THAT(Refusal("start: A\nA: b\nb: \"x\""),
              testing::HasSubstr("cannot stand in a terminal"));
  EXPECT_THAT(Refusal("start: \"a\"\n%declare X"), testing::HasSubstr("%declare"));
  EXPECT_THAT(Refusal("start: sep{\"a\", \",\"}"), testing::HasSubstr("template"));
  EXPECT_THAT(Refusal("start: /a(?<=b)/"), testing::HasSubstr("look-behind"));
  EXPECT_THAT(Refusal("start: %regex {}"), testing::HasSubstr("%regex"));
  EXPECT_THAT(Refusal("start[max_tokens=3]: \"a\""), testing::HasSubstr("max_tokens"));
  EXPECT_THAT(Refusal("start: \"a\" )"), testing::HasSubstr("a ) without its ("));
  EXPECT_THAT(Refusal("%import common.NOTHING\nstart: \"a\""),
              testing::HasSubstr("does not exist"));
  EXPECT_THAT(Refusal("start: " + std::string(100'000, '(')), testing::HasSubstr("too deep"));
  EXPECT_THAT(Refusal("start: " + std::string(100'000, '~')), testing::HasSubstr("too deep"));
}

}  // namespace
}  // namespace pioneer::grammar
