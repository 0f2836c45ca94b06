#include "search/rank/lexical_score.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace pioneer::search {
namespace {

constexpr double kSaturation = 1.2;  // k1
// Of the title, the headings and the text: what a word there counts, and how much the field's
// length matters.
constexpr double kFieldWeight[kSearchFields] = {1.5, 1.2, 1};
constexpr double kFieldLengthShare[kSearchFields] = {0.3, 0.3, 0.6};

constexpr double kOrderedWeight = 0.25, kNearWeight = 0.12;
constexpr uint32_t kNearPositions = 8;

double Saturate(double count) { return count * (kSaturation + 1) / (count + kSaturation); }

}  // namespace

double Rarity(int64_t documents, int64_t passages) {
  const auto n = static_cast<double>(documents);
  return std::log(1 + (static_cast<double>(passages) - n + 0.5) / (n + 0.5));
}

LexicalScorer::LexicalScorer(std::vector<WeightedTerm> terms, const IndexTotals& totals)
    : terms_(std::move(terms)), totals_(totals) {
  for (size_t i = 0; i < terms_.size(); ++i) numbers_[terms_[i].term.text] = static_cast<int>(i);
}

double LexicalScorer::TermScore(const TermCounts& counts, const double (&lengths)[kSearchFields],
                                double weight) const {
  double count = 0;
  for (int field = 0; field < kSearchFields; ++field) {
    if (counts.counts[field] == 0) continue;
    const double relative = lengths[field] / std::max(1.0, totals_.mean_lengths[field]);
    const double norm = 1 - kFieldLengthShare[field] + kFieldLengthShare[field] * relative;
    count += kFieldWeight[field] * counts.counts[field] / norm;
  }
  return weight * Saturate(count);
}

double LexicalScorer::ScoreCounts(const Candidate& candidate) const {
  double lengths[kSearchFields];
  std::copy_n(candidate.lengths, kSearchFields, lengths);
  double score = 0;
  for (const TermHit& hit : candidate.hits) {
    TermCounts counts;
    std::copy_n(hit.counts, kSearchFields, counts.counts);
    score += TermScore(counts, lengths, terms_[static_cast<size_t>(hit.term)].weight);
  }
  return score;
}

double LexicalScorer::FindTerms(const std::vector<Term>& terms,
                                std::vector<std::vector<uint32_t>>& found) const {
  uint32_t last = 0;
  double length = 0;
  for (const Term& term : terms) {
    if (term.kind == TermKind::kFunction) continue;
    length += term.position != last;
    last = term.position;
    const auto number = numbers_.find(term.text);
    if (number != numbers_.end()) {
      found[static_cast<size_t>(number->second)].push_back(term.position);
    }
  }
  return length;
}

// Neighbours in the query that are neighbours in the text, too, in that order or near each other.
double LexicalScorer::PairScore(const std::vector<std::vector<uint32_t>>& found,
                                double length) const {
  const double norm =
      1 - kFieldLengthShare[kTextField] +
      kFieldLengthShare[kTextField] * length / std::max(1.0, totals_.mean_lengths[kTextField]);
  double score = 0;
  size_t previous = terms_.size();
  for (size_t i = 0; i < terms_.size(); ++i) {
    if (!terms_[i].term.is_anchor) continue;
    const size_t first = std::exchange(previous, i);
    if (first == terms_.size()) continue;
    const uint32_t apart = terms_[i].term.position - terms_[first].term.position;
    int ordered = 0, near = 0;
    for (const uint32_t a : found[first]) {
      for (const uint32_t b : found[i]) {
        ordered += b > a && b - a <= apart;
        near += std::max(a, b) - std::min(a, b) <= kNearPositions;
      }
    }
    const double weight = std::min(terms_[first].weight, terms_[i].weight);
    score +=
        weight * (kOrderedWeight * Saturate(ordered / norm) + kNearWeight * Saturate(near / norm));
  }
  return score;
}

double LexicalScorer::weight_sum() const {
  double sum = 0;
  for (const WeightedTerm& term : terms_) sum += term.weight;
  return sum;
}

int LexicalScorer::n_words() const {
  std::set<uint32_t> words;
  for (const WeightedTerm& term : terms_) words.insert(term.term.word);
  return static_cast<int>(words.size());
}

LexicalScorer::Reading LexicalScorer::Read(const Passage& passage) const {
  Reading reading;
  reading.counts.resize(terms_.size());
  double lengths[kSearchFields];
  std::vector<std::vector<uint32_t>> found;
  const std::string headings = fmt::format("{}", fmt::join(passage.headings, "\n"));
  const std::string_view fields[kSearchFields] = {passage.title, headings, passage.text};
  for (int field = 0; field < kSearchFields; ++field) {
    found.assign(terms_.size(), {});
    reading.terms = Analyze(fields[field]);  // those of the text are the last
    lengths[field] = FindTerms(reading.terms, found);
    for (size_t i = 0; i < found.size(); ++i) {
      reading.counts[i].counts[field] = static_cast<int>(found[i].size());
    }
  }
  for (size_t i = 0; i < terms_.size(); ++i) {
    reading.score += TermScore(reading.counts[i], lengths, terms_[i].weight);
  }
  reading.score += PairScore(found, lengths[kTextField]);
  return reading;
}

// A word that the index does not have counts as one that a single passage has: in a small index it
// would outweigh all others, and it may just be another word for what is there.
double LexicalScorer::Coverage(const std::vector<TermCounts>& counts) const {
  double covered = 0, all = 0;
  for (size_t i = 0; i < terms_.size(); ++i) {
    const auto& in = counts[i].counts;
    const bool is_known = terms_[i].documents > 0;
    const double weight =
        is_known ? terms_[i].weight : terms_[i].term.weight * Rarity(1, totals_.passages);
    all += weight;
    if (std::any_of(std::begin(in), std::end(in), [](int n) { return n > 0; })) covered += weight;
  }
  return all > 0 ? covered / all : 0;
}

}  // namespace pioneer::search
