#include "eval/answer_rule.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

#include "eval/pattern.h"
#include "text/unicode.h"

namespace pioneer::eval {
namespace {

constexpr char kInvalid[] = "[invalid]";

std::string ToText(std::string_view text) { return std::string(TrimSpace(text)); }

// exact_match with the task's ignore_case and regexes_to_ignore.
std::string NormalizeGsm8k(std::string text) {
  static const Pattern kIgnored[] = {Pattern(","), Pattern("\\$"), Pattern("(?s).*#### "),
                                     Pattern("\\.$")};
  for (const Pattern& pattern : kIgnored) text = pattern.Remove(text);
  return LowerCase(text);
}

std::map<std::string, double> JudgeGsm8k(const AnswerRule& rule, std::string_view answer) {
  const auto score = [&](const std::string& found) {
    const std::string normal = NormalizeGsm8k(found);
    return std::any_of(rule.expected.begin(), rule.expected.end(),
                       [&](const std::string& text) { return NormalizeGsm8k(text) == normal; })
               ? 1.0
               : 0.0;
  };
  return {{"exact_match_strict", score(StrictGsm8kAnswer(answer))},
          {"exact_match_flexible", score(FlexibleGsm8kAnswer(answer))}};
}

std::optional<double> ReadNumber(std::string text) {
  std::erase_if(text, [](char c) { return c == ',' || c == '$'; });
  while (text.ends_with('.')) text.pop_back();
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<double> LastNumber(std::string_view text) {
  static const Pattern kNumber(R"(-?\$?[0-9][0-9,]*(?:\.[0-9]+)?)");
  const std::vector<std::string> numbers = kNumber.FindAll(text);
  return numbers.empty() ? std::nullopt : ReadNumber(numbers.back());
}

std::string WithoutPunctuation(std::string_view text) {
  static const Pattern kPunctuation(R"([\p{P}\p{S}])");
  return kPunctuation.Remove(LowerCase(text));
}

// Words without case, punctuation and articles; characters where there are no words to tell apart.
std::vector<std::string> SquadParts(std::string_view text, bool characters) {
  static const Pattern kArticle(R"(\b(a|an|the)\b)"), kWord(R"(\S+)"), kCharacter(R"(\S)");
  const std::string plain = WithoutPunctuation(text);
  if (characters) return kCharacter.FindAll(plain);
  return kWord.FindAll(kArticle.Remove(plain));
}

bool IsWithoutSpaces(std::string_view text) {
  static const Pattern kScripts(R"([\p{Hangul}\p{Han}\p{Hiragana}\p{Katakana}])");
  return kScripts.Matches(text);
}

double SquadF1(std::vector<std::string> expected, std::vector<std::string> answer) {
  if (expected.empty() || answer.empty()) return expected.empty() == answer.empty() ? 1 : 0;
  std::sort(expected.begin(), expected.end());
  std::sort(answer.begin(), answer.end());
  std::vector<std::string> common;
  std::set_intersection(expected.begin(), expected.end(), answer.begin(), answer.end(),
                        std::back_inserter(common));
  return 2.0 * static_cast<double>(common.size()) /
         static_cast<double>(expected.size() + answer.size());
}

std::map<std::string, double> JudgeSquad(const AnswerRule& rule, std::string_view answer) {
  std::map<std::string, double> scores = {{"exact_match", 0}, {"f1", 0}};
  for (const std::string& text : rule.expected) {
    const bool characters = IsWithoutSpaces(text);
    const auto wanted = SquadParts(text, characters), got = SquadParts(answer, characters);
    scores["exact_match"] = std::max(scores["exact_match"], wanted == got ? 1.0 : 0.0);
    scores["f1"] = std::max(scores["f1"], SquadF1(wanted, got));
  }
  return scores;
}

bool IsRight(AnswerKind kind, const std::string& expected, std::string_view answer) {
  switch (kind) {
    case AnswerKind::kExact:
      return TrimSpace(answer) == TrimSpace(expected);
    case AnswerKind::kContains:
      return answer.find(expected) != std::string_view::npos;
    case AnswerKind::kRegex:
      return Pattern(expected).Matches(answer);
    case AnswerKind::kNumber:
      return LastNumber(answer) && LastNumber(answer) == ReadNumber(ToText(expected));
    case AnswerKind::kSquad:
    case AnswerKind::kGsm8k:
      break;
  }
  return false;
}

}  // namespace

std::map<std::string, double> JudgeAnswer(const AnswerRule& rule, std::string_view answer) {
  if (rule.kind == AnswerKind::kGsm8k) return JudgeGsm8k(rule, answer);
  if (rule.kind == AnswerKind::kSquad) return JudgeSquad(rule, answer);
  const bool right = std::any_of(
      rule.expected.begin(), rule.expected.end(),
      [&](const std::string& expected) { return IsRight(rule.kind, expected, answer); });
  return {{"exact_match", right ? 1 : 0}};
}

std::string StrictGsm8kAnswer(std::string_view answer) {
  static const Pattern kStrict(R"(#### (\-?[0-9\.\,]+))");
  const std::vector<std::string> found = kStrict.FindAll(answer);
  return found.empty() ? kInvalid : ToText(found.front());
}

std::string FlexibleGsm8kAnswer(std::string_view answer) {
  static const Pattern kFlexible(R"((-?[$0-9.,]{2,})|(-?[0-9]+))");
  const std::vector<std::string> found = kFlexible.FindAll(answer);
  return found.empty() ? kInvalid : ToText(found.back());
}

std::string_view TrimSpace(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\n\r\f\v";
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) + 1 - begin);
}

std::string PlainCharacters(std::string_view text) {
  static const Pattern kSpace(R"(\s+)");
  return kSpace.Remove(WithoutPunctuation(text));
}

}  // namespace pioneer::eval
