// Why: POST /v1/search: programs ask the library and get a proved answer (docs/api.md).
#include "serve/search/v1_search.h"

#include <fmt/format.h>

#include "net/sse.h"
#include "serve/search/event_stream.h"
#include "serve/search/search_fields.h"
#include "serve/search/search_json.h"

namespace pioneer::serve {
namespace {

constexpr size_t kMaxTurns = 100;

struct SearchCall {
  search::SearchRequest request;
  std::string model;
  bool web = false, stream = false;
};

std::vector<search::EarlierTurn> ReadConversation(const FieldReader& body) {
  std::vector<search::EarlierTurn> earlier;
  const Json* turns = body.Array("conversation");
  if (turns == nullptr) return earlier;
  if (turns->size() > kMaxTurns)
    throw InvalidField("conversation", fmt::format("must have at most {} turns", kMaxTurns));
  for (size_t i = 0; i < turns->size(); ++i) {
    const std::string path = fmt::format("conversation[{}]", i);
    const FieldReader turn((*turns)[i], path);
    earlier.push_back({turn.String("question").value_or(""), turn.String("answer").value_or("")});
    if (earlier.back().question.empty())
      throw InvalidField(path + ".question", "is missing or empty");
  }
  return earlier;
}

SearchCall ReadCall(const Json& json) {
  const FieldReader body(json, "");
  SearchCall call;
  search::SearchRequest& request = call.request;
  request.question = body.String("query").value_or("");
  if (request.question.empty()) throw InvalidField("query", "is missing or empty");
  request.earlier = ReadConversation(body);
  const SearchSettings settings = ReadSearchSettings(body);
  request.filter = settings.filter;
  request.unsupported = settings.unsupported;
  call.web = settings.web;
  request.max_passages =
      static_cast<int>(body.Int("max_passages", 1, 32).value_or(request.max_passages));
  request.passages_only = body.Bool("passages_only").value_or(false);
  call.model = body.String("model").value_or("");
  call.stream = body.Bool("stream").value_or(false);
  return call;
}

OrderedJson WholeAnswer(const SearchRecord& record, const std::string& model) {
  OrderedJson json = {{"object", "search.answer"},
                      {"model", model.empty() ? OrderedJson(nullptr) : OrderedJson(model)},
                      {"answer", record.answer()}};
  json.update(record.ToJson());
  return json;
}

}  // namespace

void SearchByProgram(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const Json json = ParseBody(request.body);
  const SearchCall call = ReadCall(json);
  const std::shared_ptr<search::Retriever> retriever = RequireRetriever(service, call.web);
  // A model that was named must be there; the default is used where it can be had.
  std::shared_ptr<Generator> model;
  if (!call.request.passages_only) {
    model = call.model.empty() ? FindWriter(service, "") : service.models.Find(call.model);
  }
  const auto cancel = std::make_shared<CancelToken>();
  service.running_answers.Add(cancel);
  writer.OnDisconnect([cancel] { cancel->Cancel(); });
  SearchRecord record;
  const std::string id = model ? model->info().id : "";
  if (!call.stream) {
    search::Answer(call.request, *retriever, model.get(), *cancel,
                   [&](const search::SearchEvent& event) { record.Take(event); });
    return writer.SendJson(200, WholeAnswer(record, id));
  }
  writer.StartEvents();
  EventStream stream(writer, service.options.stream_keep_alive_ms);
  try {
    search::Answer(call.request, *retriever, model.get(), *cancel,
                   [&](const search::SearchEvent& event) {
                     record.Take(event);
                     const auto [name, data] = record.Event(event);
                     if (!name.empty()) stream.Send(name, data);
                   });
    stream.Send("done", WholeAnswer(record, id));
  } catch (const std::exception& error) {
    stream.Send("error", ToApiError(error).ToJson());
  }
}

}  // namespace pioneer::serve
