#include "eval/answer_eval.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "eval/answer_rule.h"
#include "search/answerer.h"

namespace pioneer::eval {
namespace {

using Ids = std::unordered_set<std::string>;

// Finds everything but some documents.
class Withholding : public search::Retriever {
 public:
  Withholding(search::Retriever& all, const Ids& withheld) : all_(all), withheld_(withheld) {}

  std::vector<search::RankedPassage> Retrieve(const search::RetrievalQuery& query,
                                              const CancelToken& cancel) override {
    search::RetrievalQuery wider = query;
    const auto more = std::min<int64_t>(100, query.limit + std::ssize(withheld_));
    wider.limit = static_cast<int>(more);
    auto found = all_.Retrieve(wider, cancel);
    std::erase_if(found,
                  [&](const auto& ranked) { return withheld_.contains(ranked.passage.uri); });
    if (std::ssize(found) > query.limit) found.resize(static_cast<size_t>(query.limit));
    return found;
  }
  std::string Around(const search::Passage& passage, size_t bytes) override {
    return all_.Around(passage, bytes);
  }

 private:
  search::Retriever& all_;
  const Ids& withheld_;
};

struct GivenAnswer {
  bool found = false;
  std::string text;                // without the marks of citations
  std::vector<std::string> cited;  // ids of passages, one for each citation
};

GivenAnswer Ask(const std::string& question, search::Retriever& retriever, Generator* model,
                const CancelToken& cancel) {
  GivenAnswer given;
  std::vector<search::RankedPassage> passages;
  search::SearchRequest request;
  request.question = question;
  search::Answer(request, retriever, model, cancel, [&](const search::SearchEvent& event) {
    if (const auto* found = std::get_if<search::PassagesEvent>(&event)) {
      passages = found->passages;
    } else if (const auto* sentence = std::get_if<search::SentenceEvent>(&event)) {
      given.text += sentence->sentence.text;
      for (const search::Citation& citation : sentence->sentence.citations) {
        given.cited.push_back(passages[static_cast<size_t>(citation.passage)].passage.uri);
      }
    } else if (const auto* done = std::get_if<search::DoneEvent>(&event)) {
      given.found = done->found;
    }
  });
  return given;
}

// Whether one of the expected answers stands in the text, but for case, space and punctuation.
bool Holds(const std::vector<std::string>& expected, const std::string& text) {
  const std::string all = PlainCharacters(text);
  return std::ranges::any_of(expected, [&](const std::string& answer) {
    const std::string wanted = PlainCharacters(answer);
    return !wanted.empty() && all.find(wanted) != std::string::npos;
  });
}

// Values of each measure, one a question that it is of.
struct Scores {
  std::vector<double> found, holds, f1, citation_precision, citation_recall, silent;
};

void Judge(const SearchQuestion& question, const Ids& relevant, const GivenAnswer& given,
           Scores& scores) {
  scores.found.push_back(given.found);
  const auto right = static_cast<double>(
      std::ranges::count_if(given.cited, [&](const auto& id) { return relevant.contains(id); }));
  if (!given.cited.empty()) {
    scores.citation_precision.push_back(right / static_cast<double>(given.cited.size()));
  }
  scores.citation_recall.push_back(right > 0);
  if (question.answers.empty()) return;
  scores.holds.push_back(given.found && Holds(question.answers, given.text));
  const AnswerRule rule = {AnswerKind::kSquad, question.answers};
  scores.f1.push_back(given.found ? JudgeAnswer(rule, given.text).at("f1") : 0);
}

}  // namespace

AnswerResult EvaluateAnswers(const SearchSet& set, Searcher& searcher,
                             const AnswerEvalOptions& options, const CancelToken& cancel,
                             const std::function<void(int64_t done)>& on_progress) {
  search::Retriever* const retriever = searcher.retriever();
  if (retriever == nullptr) {
    Fail(ErrorCode::kInvalidArgument, "{} finds passages, but gives no answers", searcher.name());
  }
  const int64_t all = std::ssize(set.questions);
  const int64_t wanted = options.limit == 0 ? all : std::min(options.limit, all);
  Scores scores;
  for (int64_t i = 0; i < wanted; ++i) {
    const SearchQuestion& question = set.questions[static_cast<size_t>(i * all / wanted)];
    const Ids relevant(question.relevant.begin(), question.relevant.end());
    Withholding without(*retriever, relevant);
    if (!relevant.empty()) {
      Judge(question, relevant, Ask(question.question, *retriever, options.model, cancel), scores);
    }
    scores.silent.push_back(!Ask(question.question, without, options.model, cancel).found);
    on_progress(i + 1);
  }
  return {.questions = wanted,
          .found = EstimateMean(scores.found),
          .holds = EstimateMean(scores.holds),
          .f1 = EstimateMean(scores.f1),
          .citation_precision = EstimateMean(scores.citation_precision),
          .citation_recall = EstimateMean(scores.citation_recall),
          .silent = EstimateMean(scores.silent)};
}

}  // namespace pioneer::eval
