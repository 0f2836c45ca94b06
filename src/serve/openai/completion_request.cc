#include "serve/openai/completion_request.h"

#include <fmt/format.h>

#include <limits>

#include "serve/api_error.h"
#include "serve/openai/output_grammar.h"

namespace pioneer::serve::openai {
namespace {

using Prompt = std::variant<std::string, std::vector<int32_t>>;

std::vector<int32_t> ReadTokens(const Json& array, const std::string& path) {
  if (array.empty()) throw InvalidField(path, "must not be empty");
  if (array.size() > kMaxPromptTokens) {
    throw InvalidField(path, fmt::format("must have at most {} tokens", kMaxPromptTokens));
  }
  std::vector<int32_t> tokens;
  tokens.reserve(array.size());
  for (const Json& id : array) {
    const std::string at = fmt::format("{}[{}]", path, tokens.size());
    tokens.push_back(
        static_cast<int32_t>(RequireInt(id, at, 0, std::numeric_limits<int32_t>::max())));
  }
  return tokens;
}

Prompt ReadOnePrompt(const Json& value, const std::string& path) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) return ReadTokens(value, path);
  throw InvalidField(path, "must be a string or an array of token ids, not " + DescribeType(value));
}

// A string, an array of strings, an array of tokens, or an array of arrays of tokens.
std::vector<Prompt> ReadPrompts(const FieldReader& body) {
  const Json* value = body.Find("prompt");
  if (!value) throw InvalidField("prompt", "is missing");
  if (value->is_array() && value->empty()) throw InvalidField("prompt", "must not be empty");
  if (!value->is_array() || value->front().is_number()) return {ReadOnePrompt(*value, "prompt")};
  if (value->size() > kMaxPrompts) {
    throw InvalidField("prompt", fmt::format("must have at most {} prompts", kMaxPrompts));
  }
  std::vector<Prompt> prompts;
  for (size_t i = 0; i < value->size(); ++i) {
    prompts.push_back(ReadOnePrompt((*value)[i], fmt::format("prompt[{}]", i)));
  }
  return prompts;
}

void ReadLogprobs(const FieldReader& body, GenerationOptions& options) {
  const auto top = body.Int("logprobs", 0, kMaxTopLogprobs);
  options.logprobs = top.has_value();
  options.top_logprobs = static_cast<int>(top.value_or(0));
}

void CheckBestOf(const FieldReader& body, int n) {
  const auto best_of = body.Int("best_of", 1, 20);
  if (!best_of) return;
  if (*best_of < n) throw InvalidField("best_of", fmt::format("must be at least n ({})", n));
  if (*best_of > n) {
    throw UnsupportedField("best_of", "more than n is not supported yet by this version");
  }
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
  ReadLogprobs(body, request.options);
  CheckBestOf(body, request.options.n);
  call.suffix = ReadSuffix(body, request.echo);
  request.options.grammar = ReadOutputGrammar(body, text);
  request.options.limits.max_tokens = static_cast<int>(
      body.Int("max_tokens", 0, kMaxTokensLimit).value_or(kDefaultCompletionTokens));

  for (Prompt& prompt : ReadPrompts(body)) {
    request.prompt = std::move(prompt);
    call.requests.push_back(request);
  }
  return call;
}

}  // namespace pioneer::serve::openai
