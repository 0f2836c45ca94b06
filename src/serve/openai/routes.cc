// Why: OpenAI's endpoints, each from JSON to the engine and back.
#include "serve/openai/chat_request.h"
#include "serve/openai/completion_request.h"
#include "serve/openai/formats.h"
#include "serve/openai/infill.h"
#include "serve/openai/text_routes.h"
#include "serve/openai/token_routes.h"
#include "serve/openai/web_search.h"

namespace pioneer::serve::openai {
namespace {

ResponseHead NewHead(const Service& service, const Generator& generator, const char* prefix) {
  return {NewResponseId(prefix), generator.info().id, service.UnixSeconds()};
}

void Chat(Service& service, const HttpRequest& request, ServeWriter& writer) {
  AnswerJob job;
  job.start_ns = service.NowNs();
  const ChatCall call = ParseChatCall(request.body);
  if (call.web_search) return AnswerBySearch(service, call, writer);
  const auto generator = service.models.Find(call.wire.model);
  job.generations.push_back(StartNaming("messages", [&] { return generator->Chat(call.request); }));
  job.answers_per_generation = call.request.options.n;
  job.wire = call.wire;
  job.format = ChatFormat(NewHead(service, *generator, "chatcmpl-"), call.request.options.logprobs,
                          call.wire.include_usage);
  AnswerRequest(service, std::move(job), writer);
}

// With a suffix a prompt is what stands before a hole.
void FillHoles(const Generator& generator, CompletionCall& call) {
  for (CompletionRequest& one : call.requests) {
    InfillRequest hole;
    const auto* text = std::get_if<std::string>(&one.prompt);
    hole.prefix =
        text != nullptr ? *text : generator.Detokenize(std::get<std::vector<int32_t>>(one.prompt));
    hole.suffix = call.suffix;
    one.prompt = generator.InfillPrompt(
        hole, InfillPromptTokens(generator.info().context_length, one.options.limits.max_tokens));
  }
}

void Complete(Service& service, const HttpRequest& request, ServeWriter& writer) {
  AnswerJob job;
  job.start_ns = service.NowNs();
  CompletionCall call = ParseCompletionCall(request.body);
  const auto generator = service.models.Find(call.wire.model);
  if (!call.suffix.empty()) FillHoles(*generator, call);
  for (const CompletionRequest& one : call.requests) {
    job.generations.push_back(StartNaming("prompt", [&] { return generator->Complete(one); }));
  }
  const GenerationOptions& options = call.requests.front().options;
  job.answers_per_generation = options.n;
  job.best = call.best;
  job.wire = call.wire;
  job.format =
      CompletionFormat(NewHead(service, *generator, "cmpl-"), call.logprobs,
                       call.wire.include_usage, options.n * static_cast<int>(call.requests.size()));
  AnswerRequest(service, std::move(job), writer);
}

void ListModels(Service& service, const HttpRequest&, ServeWriter& writer) {
  OrderedJson data = OrderedJson::array();
  for (const ModelStatus& model : service.models.Statuses()) data.push_back(ModelJson(model));
  writer.SendJson(200, {{"object", "list"}, {"data", std::move(data)}});
}

void GetModel(Service& service, const HttpRequest& request, ServeWriter& writer) {
  std::string id = request.PathParameter("id");
  if (request.segments.size() == 4) id += "/" + request.PathParameter("name");
  writer.SendJson(200, ModelJson(service.models.Status(id)));
}

}  // namespace

void AddRoutes(Routes& routes) {
  routes.Add("POST", "/v1/chat/completions", Chat);
  routes.Add("POST", "/v1/completions", Complete);
  routes.Add("POST", "/v1/embeddings", Embeddings);
  routes.Add("POST", "/v1/rerank", Rerank);
  routes.Add("POST", "/v1/tokenize", TokenizeText);
  routes.Add("POST", "/v1/detokenize", DetokenizeIds);
  // As vLLM and llama.cpp name them, whose clients look for them there.
  routes.Add("POST", "/tokenize", TokenizeText);
  routes.Add("POST", "/detokenize", DetokenizeIds);
  routes.Add("GET", "/tokenizer_info", DescribeTokenizer);
  routes.Add("POST", "/v1/infill", Infill);
  routes.Add("GET", "/v1/models", ListModels);
  routes.Add("GET", "/v1/models/{id}", GetModel);
  routes.Add("GET", "/v1/models/{id}/{name}", GetModel);  // "owner/model"
}

}  // namespace pioneer::serve::openai
