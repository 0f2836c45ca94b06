// Why: when an open answer is right. The rules are few and exact, and those with a name in
// lm-evaluation-harness judge as it does.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer::eval {

enum class AnswerKind {
  kExact,     // the answer, without space around it, is one of the expected texts
  kContains,  // one of them stands in it
  kRegex,     // one of them, a pattern (eval/pattern.h), matches somewhere in it
  kSquad,   // SQuAD's: equal but for case, punctuation and articles; and how many words are common
  kNumber,  // its last number is one of them, as numbers: "1,200.0" is 1200
  kGsm8k,   // lm-evaluation-harness's gsm8k: the number after "####", and the last one
};

struct AnswerRule {
  AnswerKind kind = AnswerKind::kExact;
  std::vector<std::string> expected;  // at least one
};

// The scores of an answer, from 0 to 1: "exact_match"; of kGsm8k "exact_match_strict" and
// "exact_match_flexible"; of kSquad also "f1", the harmonic mean of precision and recall of its
// words (SQuAD 1.1's evaluate-v1.1.py), and of characters where the expected text is Korean,
// Japanese or Chinese (as KorQuAD and JaQuAD do), against the expected text that fits best. Throws
// what Pattern throws.
std::map<std::string, double> JudgeAnswer(const AnswerRule& rule, std::string_view answer);

// What lm-evaluation-harness's two filters of gsm8k take out of an answer; "[invalid]" = nothing.
std::string StrictGsm8kAnswer(std::string_view answer);
std::string FlexibleGsm8kAnswer(std::string_view answer);

std::string_view TrimSpace(std::string_view text);

// Without case, punctuation and white space.
std::string PlainCharacters(std::string_view text);

}  // namespace pioneer::eval
