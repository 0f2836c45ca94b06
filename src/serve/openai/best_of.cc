#include "serve/openai/best_of.h"

#include <algorithm>
#include <iterator>

namespace pioneer::serve::openai {
namespace {

double MeanLogprob(const Answer& answer) {
  double sum = 0;
  for (const TokenInfo& token : answer.tokens) sum += token.has_logprob ? token.chosen.logprob : 0;
  return answer.tokens.empty() ? 0 : sum / static_cast<double>(answer.tokens.size());
}

}  // namespace

std::vector<Answer> KeepBest(std::vector<Answer> answers, int n_each, int n_kept) {
  std::vector<Answer> kept;
  for (auto group = answers.begin(); group != answers.end(); group += n_each) {
    std::stable_sort(group, group + n_each, [](const Answer& a, const Answer& b) {
      return MeanLogprob(a) > MeanLogprob(b);
    });
    std::move(group, group + n_kept, std::back_inserter(kept));
  }
  return kept;
}

}  // namespace pioneer::serve::openai
