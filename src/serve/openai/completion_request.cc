#include "serve/openai/completion_request.h"

#include <fmt/format.h>

#include "serve/api_error.h"
#include "serve/openai/output_grammar.h"
#include "serve/openai/text_inputs.h"

namespace pioneer::serve::openai {
namespace {

constexpr int kMaxBestOf = 20;  // OpenAI's

void ReadLogprobCount(const FieldReader& body, GenerationOptions& options) {
  const auto top = body.Int("logprobs", 0, kMaxTopLogprobs);
  options.logprobs = top.has_value();
  options.top_logprobs = static_cast<int>(top.value_or(0));
}

void ReadBestOf(const FieldReader& body, CompletionCall& call, GenerationOptions& options) {
  const int64_t best_of = body.Int("best_of", 1, kMaxBestOf).value_or(options.n);
  if (best_of < options.n) {
    throw InvalidField("best_of", fmt::format("must be at least n ({})", options.n));
  }
  if (best_of == options.n) return;
  if (call.wire.stream) {
    throw InvalidField("best_of",
                       "must be n in a stream: the best answer is known only at the end");
  }
  call.best = options.n;
  options.n = static_cast<int>(best_of);
  options.logprobs = true;
}

std::string ReadSuffix(const FieldReader& body, bool echo) {
  std::string suffix = body.String("suffix").value_or("");
  if (!suffix.empty() && echo) throw UnsupportedField("echo", "is not possible with a suffix");
  return suffix;
}

}  // namespace

CompletionCall ParseCompletionCall(std::string_view text) {
  const Json json = ParseBody(text);
  const FieldReader body(json, "");
  CompletionCall call;
  call.wire = ReadWireOptions(body);

  CompletionRequest request;
  request.options = ReadGenerationOptions(body);
  request.echo = body.Bool("echo").value_or(false);
  ReadLogprobCount(body, request.options);
  call.logprobs = request.options.logprobs;
  ReadBestOf(body, call, request.options);
  call.suffix = ReadSuffix(body, request.echo);
  request.options.grammar = ReadOutputGrammar(body, text);
  request.options.limits.max_tokens = static_cast<int>(
      body.Int("max_tokens", 0, kMaxTokensLimit).value_or(kDefaultCompletionTokens));

  for (TextInput& prompt : ReadTextInputs(body, "prompt", kMaxPrompts)) {
    request.prompt = std::move(prompt);
    call.requests.push_back(request);
  }
  return call;
}

}  // namespace pioneer::serve::openai
