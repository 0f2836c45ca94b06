#include "serve/openai/remote_generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <future>

#include "base/error.h"
#include "net/http_client.h"

namespace pioneer::serve::openai {
namespace {

constexpr int64_t kTimeoutMs = 3'600'000;
constexpr int kUsualContext = 4096;  // of a server that does not tell

std::string Trimmed(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

std::string RootOf(const std::string& url) {
  const std::string trimmed = Trimmed(url);
  return trimmed.ends_with("/v1") ? trimmed.substr(0, trimmed.size() - 3) : trimmed;
}

[[noreturn]] void FailStatus(const std::string& url, const HttpResponse& response) {
  std::string message = response.body.substr(0, 300);
  ErrorCode code = response.status == 404 ? ErrorCode::kNotFound : ErrorCode::kIo;
  try {
    const Json error = ParseJson(response.body).at("error");
    message = error.at("message").get<std::string>();
    if (error.value("code", Json()) == "context_length_exceeded") code = ErrorCode::kContextLength;
  } catch (const std::exception&) {  // not in OpenAI's shape: as it is
  }
  Fail(code, "{} answers {}: {}", url, response.status, message);
}

// Asks and parses; `body` null = GET.
Json Ask(const RemoteModel& remote, const std::string& url, const Json& body,
         const CancelToken& cancel = {}) {
  HttpClientRequest request;
  request.url = url;
  request.timeout_ms = kTimeoutMs;
  request.cancel = cancel;
  if (!remote.key.empty()) request.headers.Add("Authorization", "Bearer " + remote.key);
  if (!body.is_null()) {
    request.method = "POST";
    request.headers.Add("Content-Type", "application/json");
    request.body = DumpJson(body);
  }
  const HttpResponse response = FetchHttp(request);
  if (response.status != 200) FailStatus(url, response);
  return ParseJson(response.body);
}

[[noreturn]] void FailUnsupported(const char* what) {
  Fail(ErrorCode::kUnsupported, "{} cannot be asked of a model on another server", what);
}

Json OptionsJson(const GenerationOptions& options) {
  if (!options.adapters.empty()) FailUnsupported("adapters");
  if (options.grammar.kind != OutputGrammar::Kind::kNone) FailUnsupported("a grammar");
  if (options.n != 1) FailUnsupported("more than one answer");
  Json json = {{"temperature", options.sampling.temperature}, {"top_p", options.sampling.top_p}};
  if (options.sampling.seed) json["seed"] = *options.sampling.seed;
  if (!options.limits.stop.empty()) json["stop"] = options.limits.stop;
  if (options.limits.max_tokens >= 0) json["max_tokens"] = options.limits.max_tokens;
  return json;
}

TokenInfo TokenFrom(const Json& logprobs, size_t i) {
  TokenInfo info;
  info.chosen.bytes = logprobs.at("tokens").at(i).get<std::string>();
  const Json& value = logprobs.at("token_logprobs").at(i);
  info.has_logprob = !value.is_null();
  if (!info.has_logprob) return info;
  info.chosen.logprob = value.get<double>();
  const Json& top = logprobs.at("top_logprobs").at(i);
  for (const auto& [text, logprob] : top.items()) {
    info.top.push_back({-1, text, logprob.get<double>()});
  }
  std::sort(info.top.begin(), info.top.end(),
            [](const auto& a, const auto& b) { return a.logprob > b.logprob; });
  return info;
}

FinishReason ReasonFrom(const Json& choice) {
  return choice.value("finish_reason", Json()) == "length" ? FinishReason::kLength
                                                           : FinishReason::kStop;
}

UsageEvent UsageFrom(const Json& answer) {
  UsageEvent usage;
  const Json json = answer.value("usage", Json::object());
  usage.prompt_tokens = json.value("prompt_tokens", 0);
  usage.completion_tokens = json.value("completion_tokens", 0);
  const Json details = json.value("prompt_tokens_details", Json());
  if (details.is_object()) usage.cached_tokens = details.value("cached_tokens", 0);
  return usage;
}

using Events = std::deque<GenerationEvent>;

// `drop_last`: a token that was only asked for because servers want at least one.
Events CompletionEvents(const Json& answer, bool drop_last) {
  const Json& choice = answer.at("choices").at(0);
  TextEvent text;
  text.text = choice.at("text").get<std::string>();
  const Json logprobs = choice.value("logprobs", Json());
  if (logprobs.is_object()) {
    const size_t n = logprobs.at("token_logprobs").size();
    for (size_t i = 0; i + (drop_last ? 1 : 0) < n; ++i) {
      text.tokens.push_back(TokenFrom(logprobs, i));
    }
  }
  return {text, FinishEvent{0, ReasonFrom(choice), "", ""}, UsageFrom(answer)};
}

Events ChatEvents(const Json& answer) {
  const Json& choice = answer.at("choices").at(0);
  const Json& message = choice.at("message");
  Events events;
  const Json thoughts = message.value("reasoning_content", Json());
  if (thoughts.is_string()) events.push_back(ReasoningEvent{0, thoughts.get<std::string>()});
  const Json content = message.value("content", Json());
  if (content.is_string() && content != "") {
    events.push_back(TextEvent{0, content.get<std::string>(), {}});
  }
  events.push_back(FinishEvent{0, ReasonFrom(choice), "", ""});
  events.push_back(UsageFrom(answer));
  return events;
}

// What the server says has another shape than it should.
template <typename Read>
auto Understood(const std::string& url, const Read& read) {
  try {
    return read();
  } catch (const Json::exception& error) {
    Fail(ErrorCode::kIo, "{} answers in a form that is not OpenAI's: {}", url, error.what());
  }
}

}  // namespace

class RemoteGenerator::Running : public Generation {
 public:
  using Fetch = std::function<Events(const CancelToken& cancel)>;

  Running(std::shared_ptr<Counts> counts, Fetch fetch) : counts_(std::move(counts)) {
    ++counts_->running;
    answer_ = std::async(std::launch::async, [fetch = std::move(fetch), cancel = cancel_] {
      try {
        return fetch(cancel);
      } catch (const Error& error) {
        const bool stopped = error.code() == ErrorCode::kCancelled;
        return Events{FinishEvent{0, stopped ? FinishReason::kCancelled : FinishReason::kError, "",
                                  stopped ? "" : error.what()},
                      UsageEvent{}};
      }
    });
  }
  ~Running() override {
    cancel_.Cancel();
    if (answer_.valid()) answer_.wait();
    --counts_->running;
  }

  std::optional<GenerationEvent> Next() override {
    if (answer_.valid()) events_ = answer_.get();
    if (events_.empty()) return std::nullopt;
    GenerationEvent event = std::move(events_.front());
    events_.pop_front();
    if (const auto* usage = std::get_if<UsageEvent>(&event)) {
      counts_->prompt_tokens += usage->prompt_tokens;
      counts_->generated_tokens += usage->completion_tokens;
      counts_->cached_tokens += usage->cached_tokens;
    }
    return event;
  }
  void Cancel() override { cancel_.Cancel(); }

 private:
  const std::shared_ptr<Counts> counts_;
  CancelToken cancel_;
  std::future<Events> answer_;
  Events events_;
};

RemoteGenerator::RemoteGenerator(RemoteModel remote)
    : remote_({Trimmed(remote.url), remote.model, remote.key}), root_(RootOf(remote.url)) {
  FindModel();
  FindSpecialTokens();
}

void RemoteGenerator::FindModel() {
  const std::string url = remote_.url + "/models";
  const Json list = Ask(remote_, url, nullptr);
  Understood(url, [&] {
    for (const Json& model : list.at("data")) {
      const auto id = model.at("id").get<std::string>();
      if (!remote_.model.empty() && id != remote_.model) continue;
      info_.id = id;
      // Pioneer's name of it, and vLLM's.
      info_.context_length =
          model.value("context_length", model.value("max_model_len", kUsualContext));
      info_.n_parameters = model.value("n_parameters", int64_t{0});
      info_.description = model.value("description", std::string("a model"));
      info_.description += fmt::format(", served at {}", remote_.url);
      return;
    }
    Fail(ErrorCode::kNotFound, "{} serves no model {}", remote_.url, remote_.model);
  });
}

// A server that does not tell is asked for nothing that needs them.
void RemoteGenerator::FindSpecialTokens() {
  try {
    const Json info = Ask(remote_, root_ + "/tokenizer_info", nullptr);
    const auto id = [&](const char* name) {
      const Json text = info.value(name, Json());
      if (!text.is_string()) return -1;
      const std::vector<int32_t> ids = Tokenize(text.get<std::string>(), false, true);
      return ids.empty() ? -1 : ids.front();
    };
    info_.bos_token = id("bos_token");
    info_.eos_token = id("eos_token");
  } catch (const Error&) {
  }
}

GeneratorStats RemoteGenerator::stats() const {
  GeneratorStats stats;
  stats.running = counts_->running;
  stats.prompt_tokens_total = counts_->prompt_tokens;
  stats.generated_tokens_total = counts_->generated_tokens;
  stats.cached_tokens_total = counts_->cached_tokens;
  return stats;
}

std::unique_ptr<Generation> RemoteGenerator::Chat(const ChatRequest& request) {
  if (!request.tools_json.empty()) FailUnsupported("tools");
  Json body = OptionsJson(request.options);
  body["model"] = info_.id;
  if (!request.reasoning_effort.empty()) body["reasoning_effort"] = request.reasoning_effort;
  for (const ChatMessage& message : request.messages) {
    body["messages"].push_back({{"role", message.role}, {"content", message.content}});
  }
  const std::string url = remote_.url + "/chat/completions";
  return std::make_unique<Running>(counts_,
                                   [remote = remote_, url, body](const CancelToken& cancel) {
                                     const Json answer = Ask(remote, url, body, cancel);
                                     return Understood(url, [&] { return ChatEvents(answer); });
                                   });
}

std::unique_ptr<Generation> RemoteGenerator::Complete(const CompletionRequest& request) {
  Json body = OptionsJson(request.options);
  body["model"] = info_.id;
  std::visit([&](const auto& prompt) { body["prompt"] = prompt; }, request.prompt);
  body["echo"] = request.echo;
  if (request.options.logprobs) body["logprobs"] = std::max(1, request.options.top_logprobs);
  // Some servers write at least one token.
  const bool drop_last = request.options.limits.max_tokens == 0 && request.options.logprobs;
  if (drop_last) body["max_tokens"] = 1;
  const std::string url = remote_.url + "/completions";
  return std::make_unique<Running>(
      counts_, [remote = remote_, url, body, drop_last](const CancelToken& cancel) {
        const Json answer = Ask(remote, url, body, cancel);
        return Understood(url, [&] { return CompletionEvents(answer, drop_last); });
      });
}

EmbeddingAnswer RemoteGenerator::Embed(const EmbeddingRequest&, CancelToken) {
  FailUnsupported("vectors");
}

RerankAnswer RemoteGenerator::Rerank(const RerankRequest&, CancelToken) {
  FailUnsupported("a ranking");
}

std::vector<int32_t> RemoteGenerator::Tokenize(const std::string& text, bool add_special,
                                               bool parse_special) const {
  const std::string url = root_ + "/tokenize";
  const Json answer = Ask(remote_, url,
                          {{"model", info_.id},
                           {"prompt", text},
                           {"add_special_tokens", add_special},
                           {"parse_special", parse_special}});
  return Understood(url, [&] { return answer.at("tokens").get<std::vector<int32_t>>(); });
}

std::string RemoteGenerator::Detokenize(const std::vector<int32_t>& tokens) const {
  const std::string url = root_ + "/detokenize";
  const Json answer = Ask(remote_, url, {{"model", info_.id}, {"tokens", tokens}});
  return Understood(url, [&] { return answer.at("prompt").get<std::string>(); });
}

std::string RemoteGenerator::TokenBytes(int32_t token) const { return Detokenize({token}); }

}  // namespace pioneer::serve::openai
