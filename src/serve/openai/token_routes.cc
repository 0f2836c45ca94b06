#include "serve/openai/token_routes.h"

#include <limits>

#include "base/utf8.h"
#include "serve/api_error.h"
#include "serve/json_fields.h"

namespace pioneer::serve::openai {
namespace {

constexpr size_t kMaxTokens = size_t{1} << 22;

struct TokenizeCall {
  std::string model, text;
  bool add_special = false, parse_special = true, with_pieces = false;
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
  call.with_pieces = body.Bool("with_pieces").value_or(false);
  if (body.Bool("return_token_strs").value_or(false)) {
    throw UnsupportedField("return_token_strs", "ask for \"with_pieces\" instead");
  }
  return call;
}

// As llama.cpp has it: a text, or its bytes where they are only part of a character.
OrderedJson PieceJson(int32_t id, const std::string& bytes) {
  if (IsValidUtf8(bytes)) return {{"id", id}, {"piece", bytes}};
  OrderedJson numbers = OrderedJson::array();
  for (const char c : bytes) numbers.push_back(static_cast<unsigned char>(c));
  return {{"id", id}, {"piece", std::move(numbers)}};
}

OrderedJson PiecesJson(const Generator& generator, const std::vector<int32_t>& ids) {
  OrderedJson pieces = OrderedJson::array();
  for (const int32_t id : ids) pieces.push_back(PieceJson(id, generator.TokenBytes(id)));
  return pieces;
}

}  // namespace

void TokenizeText(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const TokenizeCall call = ParseTokenizeCall(request.body);
  const auto generator = service.models.Find(call.model);
  const auto ids = generator->Tokenize(call.text, call.add_special, call.parse_special);
  writer.SendJson(200,
                  {{"tokens", call.with_pieces ? PiecesJson(*generator, ids) : OrderedJson(ids)},
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

void DescribeTokenizer(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const auto generator = service.models.Find(std::string(request.Query("model").value_or("")));
  const auto text = [&](int32_t id) {
    return id < 0 ? OrderedJson(nullptr) : OrderedJson(RepairUtf8(generator->TokenBytes(id)));
  };
  const GeneratorInfo info = generator->info();
  writer.SendJson(200, {{"tokenizer_class", "pioneer"},
                        {"bos_token", text(info.bos_token)},
                        {"eos_token", text(info.eos_token)},
                        {"pad_token", nullptr},
                        {"model_max_length", info.context_length}});
}

}  // namespace pioneer::serve::openai
