// Why: "그럼 2023년에는?" and "when was it released?" are found only together with what was asked
// before. This is the way without a model: rules of three languages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "search/answerer.h"

namespace pioneer::search::answer {

// The question as it would be asked without the conversation: pronouns give way to what they stand
// for, what is only named ("what about Oslo?") takes its place in the earlier question, and other
// ellipses are filled with the earlier question's words. The question itself where it needs
// nothing.
std::string StandaloneByRules(std::string_view question, const std::vector<EarlierTurn>& earlier);

// The parts of a question that asks several things, and for a comparison each side; empty where it
// asks one thing.
std::vector<std::string> QuestionParts(std::string_view question);

}  // namespace pioneer::search::answer
