#include "serve/openai/token_routes.h"

#include <limits>

#include "serve/api_error.h"
#include "serve/json_fields.h"

namespace pioneer::serve::openai {
namespace {

constexpr size_t kMaxTokens = size_t{1} << 22;

struct TokenizeCall {
  std::string model, text;
  bool add_special = false, parse_special = true;
};

// llama.cpp's "content" goes with its default of no BOS, the other names with vLLM's of one.
TokenizeCall ParseTokenizeCall(std::string_view text) {
  const Json json = ParseBody(text);
  const FieldReader body(json, "");
  TokenizeCall call;
  call.model = body.String("model").value_or("");
  const char* used = nullptr;
  for (const char* name : {"prompt", "text", "content"}) {
    const auto value = body.String(name);
    if (!value) continue;
    if (used != nullptr) throw InvalidField(name, std::string("cannot stand beside ") + used);
    used = name;
    call.text = *value;
  }
  if (used == nullptr) {
    if (body.Has("messages")) {
      throw UnsupportedField("messages", "conversations are not tokenized here: send \"prompt\"");
    }
    throw InvalidField("prompt", "is missing");
  }
  const bool usual = std::string_view(used) != "content";
  call.add_special =
      body.Bool("add_special_tokens").value_or(body.Bool("add_special").value_or(usual));
  call.parse_special = body.Bool("parse_special").value_or(true);
  for (const char* name : {"with_pieces", "return_token_strs"}) {
    if (body.Bool(name).value_or(false)) {
      throw UnsupportedField(name, "pieces are not returned: send ids to /v1/detokenize");
    }
  }
  return call;
}

}  // namespace

void TokenizeText(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const TokenizeCall call = ParseTokenizeCall(request.body);
  const auto generator = service.models.Find(call.model);
  const auto ids = generator->Tokenize(call.text, call.add_special, call.parse_special);
  writer.SendJson(200, {{"tokens", ids},
                        {"count", ids.size()},
                        {"max_model_len", generator->info().context_length}});
}

void DetokenizeIds(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const Json json = ParseBody(request.body);
  const FieldReader body(json, "");
  const auto generator = service.models.Find(body.String("model").value_or(""));
  const Json* const tokens = body.Array("tokens");
  if (tokens == nullptr) throw InvalidField("tokens", "is missing");
  if (tokens->size() > kMaxTokens) {
    throw InvalidField("tokens", fmt::format("must have at most {} tokens", kMaxTokens));
  }
  std::vector<int32_t> ids;
  ids.reserve(tokens->size());
  for (const Json& id : *tokens) {
    const std::string path = fmt::format("tokens[{}]", ids.size());
    ids.push_back(
        static_cast<int32_t>(RequireInt(id, path, 0, std::numeric_limits<int32_t>::max())));
  }
  const std::string text = generator->Detokenize(ids);
  writer.SendJson(200, {{"prompt", text}, {"content", text}});
}

}  // namespace pioneer::serve::openai
