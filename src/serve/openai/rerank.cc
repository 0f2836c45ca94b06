// Why: /v1/rerank, in the shape that Jina's and Cohere's clients, vLLM and llama.cpp share.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "serve/api_error.h"
#include "serve/json_fields.h"
#include "serve/openai/common_fields.h"
#include "serve/openai/text_routes.h"

namespace pioneer::serve::openai {
namespace {

struct RerankCall {
  std::string model;
  RerankRequest request;
  size_t top_n = 0;
  bool return_documents = false;
};

// A string or {"text": ...}.
std::string ReadDocument(const Json& value, const std::string& path) {
  if (!value.is_object()) return RequireString(value, path);
  const auto text = FieldReader(value, path).String("text");
  if (!text) throw InvalidField(path + ".text", "is missing");
  return *text;
}

RerankCall Parse(std::string_view text) {
  const Json json = ParseBody(text);
  const FieldReader body(json, "");
  RerankCall call;
  call.model = body.String("model").value_or("");
  const auto query = body.String("query");
  if (!query || query->empty()) throw InvalidField("query", "is missing or empty");
  call.request.query = *query;
  const Json* documents = body.Array("documents");
  if (!documents || documents->empty()) throw InvalidField("documents", "is missing or empty");
  if (std::ssize(*documents) > kMaxRerankDocuments) {
    throw InvalidField("documents", fmt::format("must have at most {}", kMaxRerankDocuments));
  }
  for (size_t i = 0; i < documents->size(); ++i) {
    call.request.documents.push_back(
        ReadDocument((*documents)[i], fmt::format("documents[{}]", i)));
  }
  const auto n = static_cast<int64_t>(documents->size());
  call.top_n = static_cast<size_t>(std::min(n, body.Int("top_n", 1, 1 << 30).value_or(n)));
  call.request.adapters = ReadAdapters(body);
  call.return_documents = body.Bool("return_documents").value_or(false);
  return call;
}

// The documents' numbers, best first, the earlier one first among equals.
std::vector<size_t> Order(const std::vector<double>& scores) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  return order;
}

}  // namespace

void Rerank(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const RerankCall call = Parse(request.body);
  const auto generator = service.models.Find(call.model);
  CancelToken cancel;
  writer.OnDisconnect([cancel]() mutable { cancel.Cancel(); });
  const RerankAnswer answer = generator->Rerank(call.request, cancel);
  OrderedJson results = OrderedJson::array();
  for (const size_t index : Order(answer.scores)) {
    if (results.size() == call.top_n) break;
    OrderedJson result = {{"index", index}, {"relevance_score", answer.scores[index]}};
    if (call.return_documents) result["document"] = {{"text", call.request.documents[index]}};
    results.push_back(std::move(result));
  }
  writer.SendJson(
      200, {{"object", "list"},
            {"model", generator->info().id},
            {"results", std::move(results)},
            {"usage",
             {{"prompt_tokens", answer.prompt_tokens}, {"total_tokens", answer.prompt_tokens}}}});
}

}  // namespace pioneer::serve::openai
