// Why: "What is a tablespace?" names the thing alone, and most passages that name it say something
// else about it. This finds who explains it, by the forms of explaining of three languages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "search/retriever.h"

namespace pioneer::search::answer {

// A question for the meaning or the purpose of something: "What is a decorator in Python?"
struct DefinitionQuestion {
  std::string subject;  // folded, without articles ("decorator"); "" = it asks something else
  std::string named;    // and where ("decorator in python"): what is looked for
};
DefinitionQuestion ReadDefinitionQuestion(std::string_view question);

// 0..1: how surely the sentence says what `subject` is. 1 where it says so in as many words
// ("a tablespace is a", "A란 ... 말한다"), less where it begins with it and says what it does.
double Defines(std::string_view sentence, std::string_view subject);

// Whether a title, a heading or a label names the subject and nothing else: what stands right below
// explains it.
bool Names(std::string_view line, std::string_view subject);

// Whether a passage begins right below such a line, and how surely its first sentence then explains
// the subject.
bool BeginsBelowName(const Passage& passage, std::string_view subject);
inline constexpr double kBelowItsName = 0.8;

// Passages that explain the subject come first, which becomes a reason "definition".
void PreferDefinitions(std::string_view subject, std::vector<RankedPassage>& passages);

}  // namespace pioneer::search::answer
