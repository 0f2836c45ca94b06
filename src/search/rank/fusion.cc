#include "search/rank/fusion.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace pioneer::search {
namespace {

constexpr double kRankConstant = 60;         // of reciprocal rank fusion
constexpr double kFurtherQueryWeight = 0.6;  // of each query but the first
// Of the score, against the words'. Scores rather than ranks are added: with a weak embedder
// reciprocal ranks lost more within a language, and found no more across (docs/search.md).
constexpr double kMeaningShare = 0.2;
constexpr double kHalfLifeDays = 30;
constexpr double kMostFreshness = 0.5;
constexpr double kMsPerDay = 86'400'000;

// From 0 for `low` to `high` for the best.
void Rescale(std::vector<RankedPassage>& list, double low, double high) {
  if (list.empty()) return;
  const double span = list.front().score - low;
  for (RankedPassage& ranked : list) {
    ranked.score = span > 0 ? high * (ranked.score - low) / span : high;
  }
}

}  // namespace

void SortByScore(std::vector<RankedPassage>& passages) {
  std::sort(passages.begin(), passages.end(), [](const RankedPassage& a, const RankedPassage& b) {
    return a.score != b.score ? a.score > b.score : a.passage.id < b.passage.id;
  });
}

std::vector<RankedPassage> FuseQueries(std::vector<std::vector<RankedPassage>> lists) {
  if (lists.size() == 1) return std::move(lists.front());
  std::vector<RankedPassage> fused;
  std::unordered_map<int64_t, size_t> places;
  for (size_t q = 0; q < lists.size(); ++q) {
    const double weight = q == 0 ? 1 : kFurtherQueryWeight;
    for (size_t rank = 0; rank < lists[q].size(); ++rank) {
      RankedPassage& passage = lists[q][rank];
      const double gain = weight / (kRankConstant + static_cast<double>(rank) + 1);
      const auto [place, is_new] = places.try_emplace(passage.passage.id, fused.size());
      if (is_new) {
        passage.score = gain;
        fused.push_back(std::move(passage));
      } else {
        RankedPassage& known = fused[place->second];
        known.score += gain;
        known.coverage = std::max(known.coverage, passage.coverage);
      }
    }
  }
  SortByScore(fused);
  for (size_t i = 0; i < fused.size(); ++i) {
    fused[i].reasons.push_back({"fused", fused[i].score, static_cast<int>(i) + 1,
                                fmt::format("over {} queries", lists.size())});
  }
  return fused;
}

std::vector<RankedPassage> JoinMeaning(std::vector<RankedPassage> by_words,
                                       std::vector<RankedPassage> by_meaning) {
  if (by_meaning.empty()) return by_words;
  Rescale(by_words, 0, 1 - kMeaningShare);
  Rescale(by_meaning, by_meaning.back().score, kMeaningShare);
  std::unordered_map<int64_t, size_t> places;
  for (size_t i = 0; i < by_words.size(); ++i) places[by_words[i].passage.id] = i;
  for (RankedPassage& near : by_meaning) {
    const auto known = places.find(near.passage.id);
    if (known == places.end()) {
      by_words.push_back(std::move(near));
      continue;
    }
    RankedPassage& both = by_words[known->second];
    both.score += near.score;
    both.reasons.push_back(std::move(near.reasons.front()));
  }
  SortByScore(by_words);
  return by_words;
}

void PreferRecent(std::vector<RankedPassage>& passages) {
  std::optional<int64_t> newest;
  for (const RankedPassage& ranked : passages) {
    const std::optional<int64_t> dated = ranked.passage.dated_at_ms;
    if (dated && (!newest || *dated > *newest)) newest = dated;
  }
  if (!newest) return;
  for (RankedPassage& ranked : passages) {
    if (!ranked.passage.dated_at_ms) continue;
    const double days = static_cast<double>(*newest - *ranked.passage.dated_at_ms) / kMsPerDay;
    const double gain = kMostFreshness * std::exp2(-days / kHalfLifeDays);
    ranked.score *= 1 + gain;
    ranked.reasons.push_back(
        {"fresh", gain, 0, fmt::format("{:.0f} days older than the newest", days)});
  }
  SortByScore(passages);
}

}  // namespace pioneer::search
