#include "serve/search/search_json.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "search/failure_text.h"

namespace pioneer::serve {
namespace {

OrderedJson StampOrNull(int64_t ms) { return ms == 0 ? OrderedJson(nullptr) : OrderedJson(ms); }

OrderedJson NumberOrNull(const std::optional<int64_t>& value) {
  return value ? OrderedJson(*value) : OrderedJson(nullptr);
}

OrderedJson TextOrNull(const std::string& text) {
  return text.empty() ? OrderedJson(nullptr) : OrderedJson(text);
}

OrderedJson VectorsJson(const std::optional<search::VectorProgress>& vectors) {
  if (!vectors) return nullptr;
  return {{"model", vectors->embedder},
          {"done", vectors->done},
          {"total", vectors->total},
          {"in_graph", vectors->in_graph ? OrderedJson(*vectors->in_graph) : OrderedJson(nullptr)},
          {"problem", TextOrNull(vectors->problem)}};
}

OrderedJson JobJson(const search::Job& job) {
  const search::FailureParts failure = search::SplitFailure(job.error);
  return {{"state", search::JobStateName(job.state)},
          {"items_done", job.items_done},
          {"items_total", job.items_total},
          {"added", job.added},
          {"changed", job.changed},
          {"unchanged", job.unchanged},
          {"removed", job.removed},
          {"failed", job.failed},
          {"bytes_read", job.bytes_read},
          {"created_at", job.created_at_ms},
          {"started_at", StampOrNull(job.started_at_ms)},
          {"ended_at", StampOrNull(job.ended_at_ms)},
          {"error", TextOrNull(failure.message)},
          {"error_code", TextOrNull(failure.code)}};
}

OrderedJson PassageJson(size_t n, const search::RankedPassage& ranked) {
  const search::Passage& passage = ranked.passage;
  OrderedJson reasons = OrderedJson::array();
  for (const search::RankReason& reason : ranked.reasons) {
    reasons.push_back({{"stage", reason.stage},
                       {"score", reason.score},
                       {"rank", reason.rank},
                       {"detail", reason.detail}});
  }
  const size_t hash = passage.uri.find('#');
  const std::string link =
      passage.page > 0 ? fmt::format("{}#page={}", passage.uri.substr(0, hash), passage.page)
                       : passage.uri;
  return {{"n", n},
          {"id", passage.id},
          {"document_id",
           passage.source_id.empty() ? OrderedJson(nullptr) : OrderedJson(passage.document_id)},
          {"source_id", passage.source_id},
          {"uri", passage.uri},
          {"link", link},
          {"title", passage.title},
          {"headings", passage.headings},
          {"text", passage.text},
          {"page", passage.page},
          {"language", passage.language},
          {"dated_at", NumberOrNull(passage.dated_at_ms)},
          {"score", ranked.score},
          {"reasons", std::move(reasons)}};
}

}  // namespace

OrderedJson SourceJson(const search::Source& source, bool administrator) {
  const search::SourceSettings& settings = source.settings;
  const auto shown = [&](const auto& value) {
    return administrator ? OrderedJson(value) : OrderedJson(nullptr);
  };
  OrderedJson job = source.job ? JobJson(*source.job) : OrderedJson(nullptr);
  // What went wrong names places, too.
  if (source.job && !administrator && !source.job->error.empty()) job["error"] = "failed";
  return {{"id", source.id},
          {"name", source.name},
          {"kind", search::SourceKindName(settings.kind)},
          {"location", shown(settings.location)},
          {"include", shown(settings.include)},
          {"exclude", shown(settings.exclude)},
          {"max_documents", settings.max_documents},
          {"max_depth", settings.max_depth},
          {"sync_every_seconds", source.sync_every_seconds},
          {"created_at", source.created_at_ms},
          {"synced_at", StampOrNull(source.synced_at_ms)},
          {"documents", source.documents},
          {"passages", source.passages},
          {"text_bytes", source.text_bytes},
          {"failures", source.failures},
          {"job", std::move(job)}};
}

OrderedJson FailureJson(const search::ItemFailure& failure) {
  const search::FailureParts parts = search::SplitFailure(failure.message);
  return {{"uri", failure.uri},
          {"code", TextOrNull(parts.code)},
          {"message", parts.message},
          {"at", failure.at_ms}};
}

OrderedJson LibraryJson(const search::LibraryState& state, const std::string& provider,
                        bool administrator) {
  OrderedJson sources = OrderedJson::array();
  for (const search::Source& source : state.sources) {
    sources.push_back(SourceJson(source, administrator));
  }
  OrderedJson rereading;
  if (state.rereading) {
    rereading = {{"done", state.rereading->done}, {"total", state.rereading->total}};
  }
  return {{"sources", std::move(sources)},
          {"documents", state.documents},
          {"passages", state.passages},
          {"text_bytes", state.text_bytes},
          {"stored_bytes", state.stored_bytes},
          {"rereading", std::move(rereading)},
          {"vectors", VectorsJson(state.vectors)},
          {"provider", TextOrNull(provider)}};
}

OrderedJson FilterJson(const search::RetrievalFilter& filter) {
  return {{"sources", filter.source_ids},
          {"languages", filter.languages},
          {"from", NumberOrNull(filter.from_ms)},
          {"until", NumberOrNull(filter.until_ms)}};
}

OrderedJson QueriesJson(const search::QueriesEvent& event) {
  return {{"standalone", event.standalone},
          {"queries", event.queries},
          {"filter", FilterJson(event.filter)}};
}

OrderedJson PassagesJson(const std::vector<search::RankedPassage>& passages) {
  OrderedJson json = OrderedJson::array();
  for (size_t i = 0; i < passages.size(); ++i) json.push_back(PassageJson(i + 1, passages[i]));
  return json;
}

OrderedJson ProblemsJson(const std::vector<search::RetrievalProblem>& problems) {
  OrderedJson json = OrderedJson::array();
  for (const search::RetrievalProblem& problem : problems) {
    json.push_back(
        {{"uri", TextOrNull(problem.uri)}, {"code", problem.code}, {"message", problem.message}});
  }
  return json;
}

OrderedJson SentenceJson(const search::AnswerSentence& sentence,
                         const std::vector<search::RankedPassage>& passages) {
  OrderedJson citations = OrderedJson::array();
  for (const search::Citation& citation : sentence.citations) {
    const std::string& text = passages.at(static_cast<size_t>(citation.passage)).passage.text;
    citations.push_back({{"n", citation.passage + 1},
                         {"quote", citation.quote},
                         {"begin", Utf16Length(text, citation.begin)},
                         {"end", Utf16Length(text, citation.end)},
                         {"link", citation.link}});
  }
  return {{"text", sentence.text},
          {"support", search::SupportName(sentence.support)},
          {"score", sentence.score},
          {"other_language", sentence.other_language},
          {"citations", std::move(citations)}};
}

size_t Utf16Length(std::string_view text, size_t bytes) {
  size_t units = 0;
  for (size_t at = 0; at < std::min(bytes, text.size());) {
    const DecodedChar c = DecodeUtf8(text.substr(at));
    units += c.code_point > 0xFFFF ? 2 : 1;
    at += static_cast<size_t>(c.length);
  }
  return units;
}

void SearchRecord::Take(const search::SearchEvent& event) {
  if (const auto* queries = std::get_if<search::QueriesEvent>(&event)) {
    queries_ = *queries;
  } else if (const auto* passages = std::get_if<search::PassagesEvent>(&event)) {
    passages_ = passages->passages;
    problems_ = passages->problems;
  } else if (const auto* sentence = std::get_if<search::SentenceEvent>(&event)) {
    sentences_.push_back(sentence->sentence);
    answer_ += sentence->sentence.text;
    if (!sentence->sentence.citations.empty()) answer_ += ' ';
    for (const search::Citation& citation : sentence->sentence.citations) {
      answer_ += fmt::format("[{}]", citation.passage + 1);
    }
  } else if (const auto* done = std::get_if<search::DoneEvent>(&event)) {
    done_ = *done;
    answer_ = done_.answer;
  }
}

std::pair<std::string, OrderedJson> SearchRecord::Event(const search::SearchEvent& event) const {
  if (const auto* reading = std::get_if<search::ReadingEvent>(&event)) {
    return {"reading", {{"done", reading->done}, {"total", reading->total}}};
  }
  if (const auto* queries = std::get_if<search::QueriesEvent>(&event)) {
    return {"queries", QueriesJson(*queries)};
  }
  if (const auto* passages = std::get_if<search::PassagesEvent>(&event)) {
    return {"passages",
            {{"passages", PassagesJson(passages->passages)},
             {"problems", ProblemsJson(passages->problems)}}};
  }
  if (const auto* sentence = std::get_if<search::SentenceEvent>(&event)) {
    return {"sentence", SentenceJson(sentence->sentence, passages_)};
  }
  return {"", nullptr};
}

OrderedJson SearchRecord::ToJson() const {
  OrderedJson json = QueriesJson(queries_);
  json["passages"] = PassagesJson(passages_);
  json["problems"] = ProblemsJson(problems_);
  json["sentences"] = OrderedJson::array();
  for (const search::AnswerSentence& sentence : sentences_) {
    json["sentences"].push_back(SentenceJson(sentence, passages_));
  }
  json["found"] = done_.found;
  json["method"] = done_.method.empty() ? "extract" : done_.method;
  json["dropped"] = done_.dropped;
  json["follow_ups"] = done_.follow_ups;
  json["retrieval_seconds"] = done_.retrieval_seconds;
  json["answer_seconds"] = done_.answer_seconds;
  return json;
}

}  // namespace pioneer::serve
