// Why: how the library, its passages and answers look on the wire (docs/web-api.md), in one place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "search/answerer.h"
#include "search/library.h"

namespace pioneer::serve {

// Visitors who are no administrators do not see where sources are.
OrderedJson SourceJson(const search::Source& source, bool administrator);
OrderedJson FailureJson(const search::ItemFailure& failure);
// `provider`: the web search that is set up, or "".
OrderedJson LibraryJson(const search::LibraryState& state, const std::string& provider,
                        bool administrator);

OrderedJson FilterJson(const search::RetrievalFilter& filter);
OrderedJson QueriesJson(const search::QueriesEvent& event);
OrderedJson PassagesJson(const std::vector<search::RankedPassage>& passages);
OrderedJson ProblemsJson(const std::vector<search::RetrievalProblem>& problems);
// Places in passages are bytes inside and UTF-16 units outside.
OrderedJson SentenceJson(const search::AnswerSentence& sentence,
                         const std::vector<search::RankedPassage>& passages);

// UTF-16 units of the first `bytes` bytes.
size_t Utf16Length(std::string_view text, size_t bytes);

// An answer as it grows: what a message keeps and /v1/search gives as a whole.
class SearchRecord {
 public:
  void Take(const search::SearchEvent& event);
  // What was answered so far, with the marks of citations.
  const std::string& answer() const { return answer_; }
  // The name and data of what is sent for the event; the name is "" for a DoneEvent.
  std::pair<std::string, OrderedJson> Event(const search::SearchEvent& event) const;
  // {standalone, queries, filter, passages, sentences, found, method, ...}
  OrderedJson ToJson() const;

 private:
  search::QueriesEvent queries_;
  std::vector<search::RankedPassage> passages_;
  std::vector<search::RetrievalProblem> problems_;
  std::vector<search::AnswerSentence> sentences_;
  search::DoneEvent done_;
  std::string answer_;
};

}  // namespace pioneer::serve
