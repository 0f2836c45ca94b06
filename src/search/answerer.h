// Why: a question within a conversation becomes an answer in which every sentence points to the
// passages that carry it. What the wire, the terminal and the chat's search tool call.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/cancel.h"
#include "engine/generator.h"
#include "search/retriever.h"

namespace pioneer::search {

struct EarlierTurn {
  std::string question, answer;
};

enum class Unsupported { kDrop, kMark };  // sentences that no passage carries

struct SearchRequest {
  std::string question;              // 1..4096 bytes
  std::vector<EarlierTurn> earlier;  // oldest first
  RetrievalFilter filter;
  int max_passages = 8;  // 1..32
  Unsupported unsupported = Unsupported::kDrop;
  bool passages_only = false;  // no answer: what was found, ranked
  int64_t now_ms = 0;          // for "this week"; 0 = the clock
  std::string
      language;  // of the page, for what is said when nothing was found; "" = the question's
};

enum class Support { kSupported, kPartly, kUnsupported };
const char* SupportName(Support support);  // "supported", "partly", "unsupported"

struct Citation {
  int passage = 0;            // index into the passages of PassagesEvent
  std::string quote;          // the passage's own words that carry the sentence
  size_t begin = 0, end = 0;  // bytes of the quote in the passage's text
  std::string link;           // to the very place: "#:~:text=...", "#page=3"
};

struct AnswerSentence {
  std::string text;  // as written, with the white space before it
  Support support = Support::kUnsupported;
  double score = 0;  // 0..1, how sure the check is
  // Its passage is in another language: only numbers and words spelled alike were compared. A model
  // that tells likelihoods found it likelier with the passage.
  bool other_language = false;
  std::vector<Citation> citations;
};

// In this order: ReadingEvents while pages of the web are read, one QueriesEvent, one
// PassagesEvent, SentenceEvents as they are checked, at last one DoneEvent.
struct ReadingEvent {
  int done = 0, total = 0;  // pages
};
struct QueriesEvent {
  std::string standalone;            // the question as it is understood without the conversation
  std::vector<std::string> queries;  // what is looked for
  RetrievalFilter filter;            // with the dates that the question named
};
struct PassagesEvent {
  std::vector<RankedPassage> passages;
  std::vector<RetrievalProblem> problems;  // of the web
};
struct SentenceEvent {
  AnswerSentence sentence;
};
struct DoneEvent {
  bool found = false;                   // false: no sentence is supported, and the answer says so
  std::string answer;                   // the text as shown, with [1]-style marks
  std::string method;                   // "model" or "extract": who wrote it
  int dropped = 0;                      // sentences that were written and are not shown
  std::vector<std::string> follow_ups;  // 0..3 questions that the passages can answer
  double retrieval_seconds = 0, answer_seconds = 0;
};
using SearchEvent =
    std::variant<ReadingEvent, QueriesEvent, PassagesEvent, SentenceEvent, DoneEvent>;

// `model` writes and rewrites where it is capable; without one, or with a small one, answers are
// composed of the passages' own sentences. Blocks; `on_event` is called on this thread. Throws
// Error{kInvalidArgument}, {kIo}, {kCancelled}.
void Answer(const SearchRequest& request, Retriever& retriever, Generator* model,
            const CancelToken& cancel, const std::function<void(const SearchEvent&)>& on_event);

}  // namespace pioneer::search
