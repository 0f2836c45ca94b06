#include "search/answer/rerank.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/clock.h"
#include "search/answer/writer.h"

namespace pioneer::search::answer {
namespace {

// Of reciprocal ranks. Small, so that the first few places count.
constexpr double kRerankConstant = 10;

// What the model says breaks ties, and a little more.
constexpr double kLikelihoodWeight = 1.5;

double OfRank(size_t rank) { return 1 / (kRerankConstant + static_cast<double>(rank) + 1); }

std::vector<double> Likelihoods(Generator& model, const std::string& question, double seconds,
                                const CancelToken& cancel,
                                const std::vector<RankedPassage>& passages) {
  const Stopwatch watch;
  std::vector<double> likelihoods;
  for (const RankedPassage& ranked : passages) {
    if (likelihoods.size() == kMostReranked || watch.Seconds() > seconds) break;
    const std::string before = ranked.passage.title + "\n" + ranked.passage.text + "\n\n";
    const std::optional<double> mean = MeanLikelihood(model, before, question, cancel);
    if (!mean) break;
    likelihoods.push_back(*mean);
  }
  return likelihoods;
}

}  // namespace

void RerankByLikelihood(Generator& model, const std::string& question, double seconds,
                        const CancelToken& cancel, std::vector<RankedPassage>& passages) {
  const std::vector<double> likelihoods = Likelihoods(model, question, seconds, cancel, passages);
  const size_t n = likelihoods.size();
  if (n < 2) return;
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return likelihoods[a] > likelihoods[b]; });
  for (size_t i = 0; i < passages.size(); ++i) passages[i].score = OfRank(i);
  for (size_t rank = 0; rank < n; ++rank) {
    RankedPassage& ranked = passages[order[rank]];
    ranked.score += kLikelihoodWeight * OfRank(rank);
    ranked.reasons.push_back(
        {"rerank", likelihoods[order[rank]], static_cast<int>(rank) + 1,
         fmt::format("the question's mean log probability behind it, by {}", model.info().id)});
  }
  std::stable_sort(
      passages.begin(), passages.begin() + static_cast<std::ptrdiff_t>(n),
      [](const RankedPassage& a, const RankedPassage& b) { return a.score > b.score; });
}

}  // namespace pioneer::search::answer
