#include "search/rank/index_retriever.h"

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "search/rank/folding.h"
#include "search/rank/fusion.h"

namespace pioneer::search {
namespace {

constexpr int kMaxQueries = 8;
constexpr size_t kMaxQueryBytes = 4096;
constexpr int kMaxLimit = 100;

constexpr int64_t kMostRows = 8'000;        // that a query makes the index read, about
constexpr size_t kMostCandidates = 20'000;  // that are scored by counts
constexpr size_t kMostRead = 100;           // whose text is read

void CheckQuery(const RetrievalQuery& query) {
  if (query.queries.empty() || query.queries.size() > kMaxQueries) {
    Fail(ErrorCode::kInvalidArgument, "queries must be 1 to {} texts; there are {}", kMaxQueries,
         query.queries.size());
  }
  for (const std::string& text : query.queries) {
    if (text.size() > kMaxQueryBytes) {
      Fail(ErrorCode::kInvalidArgument, "a query may have {} bytes; this one has {}",
           kMaxQueryBytes, text.size());
    }
  }
  if (query.limit < 1 || query.limit > kMaxLimit) {
    Fail(ErrorCode::kInvalidArgument, "limit must be 1 to {}, not {}", kMaxLimit, query.limit);
  }
}

// Which passages are worth scoring: those with a rare term, or with several common ones. All terms
// that the index has, where they are few enough.
TermGroups ChooseGroups(const std::vector<WeightedTerm>& terms) {
  std::vector<int> order(terms.size());
  std::iota(order.begin(), order.end(), 0);
  std::erase_if(order, [&](int i) { return terms[static_cast<size_t>(i)].documents == 0; });
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return terms[static_cast<size_t>(a)].documents < terms[static_cast<size_t>(b)].documents;
  });
  TermGroups groups;
  std::vector<int> common;
  int64_t rows = 0;
  for (const int i : order) {
    const int64_t documents = terms[static_cast<size_t>(i)].documents;
    if (common.empty() && rows + documents <= kMostRows) {
      groups.push_back({i});
      rows += documents;
    } else {
      common.push_back(i);
    }
  }
  constexpr size_t kTogether = 3;
  if (common.size() > 1) {
    common.resize(std::min(common.size(), groups.empty() ? kTogether : size_t{2}));
    groups.push_back(common);
  }
  if (groups.empty() && !common.empty()) groups.push_back(common);
  return groups;
}

struct ReadPassage {
  Passage passage;
  LexicalScorer::Reading reading;
  double score = 0;
};

void SortRead(std::vector<ReadPassage>& read) {
  std::sort(read.begin(), read.end(), [](const ReadPassage& a, const ReadPassage& b) {
    return a.score != b.score ? a.score > b.score : a.passage.id < b.passage.id;
  });
}

// "boundary x3, layer x2; in the title: layer".
std::string DescribeHits(const std::vector<WeightedTerm>& terms,
                         const std::vector<TermCounts>& counts) {
  constexpr size_t kMostNamed = 8;
  std::vector<std::string> in_text, above;
  for (size_t i = 0; i < terms.size(); ++i) {
    const TermCounts& count = counts[i];
    if (!terms[i].term.is_anchor) continue;
    if (count.counts[kTextField] > 0 && in_text.size() < kMostNamed) {
      in_text.push_back(fmt::format("{} x{}", terms[i].term.shown, count.counts[kTextField]));
    }
    if (count.counts[kTitleField] + count.counts[kHeadingsField] > 0 && above.size() < kMostNamed) {
      above.push_back(terms[i].term.shown);
    }
  }
  std::string text = fmt::format("{}", fmt::join(in_text, ", "));
  if (above.empty()) return text;
  return fmt::format("{}{}in the title or a heading: {}", text, text.empty() ? "" : "; ",
                     fmt::join(above, ", "));
}

// Of passages that words did not find among their best: these have none yet.
void CoverByWords(const std::vector<LexicalScorer>& scorers, std::vector<RankedPassage>& passages) {
  for (RankedPassage& ranked : passages) {
    if (ranked.coverage > 0) continue;
    for (const LexicalScorer& scorer : scorers) {
      const double coverage = scorer.Coverage(scorer.Read(ranked.passage).counts);
      ranked.coverage = std::max(ranked.coverage, coverage);
    }
  }
}

}  // namespace

std::vector<int64_t> IndexRetriever::DocumentFrequencies(SearchStore& store,
                                                         const std::vector<std::string>& terms,
                                                         int64_t passages) {
  constexpr int64_t kCommon = 2'000;
  std::vector<int64_t> documents(terms.size());
  std::vector<std::string> unknown;
  std::vector<size_t> places;
  {
    const std::lock_guard lock(mutex_);
    for (size_t i = 0; i < terms.size(); ++i) {
      const auto known = frequencies_.find(terms[i]);
      if (known != frequencies_.end() && passages <= known->second.of_passages * 11 / 10 &&
          passages >= known->second.of_passages * 9 / 10) {
        documents[i] = known->second.documents;
        continue;
      }
      unknown.push_back(terms[i]);
      places.push_back(i);
    }
  }
  if (unknown.empty()) return documents;
  const std::vector<int64_t> asked = store.DocumentFrequencies(unknown);
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < asked.size(); ++i) {
    documents[places[i]] = asked[i];
    if (asked[i] > kCommon) frequencies_[unknown[i]] = {asked[i], passages};
  }
  return documents;
}

// What costs reading is how many passages of the index have a term; how rare it is, all tell.
std::vector<WeightedTerm> IndexRetriever::WeighTerms(SearchStore& store,
                                                     const FurtherPassages& further,
                                                     const std::string& question,
                                                     const IndexTotals& stored) {
  const int64_t passages = further.AddTo(stored).passages;
  std::vector<QueryTerm> found = FindQueryTerms(question);
  std::vector<std::string> texts;
  for (const QueryTerm& term : found) texts.push_back(term.text);
  const std::vector<int64_t> documents = DocumentFrequencies(store, texts, stored.passages);
  std::vector<WeightedTerm> terms;
  for (size_t i = 0; i < found.size(); ++i) {
    const double weight =
        found[i].weight * Rarity(documents[i] + further.DocumentFrequency(texts[i]), passages);
    terms.push_back({std::move(found[i]), documents[i], weight});
  }
  return terms;
}

std::vector<RankedPassage> IndexRetriever::FindByWords(
    SearchStore& store, const LexicalScorer& scorer, const IndexTotals& stored,
    const RetrievalFilter& filter, const FurtherPassages& further, const CancelToken& cancel) {
  std::vector<std::string> texts;
  for (const WeightedTerm& term : scorer.terms()) texts.push_back(term.term.text);
  std::vector<Candidate> candidates =
      store.FindCandidates(texts, ChooseGroups(scorer.terms()), filter, kMostCandidates);
  further.AddCandidates(texts, candidates);
  cancel.Check();
  std::vector<std::pair<double, int64_t>> best;
  for (const Candidate& candidate : candidates) {
    best.push_back({scorer.ScoreCounts(candidate), candidate.passage_id});
  }
  const auto order = [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  };
  const size_t n_read = std::min(best.size(), kMostRead);
  std::partial_sort(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(n_read), best.end(),
                    order);
  std::vector<int64_t> best_ids;
  std::vector<Passage> passages;
  for (size_t i = 0; i < n_read; ++i) {
    if (const Passage* const is_further = further.Find(best[i].second)) {
      passages.push_back(*is_further);
    } else {
      best_ids.push_back(best[i].second);
    }
  }
  for (Passage& passage : store.LoadPassages(best_ids, filter)) {
    passages.push_back(std::move(passage));
  }
  std::vector<ReadPassage> read;
  for (Passage& passage : passages) {
    cancel.Check();
    LexicalScorer::Reading reading = scorer.Read(passage);
    const double words_score = reading.score;
    read.push_back({std::move(passage), std::move(reading), words_score});
  }
  SortRead(read);
  std::vector<RankedPassage> found;
  for (size_t i = 0; i < read.size(); ++i) {
    RankedPassage ranked{std::move(read[i].passage), read[i].score, {}};
    ranked.coverage = scorer.Coverage(read[i].reading.counts);
    ranked.reasons.push_back({"lexical", read[i].score, static_cast<int>(i) + 1,
                              DescribeHits(scorer.terms(), read[i].reading.counts)});
    found.push_back(std::move(ranked));
  }
  std::vector<FeedbackPassage> pupils;
  for (const ReadPassage& passage : read) pupils.push_back({&passage.reading.terms, passage.score});
  const std::vector<double> gains =
      FeedbackGains(pupils, scorer.weight_sum(), scorer.n_words(), further.AddTo(stored).passages,
                    [&](const std::vector<std::string>& words) {
                      auto documents = DocumentFrequencies(store, words, stored.passages);
                      for (size_t i = 0; i < words.size(); ++i) {
                        documents[i] += further.DocumentFrequency(words[i]);
                      }
                      return documents;
                    });
  for (size_t i = 0; i < found.size(); ++i) {
    found[i].score += gains[i];
    if (gains[i] > 0)
      found[i].reasons.push_back({"feedback", gains[i], 0, "words of the best passages"});
  }
  SortByScore(found);
  return found;
}

std::vector<RankedPassage> IndexRetriever::Retrieve(const RetrievalQuery& query,
                                                    const CancelToken& cancel) {
  CheckQuery(query);
  const StorePool::Lease store = stores_.Take();
  const FurtherPassages further(query.further, query.filter);
  const IndexTotals stored = store->Totals(), totals = further.AddTo(stored);
  std::vector<LexicalScorer> scorers;
  std::vector<std::vector<RankedPassage>> lists;
  for (const std::string& question : query.queries) {
    scorers.emplace_back(WeighTerms(*store, further, question, stored), totals);
    lists.push_back(FindByWords(*store, scorers.back(), stored, query.filter, further, cancel));
  }
  if (meaning_) {
    auto nearest = meaning_->Find(*store, query.queries, query.filter, cancel);
    for (size_t i = 0; i < lists.size(); ++i) {
      lists[i] = JoinMeaning(std::move(lists[i]), std::move(nearest[i]));
    }
  }
  std::vector<RankedPassage> found = FuseQueries(std::move(lists));
  if (query.prefer_recent) PreferRecent(found);
  found = FoldAndSpread(std::move(found), static_cast<size_t>(query.limit));
  CoverByWords(scorers, found);
  return found;
}

std::string IndexRetriever::Around(const Passage& passage, size_t bytes) {
  return stores_.Take()->Around(passage, bytes);
}

}  // namespace pioneer::search
