#include "search/rank/feedback.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>

#include "search/rank/lexical_score.h"

namespace pioneer::search {
namespace {

constexpr size_t kTeachers = 8;    // passages that are believed
constexpr size_t kMostWords = 20;  // that are learned of them
constexpr size_t kLeastPassages = 3;
constexpr double kShare = 1;  // of the new words beside the query, at most
constexpr double kFeedbackSaturation = 1.2;

// One kanji by itself says too little.
bool IsLearned(const Term& term) {
  return term.kind != TermKind::kFunction && term.kind != TermKind::kSingle;
}

struct LearnedWord {
  std::string text;
  double weight = 0;
};

// How far a passage speaks of a word.
double Presence(int count) { return count / (count + kFeedbackSaturation); }

std::vector<LearnedWord> LearnWords(const std::vector<FeedbackPassage>& passages,
                                    int64_t n_passages, const DocumentsOf& documents_of) {
  std::unordered_map<std::string_view, std::pair<double, int>> weights;
  const size_t n = std::min(passages.size(), kTeachers);
  for (size_t i = 0; i < n; ++i) {
    std::unordered_map<std::string_view, int> counts;
    for (const Term& term : *passages[i].terms) {
      if (IsLearned(term)) ++counts[term.text];
    }
    for (const auto& [word, count] : counts) {
      auto& [weight, in] = weights[word];
      weight += passages[i].score * Presence(count);
      ++in;
    }
  }
  std::vector<LearnedWord> words;
  for (const auto& [word, found] : weights) {
    if (found.second > 1)
      words.push_back({std::string(word), found.first});  // one passage is no agreement
  }
  const auto heavier = [](const LearnedWord& a, const LearnedWord& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.text < b.text;
  };
  const auto keep = [&](size_t most) {
    const size_t kept = std::min(words.size(), most);
    std::partial_sort(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(kept), words.end(),
                      heavier);
    words.resize(kept);
  };
  keep(3 * kMostWords);  // rarity is asked of the index
  std::vector<std::string> texts;
  for (const LearnedWord& word : words) texts.push_back(word.text);
  const std::vector<int64_t> documents = documents_of(texts);
  for (size_t i = 0; i < words.size(); ++i) words[i].weight *= Rarity(documents[i], n_passages);
  keep(kMostWords);
  return words;
}

// 1 where the best passages are equally good, as for a question about a topic; towards 0 where one
// stands out, as for a question that one passage answers: that one needs no help, and others'
// words would blur it.
double FlatnessOf(const std::vector<FeedbackPassage>& passages) {
  const size_t n = std::min(passages.size(), kTeachers);
  double sum = 0;
  for (size_t i = 1; i < n; ++i) sum += passages[i].score;
  const double relative = sum / (static_cast<double>(n - 1) * passages[0].score);
  return std::pow(relative, 3);
}

// A few words name what is meant; many describe a topic, for which no word is the only one.
double Breadth(int n_words) {
  constexpr double kNames = 5, kDescribes = 9;
  return std::clamp((n_words - kNames) / (kDescribes - kNames), 0.0, 1.0);
}

}  // namespace

std::vector<double> FeedbackGains(const std::vector<FeedbackPassage>& passages,
                                  double weight_of_query, int n_words, int64_t n_passages,
                                  const DocumentsOf& documents_of) {
  std::vector<double> gains(passages.size());
  if (passages.size() < kLeastPassages || passages[0].score <= 0) return gains;
  const double breadth = Breadth(n_words);
  if (breadth <= 0) return gains;
  const std::vector<LearnedWord> words = LearnWords(passages, n_passages, documents_of);
  double sum = 0;
  for (const LearnedWord& word : words) sum += word.weight;
  if (sum <= 0) return gains;
  const double scale = kShare * breadth * FlatnessOf(passages) * weight_of_query / sum;
  std::unordered_map<std::string_view, size_t> numbers;
  for (size_t i = 0; i < words.size(); ++i) numbers[words[i].text] = i;
  for (size_t i = 0; i < passages.size(); ++i) {
    std::vector<int> counts(words.size());
    for (const Term& term : *passages[i].terms) {
      const auto word = IsLearned(term) ? numbers.find(term.text) : numbers.end();
      if (word != numbers.end()) ++counts[word->second];
    }
    for (size_t word = 0; word < words.size(); ++word) {
      if (counts[word] == 0) continue;
      gains[i] += scale * words[word].weight * Presence(counts[word]) * (1 + kFeedbackSaturation);
    }
  }
  return gains;
}

}  // namespace pioneer::search
