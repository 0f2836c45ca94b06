// Why: whether a search finds what answers a question, on folders of questions whose passages are
// known, and the same for what others find.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "eval/statistics.h"
#include "search/embedder.h"

namespace pioneer::search {
class Retriever;
}

namespace pioneer::eval {

struct SearchPassage {
  std::string id, title, text;
};
struct SearchQuestion {
  std::string id, question;
  std::vector<std::string> relevant;  // ids of passages
  std::vector<std::string> answers;   // short ones, each of which is right; may be empty
};
// passages.jsonl and questions.jsonl of a folder.
struct SearchSet {
  std::string name;
  std::filesystem::path folder;
  std::vector<SearchPassage> passages;
  std::vector<SearchQuestion> questions;
};
// Throws Error{kNotFound}, {kInvalidArgument} with the line.
SearchSet ReadSearchSet(const std::filesystem::path& folder);

inline constexpr int kSearchDepth = 10;  // results that are judged

// Something that searches: the ids of the passages that it finds, best first.
class Searcher {
 public:
  virtual ~Searcher() = default;
  virtual std::string name() const = 0;
  virtual std::vector<std::string> Search(const std::string& question) = 0;
  // What answers can be made from (answer_eval.h), whose documents are the set's passages; null
  // where it only searches.
  virtual search::Retriever* retriever() { return nullptr; }
};
// Each makes its index in `folder`, which is empty. `embedder`: null = by words alone.
std::unique_ptr<Searcher> MakePioneerSearcher(const SearchSet& set,
                                              const std::filesystem::path& folder,
                                              std::shared_ptr<search::Embedder> embedder,
                                              const CancelToken& cancel);
// SQLite's FTS5 as it comes: its own tokenizer, bm25(), any of the question's words.
std::unique_ptr<Searcher> MakePlainSearcher(const SearchSet& set,
                                            const std::filesystem::path& folder);
// Another program, by a command of the shell behind which the set's `folder` is put. It makes its
// index, writes {"name": "..."}, and then, for each line with a question as a JSON string, one with
// the ids of the passages as a JSON list. Throws Error{kInvalidArgument} where it does not.
std::unique_ptr<Searcher> MakePeerSearcher(const std::string& command,
                                           const std::filesystem::path& folder,
                                           const CancelToken& cancel);

// Of one question; relevance is yes or no.
struct SearchScore {
  double ndcg10 = 0;   // Jaervelin, Kekaelaeinen 2002
  double recall5 = 0;  // share of the relevant passages, of 5 at most, among the first 5
  double mrr10 = 0;    // 1 / rank of the first relevant one
};
SearchScore ScoreResults(const std::vector<std::string>& results,
                         const std::vector<std::string>& relevant);

struct SearchResult {
  std::string set, searcher;
  Estimate ndcg10, recall5, mrr10;
  int64_t passages = 0;
  double index_seconds = 0;
  double query_p50_ms = 0, query_p99_ms = 0;
  std::vector<SearchScore> scores;  // of each question
};
// Questions without relevant passages are left out. The time of indexing is the caller's to tell.
SearchResult EvaluateSearch(const SearchSet& set, Searcher& searcher, const CancelToken& cancel,
                            const std::function<void(size_t done)>& on_progress);

}  // namespace pioneer::eval
