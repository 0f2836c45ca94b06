// Why: the trip of a question: understood, looked for, answered, and every sentence proved before
// it is shown.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/clock.h"
#include "base/utf8.h"
#include "search/answer/dates.h"
#include "search/answer/definition.h"
#include "search/answer/extract.h"
#include "search/answer/follow_up.h"
#include "search/answer/links.h"
#include "search/answer/phrases.h"
#include "search/answer/rerank.h"
#include "search/answer/sentences.h"
#include "search/answer/support.h"
#include "search/answer/words.h"
#include "search/answer/writer.h"
#include "search/answerer.h"

namespace pioneer::search {
namespace answer {
namespace {

constexpr size_t kMaxQuestionBytes = 4096;
constexpr size_t kMaxQueries = 8;
constexpr size_t kMaxEarlierTurns = 100;
constexpr size_t kMostLookedAt = 100;  // passages, for one that explains the thing asked about
// A sentence that its passage makes no likelier (nats a token) is not what the passage says.
constexpr double kLeastGain = 0.05;
// More where the words cannot be compared.
constexpr double kLeastGainAcross = 0.2;

std::string WithoutBlankLines(std::string text) {
  while (true) {
    const size_t blank = text.find("\n\n");
    if (blank == text.npos) return text;
    text.erase(blank, 1);
  }
}

struct Understood {
  std::string standalone;
  RetrievalQuery query;
  std::string searched;  // what is answered: the standalone question without words of dates
};

void CheckRequest(const SearchRequest& request) {
  if (request.question.empty() || request.question.size() > kMaxQuestionBytes) {
    Fail(ErrorCode::kInvalidArgument, "question: must have 1 to {} bytes", kMaxQuestionBytes);
  }
  if (!IsValidUtf8(request.question)) Fail(ErrorCode::kInvalidArgument, "question: is no UTF-8");
  if (request.max_passages < 1 || request.max_passages > 32) {
    Fail(ErrorCode::kInvalidArgument, "max_passages: must be from 1 to 32");
  }
  if (request.earlier.size() > kMaxEarlierTurns) {
    Fail(ErrorCode::kInvalidArgument, "earlier: at most {} turns", kMaxEarlierTurns);
  }
}

void AddQuery(std::vector<std::string>& queries, std::string query) {
  if (query.empty() || query.size() > kMaxQuestionBytes || queries.size() >= kMaxQueries) return;
  if (std::find(queries.begin(), queries.end(), query) == queries.end())
    queries.push_back(std::move(query));
}

Understood Understand(const SearchRequest& request, Generator* model, const CancelToken& cancel) {
  Understood understood;
  std::optional<UnderstoodQuestion> by_model;
  if (IsCapable(model))
    by_model = UnderstandByModel(*model, request.question, request.earlier, cancel);
  understood.standalone =
      by_model ? by_model->standalone : StandaloneByRules(request.question, request.earlier);
  if (understood.standalone.size() > kMaxQuestionBytes) understood.standalone = request.question;
  const int64_t now_ms = request.now_ms != 0 ? request.now_ms : Clock::Real().UnixMs();
  const DatesRead dates = ReadDates(understood.standalone, now_ms);
  understood.searched = std::any_of(dates.rest.begin(), dates.rest.end(),
                                    [](unsigned char c) { return c > ' ' && c != '?'; })
                            ? dates.rest
                            : understood.standalone;
  RetrievalQuery& query = understood.query;
  query.filter = request.filter;
  // What the user has set stands over what the question names.
  if (!query.filter.from_ms && !query.filter.until_ms) {
    query.filter.from_ms = dates.from_ms;
    query.filter.until_ms = dates.until_ms;
  }
  query.limit = request.max_passages;
  query.prefer_recent = dates.recent;
  AddQuery(query.queries, understood.searched);
  if (by_model) {
    for (std::string& one : by_model->queries) AddQuery(query.queries, std::move(one));
  } else {
    for (std::string& one : QuestionParts(understood.searched))
      AddQuery(query.queries, std::move(one));
  }
  return understood;
}

std::vector<RankedPassage> Find(Understood& understood, const RetrievalFilter& asked,
                                Retriever& retriever, const CancelToken& cancel) {
  std::vector<RankedPassage> passages = retriever.Retrieve(understood.query, cancel);
  RetrievalFilter& filter = understood.query.filter;
  const bool by_question = filter.from_ms != asked.from_ms || filter.until_ms != asked.until_ms;
  // The question's dates were about something else than the documents' age ("this year's budget").
  if (passages.empty() && by_question) {
    filter = asked;
    understood.query.queries.front() = understood.standalone;
    passages = retriever.Retrieve(understood.query, cancel);
  }
  return passages;
}

// More are found than are asked for where a capable model can choose among them, or what explains
// the thing asked about has to be found among what only names it.
std::vector<RankedPassage> FindAndRerank(Understood& understood, const SearchRequest& request,
                                         Retriever& retriever, Generator* capable,
                                         const CancelToken& cancel) {
  const auto wanted = static_cast<size_t>(request.max_passages);
  const auto [subject, named] = ReadDefinitionQuestion(understood.searched);
  const size_t looked_at = !subject.empty() ? kMostLookedAt : capable ? kMostReranked : 0;
  if (!subject.empty()) understood.query.queries.front() = named;
  understood.query.limit = static_cast<int>(std::max(wanted, looked_at));
  std::vector<RankedPassage> passages = Find(understood, request.filter, retriever, cancel);
  if (!subject.empty()) PreferDefinitions(subject, passages);
  if (capable) {
    RerankByLikelihood(*capable, understood.standalone, kRerankSeconds, cancel, passages);
  }
  passages.resize(std::min(wanted, passages.size()));
  return passages;
}

// Builds the answer of one question, sentence by sentence.
class Builder {
 public:
  Builder(const SearchRequest& request, const Understood& understood,
          const std::vector<RankedPassage>& passages, Generator* model, const CancelToken& cancel,
          const std::function<void(const SearchEvent&)>& on_event)
      : request_(request),
        understood_(understood),
        passages_(passages),
        checker_(passages),
        model_(model),
        cancel_(cancel),
        on_event_(on_event) {}

  DoneEvent Build() {
    if (!passages_.empty() && !request_.passages_only) {
      if (model_ != nullptr) Write();
      if (!done_.found && done_.method.empty()) Extract();
    }
    if (done_.method.empty()) done_.method = "extract";
    const std::string language =
        request_.language.empty() ? LanguageOf(request_.question) : request_.language;
    if (!done_.found && !request_.passages_only) {
      done_.answer += (done_.answer.empty() ? "" : "\n\n") + NothingFound(language, passages_);
      return std::move(done_);
    }
    done_.follow_ups = FollowUpsFromHeadings(understood_.standalone, language, passages_,
                                             {used_.begin(), used_.end()});
    return std::move(done_);
  }

 private:
  void Write() {
    try {
      const bool answered =
          WriteAnswer(*model_, understood_.standalone, passages_, cancel_,
                      [&](const WrittenSentence& written) { TakeWritten(written); });
      if (answered || done_.found) done_.method = "model";
      // The model says that there is nothing, or nothing that it wrote could be proved.
      if (!answered) done_.method = "model";
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kCancelled) throw;
      // What came is proved; where nothing came, the passages speak for themselves.
      if (done_.found) done_.method = "model";
    }
  }

  // A piece between marks may be several sentences, each to be proved by itself.
  void TakeWritten(const WrittenSentence& written) {
    size_t from = 0;
    for (const TextSpan& span : SplitSentences(written.text)) {
      AnswerSentence sentence;
      sentence.text = written.text.substr(from, span.end - from);
      from = span.end;
      Prove(sentence, written.cited);
      Show(std::move(sentence));
    }
  }

  void Prove(AnswerSentence& sentence, const std::vector<int>& cited) {
    cancel_.Check();
    const auto verdict = checker_.Check(sentence.text, cited);
    if (!verdict) return;
    sentence.score = verdict->score;
    if (verdict->support == Support::kUnsupported) return;
    const Passage& passage = passages_[static_cast<size_t>(verdict->passage)].passage;
    const bool confirmed = !verdict->other_language ||
                           IsLikely(sentence.text, passage, kLeastGainAcross, verdict->covered > 0);
    if (!confirmed) return;
    // Words that are all there need no further witness.
    const bool paraphrase = verdict->support == Support::kSupported && verdict->covered < 1;
    const bool doubted = paraphrase && !IsLikely(sentence.text, passage, kLeastGain, true);
    sentence.support = doubted ? Support::kPartly : verdict->support;
    sentence.other_language = verdict->other_language;
    sentence.citations.push_back(
        {verdict->passage, passage.text.substr(verdict->begin, verdict->end - verdict->begin),
         verdict->begin, verdict->end, LinkTo(passage, verdict->begin, verdict->end)});
  }

  // `unknown` where the model tells no likelihoods.
  bool IsLikely(const std::string& sentence, const Passage& passage, double least, bool unknown) {
    const auto gain = LikelihoodGain(*model_, sentence, passage.text, cancel_);
    return gain ? *gain >= least : unknown;
  }

  void Extract() {
    done_.method = "extract";
    bool announced = false;  // the sentence before ends in an example or a list
    for (const ExtractedSentence& found :
         ComposeExtract(understood_.searched, passages_).sentences) {
      const Passage& passage = passages_[static_cast<size_t>(found.passage)].passage;
      AnswerSentence sentence;
      const char* const gap = done_.answer.empty() ? "" : announced ? "\n" : " ";
      sentence.text =
          gap + WithoutBlankLines(passage.text.substr(found.begin, found.end - found.begin));
      sentence.support = Support::kSupported;
      sentence.score = 1;
      sentence.citations.push_back(
          {found.passage, passage.text.substr(found.begin, found.end - found.begin), found.begin,
           found.end, LinkTo(passage, found.begin, found.end)});
      announced = sentence.citations.back().quote.find('\n') != std::string::npos;
      Show(std::move(sentence));
    }
  }

  void Show(AnswerSentence sentence) {
    if (sentence.support == Support::kUnsupported && request_.unsupported == Unsupported::kDrop) {
      ++done_.dropped;
      return;
    }
    done_.found = done_.found || sentence.support != Support::kUnsupported;
    done_.answer += sentence.text;
    if (sentence.support == Support::kUnsupported) done_.answer += " [?]";
    if (!sentence.citations.empty()) done_.answer += ' ';
    for (const Citation& citation : sentence.citations) {
      done_.answer += fmt::format("[{}]", citation.passage + 1);
      used_.insert(citation.passage);
    }
    on_event_(SentenceEvent{std::move(sentence)});
  }

  const SearchRequest& request_;
  const Understood& understood_;
  const std::vector<RankedPassage>& passages_;
  const SupportChecker checker_;
  Generator* const model_;  // null: not capable
  const CancelToken& cancel_;
  const std::function<void(const SearchEvent&)>& on_event_;
  DoneEvent done_;
  std::set<int> used_;
};

}  // namespace
}  // namespace answer

void Answer(const SearchRequest& request, Retriever& retriever, Generator* model,
            const CancelToken& cancel, const std::function<void(const SearchEvent&)>& on_event) {
  using namespace answer;
  CheckRequest(request);
  cancel.Check();
  Generator* const capable = IsCapable(model) ? model : nullptr;
  const Stopwatch retrieval;
  Understood understood = Understand(request, capable, cancel);
  PassagesEvent found;
  understood.query.on_reading = [&](int done, int total) { on_event(ReadingEvent{done, total}); };
  understood.query.on_problem = [&](const RetrievalProblem& problem) {
    found.problems.push_back(problem);
  };
  found.passages = FindAndRerank(understood, request, retriever, capable, cancel);
  const double retrieval_seconds = retrieval.Seconds();
  on_event(QueriesEvent{understood.standalone, understood.query.queries, understood.query.filter});
  on_event(found);
  const Stopwatch answering;
  DoneEvent done = Builder(request, understood, found.passages, capable, cancel, on_event).Build();
  done.retrieval_seconds = retrieval_seconds;
  done.answer_seconds = answering.Seconds();
  on_event(std::move(done));
}

}  // namespace pioneer::search
