#include "search/web_search.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <thread>

#include "base/clock.h"
#include "base/error.h"
#include "search/fetch/deadline.h"
#include "search/index/passages.h"

namespace pioneer::search {
namespace {

constexpr size_t kMostQueries = 3;  // that the provider is asked for one question
constexpr int kResultsOfQuery = 10;
constexpr int kQuestionsAtOnce = 4;
constexpr size_t kMostPassages = 300;  // of one page

struct QueryAnswer {
  std::vector<WebResult> results;
  std::optional<RetrievalProblem> problem;
};

QueryAnswer AskOne(WebProvider& provider, const std::string& query, const CancelToken& stop) {
  try {
    return {provider.Search(query, kResultsOfQuery, stop), std::nullopt};
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled) {
      return {{}, RetrievalProblem{"", "timeout", "the search provider did not answer in time"}};
    }
    return {{}, RetrievalProblem{"", ErrorCodeName(error.code()), error.what()}};
  } catch (const std::exception& error) {
    return {{}, RetrievalProblem{"", ErrorCodeName(ErrorCode::kInternal), error.what()}};
  }
}

std::vector<QueryAnswer> AskAll(WebProvider& provider, const std::vector<std::string>& queries,
                                const CancelToken& stop) {
  std::vector<QueryAnswer> answers(std::min(queries.size(), kMostQueries));
  std::vector<std::thread> threads;
  for (size_t i = 0; i < answers.size(); ++i) {
    threads.emplace_back([&, i] { answers[i] = AskOne(provider, queries[i], stop); });
  }
  for (std::thread& thread : threads) thread.join();
  return answers;
}

// The first results of all queries, then the second ones: each page once.
std::vector<WebResult> Interleave(const std::vector<QueryAnswer>& answers, size_t most) {
  std::vector<WebResult> merged;
  std::set<std::string> seen;
  for (size_t rank = 0; rank < kResultsOfQuery; ++rank) {
    for (const QueryAnswer& answer : answers) {
      if (rank >= answer.results.size() || merged.size() >= most) continue;
      if (seen.insert(answer.results[rank].url).second) merged.push_back(answer.results[rank]);
    }
  }
  return merged;
}

void AddPassages(const Document& document, int place, WebFound& found) {
  const int64_t document_id = -static_cast<int64_t>(place);
  std::vector<NewPassage> cut = CutPassages(document);
  if (cut.size() > kMostPassages) cut.resize(kMostPassages);
  for (NewPassage& piece : cut) {
    Passage passage;
    passage.id = -static_cast<int64_t>(found.passages.size()) - 1;
    passage.document_id = document_id;
    passage.uri = document.uri;
    passage.title = document.title;
    passage.headings = std::move(piece.headings);
    passage.begin = piece.begin;
    passage.end = piece.begin + piece.text.size();
    passage.text = std::move(piece.text);
    passage.page = piece.page;
    passage.language = document.language;
    passage.dated_at_ms =
        document.published_at_ms ? document.published_at_ms : document.modified_at_ms;
    found.passages.push_back(std::move(passage));
    found.places.push_back(place);
  }
}

}  // namespace

ProviderSettings ParseWebProvider(std::string_view text, const std::string& api_key) {
  ProviderSettings settings;
  settings.allow_private_provider = true;
  settings.api_key = api_key;
  const size_t equals = std::min(text.find('='), text.size());
  const std::string_view name = text.substr(0, equals);
  settings.url = text.substr(std::min(equals + 1, text.size()));
  for (const auto kind :
       {ProviderKind::kSearxng, ProviderKind::kBrave, ProviderKind::kOpenSearch}) {
    if (name != ProviderKindName(kind)) continue;
    settings.kind = kind;
    if (settings.url.empty() && kind != ProviderKind::kBrave) {
      Fail(ErrorCode::kInvalidArgument, "name the address of the web search: {}=https://...", name);
    }
    return settings;
  }
  Fail(ErrorCode::kInvalidArgument,
       "there is no web search {}: it is searxng=ADDRESS, brave or opensearch=ADDRESS", name);
}

// Waits until so few questions ask that one more may.
class WebSearch::Turn {
 public:
  Turn(WebSearch& web, const CancelToken& cancel) : web_(web) {
    while (!Take()) {
      cancel.Check();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  ~Turn() {
    const std::lock_guard lock(web_.mutex_);
    --web_.running_;
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  bool Take() {
    const std::lock_guard lock(web_.mutex_);
    if (web_.running_ >= kQuestionsAtOnce) return false;
    ++web_.running_;
    return true;
  }
  WebSearch& web_;
};

WebSearch::WebSearch(const WebSearchSettings& settings)
    : settings_(settings), provider_(MakeWebProvider(settings.provider)) {}

WebSearch::~WebSearch() = default;

const char* WebSearch::name() const { return ProviderKindName(settings_.provider.kind); }

std::vector<WebResult> WebSearch::AskProvider(const std::vector<std::string>& queries,
                                              const CancelToken& cancel,
                                              std::vector<RetrievalProblem>& problems) {
  const std::vector<QueryAnswer> answers =
      RunUntil(settings_.provider_ms, cancel,
               [&](const CancelToken& stop) { return AskAll(*provider_, queries, stop); });
  std::set<std::string> told;  // it says the same to each query
  for (const QueryAnswer& answer : answers) {
    if (answer.problem && told.insert(answer.problem->message).second) {
      problems.push_back(*answer.problem);
    }
  }
  return Interleave(answers, static_cast<size_t>(std::clamp(settings_.max_pages, 1, 20)));
}

WebFound WebSearch::Find(const std::vector<std::string>& queries, const CancelToken& cancel,
                         const std::function<void(int done, int total)>& on_reading) {
  const Turn turn(*this, cancel);
  const Stopwatch watch;
  WebFound found;
  const std::vector<WebResult> results = AskProvider(queries, cancel, found.problems);
  if (results.empty()) return found;
  const auto spent_ms = static_cast<int64_t>(watch.Seconds() * 1000);
  WebPages pages = ReadPages(results, settings_.provider.allow_private_pages,
                             settings_.timeout_ms - spent_ms, cancel, on_reading);
  for (const Document& document : pages.documents) {
    const auto result = std::find_if(results.begin(), results.end(),
                                     [&](const WebResult& one) { return one.url == document.uri; });
    AddPassages(document, static_cast<int>(result - results.begin()) + 1, found);
  }
  for (RetrievalProblem& failure : pages.failures) found.problems.push_back(std::move(failure));
  return found;
}

std::vector<RankedPassage> WebRetriever::Retrieve(const RetrievalQuery& query,
                                                  const CancelToken& cancel) {
  const std::lock_guard lock(mutex_);
  if (!found_) {
    found_ = web_.Find(query.queries, cancel, query.on_reading);
    if (query.on_problem) {
      for (const RetrievalProblem& problem : found_->problems) query.on_problem(problem);
    }
  }
  RetrievalQuery both = query;
  both.further = found_->passages;
  std::vector<RankedPassage> ranked = library_.Retrieve(both, cancel);
  for (RankedPassage& passage : ranked) {
    if (!passage.passage.source_id.empty()) continue;
    const int place = found_->places.at(static_cast<size_t>(-passage.passage.id - 1));
    passage.reasons.push_back({"web", 0, place, fmt::format("named by {}", web_.name())});
  }
  return ranked;
}

std::string WebRetriever::Around(const Passage& passage, size_t bytes) {
  return passage.source_id.empty() ? passage.text : library_.Around(passage, bytes);
}

}  // namespace pioneer::search
