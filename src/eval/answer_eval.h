// Why: passages that are found are not yet an answer. Whether the answers of the search are right,
// point to what carries them, and stay away where nothing answers.
#pragma once

#include <cstdint>
#include <functional>

#include "base/cancel.h"
#include "engine/generator.h"
#include "eval/search_eval.h"

namespace pioneer::eval {

// Means over questions. Those of answers only over questions that have expected ones.
struct AnswerResult {
  int64_t questions = 0;
  Estimate found;               // an answer was given
  Estimate holds;               // and an expected answer stands in it
  Estimate f1;                  // SQuAD's, of the answer and the expected one (answer_rule.h)
  Estimate citation_precision;  // of answers: citations of relevant passages among all of them
  Estimate citation_recall;     // a relevant passage was cited
  // The same questions, with their relevant passages kept from it: no answer was given. Other
  // passages may answer, too, so that 1 is not to be reached.
  Estimate silent;
};

struct AnswerEvalOptions {
  int64_t limit = 0;           // questions, taken at even steps; 0 = all
  Generator* model = nullptr;  // writes the answers where it is capable; null = none
};

// `searcher` must have a retriever. Questions without relevant passages count in `silent` only.
AnswerResult EvaluateAnswers(const SearchSet& set, Searcher& searcher,
                             const AnswerEvalOptions& options, const CancelToken& cancel,
                             const std::function<void(int64_t done)>& on_progress);

}  // namespace pioneer::eval
