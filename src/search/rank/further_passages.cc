#include "search/rank/further_passages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "search/index/analyzer.h"

namespace pioneer::search {

bool Passes(const Passage& passage, const RetrievalFilter& filter) {
  const auto& languages = filter.languages;
  if (!languages.empty() &&
      std::find(languages.begin(), languages.end(), passage.language) == languages.end()) {
    return false;
  }
  if (!filter.from_ms && !filter.until_ms) return true;
  const auto& dated = passage.dated_at_ms;
  return dated && (!filter.from_ms || *dated >= *filter.from_ms) &&
         (!filter.until_ms || *dated <= *filter.until_ms);
}

FurtherPassages::FurtherPassages(const std::vector<Passage>& passages,
                                 const RetrievalFilter& filter) {
  for (const Passage& passage : passages) {
    if (Passes(passage, filter)) Count(passage);
  }
}

void FurtherPassages::Count(const Passage& passage) {
  const size_t number = passages_.size();
  passages_.push_back(&passage);
  places_[passage.id] = number;
  FieldCounts& lengths = lengths_.emplace_back();
  const std::string headings = fmt::format("{}", fmt::join(passage.headings, "\n"));
  const std::string_view fields[kSearchFields] = {passage.title, headings, passage.text};
  for (size_t field = 0; field < kSearchFields; ++field) {
    uint32_t last = 0;
    for (const Term& term : Analyze(fields[field])) {
      if (term.kind == TermKind::kFunction) continue;
      lengths[field] += term.position != last;
      last = term.position;
      std::vector<Posting>& postings = postings_[term.text];
      if (postings.empty() || postings.back().passage != number) postings.push_back({number, {}});
      ++postings.back().counts[field];
    }
  }
}

IndexTotals FurtherPassages::AddTo(IndexTotals totals) const {
  const auto own = static_cast<double>(passages_.size());
  const double all = own + static_cast<double>(totals.passages);
  if (passages_.empty()) return totals;
  for (size_t field = 0; field < kSearchFields; ++field) {
    double sum = totals.mean_lengths[field] * static_cast<double>(totals.passages);
    for (const FieldCounts& lengths : lengths_) sum += lengths[field];
    totals.mean_lengths[field] = sum / all;
  }
  totals.passages += static_cast<int64_t>(passages_.size());
  return totals;
}

int64_t FurtherPassages::DocumentFrequency(const std::string& term) const {
  const auto found = postings_.find(term);
  return found == postings_.end() ? 0 : static_cast<int64_t>(found->second.size());
}

void FurtherPassages::AddCandidates(const std::vector<std::string>& terms,
                                    std::vector<Candidate>& candidates) const {
  std::vector<Candidate> own(passages_.size());
  for (size_t i = 0; i < terms.size(); ++i) {
    const auto found = postings_.find(terms[i]);
    if (found == postings_.end()) continue;
    for (const Posting& posting : found->second) {
      TermHit hit;
      hit.term = static_cast<int>(i);
      std::copy(posting.counts.begin(), posting.counts.end(), hit.counts);
      own[posting.passage].hits.push_back(hit);
    }
  }
  for (size_t i = 0; i < own.size(); ++i) {
    if (own[i].hits.empty()) continue;
    own[i].passage_id = passages_[i]->id;
    std::copy(lengths_[i].begin(), lengths_[i].end(), own[i].lengths);
    candidates.push_back(std::move(own[i]));
  }
}

const Passage* FurtherPassages::Find(int64_t id) const {
  const auto found = places_.find(id);
  return found == places_.end() ? nullptr : passages_[found->second];
}

}  // namespace pioneer::search
