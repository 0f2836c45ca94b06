// Why: what answers are made from: passages found for queries, each with where it stands and why it
// was chosen. Answering and the wire see the index only through this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"

namespace pioneer::search {

// A stretch of a document's text that is shown and cited.
struct Passage {
  int64_t id = 0;  // stable as long as the document does not change
  int64_t document_id = 0;
  std::string source_id;              // "" = found outside the index (a search provider's page)
  std::string uri, title;             // of the document
  std::vector<std::string> headings;  // the path of headings above it, highest first
  std::string text;
  size_t begin = 0, end = 0;                          // bytes of the document's text
  int page = 0;                                       // from 1; 0 = none
  std::string language;                               // "en", "ko", "ja", "code" or ""
  std::optional<int64_t> dated_at_ms = std::nullopt;  // published, else modified
};

struct RetrievalFilter {
  std::vector<std::string> source_ids;       // none = all
  std::vector<std::string> languages;        // none = all
  std::optional<int64_t> from_ms, until_ms;  // of dated_at_ms; undated passages pass neither
};

// What was to be read for a question and could not be: the question is answered without it.
struct RetrievalProblem {
  std::string uri;   // of the page; "" = the search provider itself
  std::string code;  // stable, for who translates: "timeout", else ErrorCodeName()
  std::string message;
};

struct RetrievalQuery {
  // The question and its parts or paraphrases, best first; 1..8, each at most 4 KiB.
  std::vector<std::string> queries;
  RetrievalFilter filter;
  int limit = 10;              // 1..100
  bool prefer_recent = false;  // the question is about news
  // From outside the index, ranked among its passages; each with an id below 0 of its own, and a
  // document_id below 0.
  std::vector<Passage> further = {};
  // Called on the thread that asks: pages read so far, of how many; and what could not be read.
  std::function<void(int done, int total)> on_reading = {};
  std::function<void(const RetrievalProblem&)> on_problem = {};
};

// One stage's word about a passage: "lexical" (BM25 rank and score, which words matched), "dense",
// "rerank", "fresh", ...
struct RankReason {
  std::string stage;
  double score = 0;
  int rank = 0;        // from 1 in this stage's order; 0 = it does not order
  std::string detail;  // for people: "대부료 x3, 법률 in the heading"
};

struct RankedPassage {
  Passage passage;
  double score = 0;  // decreasing
  std::vector<RankReason> reasons;
  // 0..1: how much of a query its words, title and headings have, rare words counting more; 1 where
  // words were not looked at.
  double coverage = 1;
};

// Thread-safe.
class Retriever {
 public:
  virtual ~Retriever() = default;
  // Best first; near-duplicates are folded into the best of them. Throws Error{kInvalidArgument},
  // {kIo}, {kCancelled}.
  virtual std::vector<RankedPassage> Retrieve(const RetrievalQuery& query,
                                              const CancelToken& cancel) = 0;
  // The text around a passage: `bytes` before and after at most, cut at passages' ends. "" when the
  // document is gone.
  virtual std::string Around(const Passage& passage, size_t bytes) = 0;
};

}  // namespace pioneer::search
