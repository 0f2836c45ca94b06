#include "serve/openai/responses.h"

#include <fmt/format.h>

#include <array>

#include "base/random.h"
#include "base/utf8.h"

namespace pioneer::serve::openai {
namespace {

// Clients that compare fingerprints learn when the program changed.
constexpr char kSystemFingerprint[] = "fp_pioneer_0_1";
constexpr char kChatChunk[] = "chat.completion.chunk";
constexpr char kText[] = "text_completion";

OrderedJson Head(const ResponseHead& head, const char* object) {
  return {{"id", head.id},
          {"object", object},
          {"created", head.created_unix_s},
          {"model", head.model},
          {"system_fingerprint", kSystemFingerprint}};
}

OrderedJson Chunk(const ResponseHead& head, const char* object, OrderedJson choice,
                  bool usage_follows) {
  OrderedJson chunk = Head(head, object);
  chunk["choices"] = OrderedJson::array({std::move(choice)});
  if (usage_follows) chunk["usage"] = nullptr;
  return chunk;
}

OrderedJson UsageChunk(const ResponseHead& head, const char* object, const Usage& usage) {
  OrderedJson chunk = Head(head, object);
  chunk["choices"] = OrderedJson::array();
  chunk["usage"] = UsageJson(usage);
  return chunk;
}

OrderedJson ChatChoice(int index, OrderedJson delta, OrderedJson logprobs,
                       OrderedJson finish_reason) {
  return {{"index", index},
          {"delta", std::move(delta)},
          {"logprobs", std::move(logprobs)},
          {"finish_reason", std::move(finish_reason)}};
}

// JSON has no infinities; a token that cannot follow gets OpenAI's "very unlikely".
double FiniteLogprob(double logprob) { return logprob > -9999.0 ? logprob : -9999.0; }

OrderedJson TokenJson(const TokenLogprob& token) {
  OrderedJson bytes = OrderedJson::array();
  for (const char c : token.bytes) bytes.push_back(static_cast<unsigned char>(c));
  return {{"token", RepairUtf8(token.bytes)},
          {"logprob", FiniteLogprob(token.logprob)},
          {"bytes", std::move(bytes)}};
}

OrderedJson ChatLogprobs(const std::vector<TokenInfo>& tokens) {
  OrderedJson content = OrderedJson::array();
  for (const TokenInfo& info : tokens) {
    OrderedJson token = TokenJson(info.chosen);
    token["top_logprobs"] = OrderedJson::array();
    for (const TokenLogprob& other : info.top) token["top_logprobs"].push_back(TokenJson(other));
    content.push_back(std::move(token));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

// Completions have no bytes field: OpenAI writes a token that is no whole text as "bytes:\xe2\x82".
std::string TokenName(const std::string& bytes) {
  if (IsValidUtf8(bytes)) return bytes;
  std::string name = "bytes:";
  for (const char c : bytes) name += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  return name;
}

// Characters that begin in these bytes.
int64_t CountCharacters(const std::string& bytes) {
  int64_t n = 0;
  for (const char c : bytes) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return n;
}

OrderedJson TopLogprobs(const TokenInfo& info) {
  OrderedJson top = OrderedJson::object();
  // Of tokens that are written alike the likeliest counts: clients look for the greatest value.
  for (const TokenLogprob& token : info.top) {
    top.emplace(TokenName(token.bytes), FiniteLogprob(token.logprob));
  }
  // The chosen token is always listed, also when it is none of the likeliest.
  top.emplace(TokenName(info.chosen.bytes), FiniteLogprob(info.chosen.logprob));
  return top;
}

OrderedJson TextLogprobs(const std::vector<TokenInfo>& tokens, TextOffset& offset) {
  OrderedJson names = OrderedJson::array(), values = OrderedJson::array();
  OrderedJson tops = OrderedJson::array(), offsets = OrderedJson::array();
  for (const TokenInfo& info : tokens) {
    names.push_back(TokenName(info.chosen.bytes));
    offsets.push_back(offset);
    offset += CountCharacters(info.chosen.bytes);
    values.push_back(info.has_logprob ? OrderedJson(FiniteLogprob(info.chosen.logprob))
                                      : OrderedJson(nullptr));
    tops.push_back(info.has_logprob ? TopLogprobs(info) : OrderedJson(nullptr));
  }
  return {{"tokens", std::move(names)},
          {"token_logprobs", std::move(values)},
          {"top_logprobs", std::move(tops)},
          {"text_offset", std::move(offsets)}};
}

OrderedJson ToolCallJson(const std::string& id, const std::string& name,
                         const std::string& arguments) {
  return {
      {"id", id}, {"type", "function"}, {"function", {{"name", name}, {"arguments", arguments}}}};
}

OrderedJson ChatMessageJson(const Answer& answer) {
  const bool only_calls = answer.text.empty() && !answer.tool_calls.empty();
  OrderedJson message = {{"role", "assistant"},
                         {"content", only_calls ? OrderedJson(nullptr) : OrderedJson(answer.text)},
                         {"refusal", nullptr}};
  if (!answer.reasoning.empty()) message["reasoning_content"] = answer.reasoning;
  for (const Answer::ToolCall& call : answer.tool_calls) {
    message["tool_calls"].push_back(ToolCallJson(call.id, call.name, call.arguments));
  }
  return message;
}

OrderedJson AnnotationsJson(const std::vector<UrlCitation>& citations) {
  OrderedJson json = OrderedJson::array();
  for (const UrlCitation& citation : citations) {
    json.push_back({{"type", "url_citation"},
                    {"url_citation",
                     {{"start_index", citation.begin},
                      {"end_index", citation.end},
                      {"title", citation.title},
                      {"url", citation.url}}}});
  }
  return json;
}

OrderedJson TextChoice(int index, const std::string& text, OrderedJson logprobs,
                       OrderedJson finish_reason) {
  return {{"text", text},
          {"index", index},
          {"logprobs", std::move(logprobs)},
          {"finish_reason", std::move(finish_reason)}};
}

}  // namespace

std::string NewResponseId(const char* prefix) {
  static constexpr char kAlphabet[] = "0123456789abcdefghijklmnopqrstuv";
  std::array<unsigned char, 24> bytes;
  SecureRandomBytes(bytes.data(), static_cast<int>(bytes.size()));
  std::string id = prefix;
  for (const unsigned char byte : bytes) id += kAlphabet[byte % 32];
  return id;
}

void Usage::Add(const UsageEvent& event) {
  prompt_tokens += event.prompt_tokens;
  completion_tokens += event.completion_tokens;
  cached_tokens += event.cached_tokens;
  reasoning_tokens += event.reasoning_tokens;
  accepted_tokens += event.accepted_tokens;
  rejected_tokens += event.rejected_tokens;
}

OrderedJson UsageJson(const Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}},
          {"completion_tokens_details",
           {{"reasoning_tokens", usage.reasoning_tokens},
            {"accepted_prediction_tokens", usage.accepted_tokens},
            {"rejected_prediction_tokens", usage.rejected_tokens}}}};
}

const char* FinishReasonName(FinishReason reason) {
  if (reason == FinishReason::kToolCalls) return "tool_calls";
  return reason == FinishReason::kLength ? "length" : "stop";
}

OrderedJson ModelJson(const ModelStatus& model) {
  const GeneratorInfo& info = model.info;
  OrderedJson json = {{"id", info.id},
                      {"object", "model"},
                      {"created", info.created_unix_s},
                      {"owned_by", "pioneer"},
                      {"description", info.description},
                      {"context_length", info.context_length},
                      {"n_parameters", info.n_parameters}};
  if (!info.base.empty()) json["parent"] = info.base;
  json["state"] = ModelStateName(model.state);
  if (!model.problem.empty()) json["error"] = model.problem;
  return json;
}

OrderedJson ChatCompletion(const ResponseHead& head, const std::vector<Answer>& answers,
                           bool logprobs, const Usage& usage) {
  OrderedJson choices = OrderedJson::array();
  for (size_t i = 0; i < answers.size(); ++i) {
    const Answer& answer = answers[i];
    choices.push_back({{"index", i},
                       {"message", ChatMessageJson(answer)},
                       {"logprobs", logprobs ? ChatLogprobs(answer.tokens) : OrderedJson(nullptr)},
                       {"finish_reason", FinishReasonName(answer.reason)}});
  }
  OrderedJson response = Head(head, "chat.completion");
  response["choices"] = std::move(choices);
  response["usage"] = UsageJson(usage);
  return response;
}

OrderedJson ChatRoleChunk(const ResponseHead& head, int index, bool usage_follows) {
  OrderedJson delta = {{"role", "assistant"}, {"content", ""}};
  return Chunk(head, kChatChunk, ChatChoice(index, std::move(delta), nullptr, nullptr),
               usage_follows);
}

OrderedJson ChatDeltaChunk(const ResponseHead& head, const TextEvent& event, bool logprobs,
                           bool usage_follows) {
  OrderedJson delta = {{"content", event.text}};
  OrderedJson probabilities = logprobs ? ChatLogprobs(event.tokens) : OrderedJson(nullptr);
  return Chunk(head, kChatChunk,
               ChatChoice(event.index, std::move(delta), std::move(probabilities), nullptr),
               usage_follows);
}

OrderedJson ChatReasoningChunk(const ResponseHead& head, const ReasoningEvent& event,
                               bool usage_follows) {
  return Chunk(head, kChatChunk,
               ChatChoice(event.index, {{"reasoning_content", event.text}}, nullptr, nullptr),
               usage_follows);
}

OrderedJson ChatToolCallChunk(const ResponseHead& head, const ToolCallEvent& event,
                              bool usage_follows) {
  OrderedJson call = {{"index", event.call}};
  if (event.name.empty()) {
    call["function"] = {{"arguments", event.arguments}};
  } else {
    call.update(ToolCallJson(event.id, event.name, event.arguments));
  }
  return Chunk(head, kChatChunk,
               ChatChoice(event.index, {{"tool_calls", OrderedJson::array({std::move(call)})}},
                          nullptr, nullptr),
               usage_follows);
}

OrderedJson ChatFinishChunk(const ResponseHead& head, const FinishEvent& event,
                            bool usage_follows) {
  return Chunk(
      head, kChatChunk,
      ChatChoice(event.index, OrderedJson::object(), nullptr, FinishReasonName(event.reason)),
      usage_follows);
}

OrderedJson ChatUsageChunk(const ResponseHead& head, const Usage& usage) {
  return UsageChunk(head, kChatChunk, usage);
}

OrderedJson ChatCitedCompletion(const ResponseHead& head, const Answer& answer,
                                const std::vector<UrlCitation>& citations, const Usage& usage) {
  OrderedJson response = ChatCompletion(head, {answer}, false, usage);
  response["choices"][0]["message"]["annotations"] = AnnotationsJson(citations);
  return response;
}

OrderedJson ChatCitedChunk(const ResponseHead& head, const std::string& text,
                           const std::vector<UrlCitation>& citations, bool usage_follows) {
  OrderedJson delta = {{"content", text}};
  if (!citations.empty()) delta["annotations"] = AnnotationsJson(citations);
  return Chunk(head, kChatChunk, ChatChoice(0, std::move(delta), nullptr, nullptr), usage_follows);
}

OrderedJson TextCompletion(const ResponseHead& head, const std::vector<Answer>& answers,
                           bool logprobs, const Usage& usage) {
  OrderedJson choices = OrderedJson::array();
  for (size_t i = 0; i < answers.size(); ++i) {
    const Answer& answer = answers[i];
    TextOffset offset = 0;
    choices.push_back(
        TextChoice(static_cast<int>(i), answer.text,
                   logprobs ? TextLogprobs(answer.tokens, offset) : OrderedJson(nullptr),
                   FinishReasonName(answer.reason)));
  }
  OrderedJson response = Head(head, kText);
  response["choices"] = std::move(choices);
  response["usage"] = UsageJson(usage);
  return response;
}

OrderedJson TextDeltaChunk(const ResponseHead& head, const TextEvent& event, bool logprobs,
                           bool usage_follows, TextOffset& offset) {
  OrderedJson probabilities = logprobs ? TextLogprobs(event.tokens, offset) : OrderedJson(nullptr);
  return Chunk(head, kText, TextChoice(event.index, event.text, std::move(probabilities), nullptr),
               usage_follows);
}

OrderedJson TextFinishChunk(const ResponseHead& head, const FinishEvent& event,
                            bool usage_follows) {
  return Chunk(head, kText, TextChoice(event.index, "", nullptr, FinishReasonName(event.reason)),
               usage_follows);
}

OrderedJson TextUsageChunk(const ResponseHead& head, const Usage& usage) {
  return UsageChunk(head, kText, usage);
}

}  // namespace pioneer::serve::openai
