// Why: /v1/embeddings, as OpenAI's clients ask for it.
#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "base/base64.h"
#include "serve/api_error.h"
#include "serve/json_fields.h"
#include "serve/openai/common_fields.h"
#include "serve/openai/text_inputs.h"
#include "serve/openai/text_routes.h"

namespace pioneer::serve::openai {
namespace {

struct EmbeddingCall {
  std::string model;
  EmbeddingRequest request;
  int dimensions = 0;   // 0 = all
  bool base64 = false;  // little-endian float32
};

EmbeddingCall Parse(std::string_view text) {
  const Json json = ParseBody(text);
  const FieldReader body(json, "");
  EmbeddingCall call;
  call.model = body.String("model").value_or("");
  call.request.texts = ReadTextInputs(body, "input", kMaxEmbeddingTexts);
  call.request.adapters = ReadAdapters(body);
  call.dimensions = static_cast<int>(body.Int("dimensions", 1, 1 << 20).value_or(0));
  const std::string format = body.String("encoding_format").value_or("float");
  if (format != "float" && format != "base64") {
    throw InvalidField("encoding_format", "must be \"float\" or \"base64\"");
  }
  call.base64 = format == "base64";
  return call;
}

// The first numbers of a vector trained for it (Matryoshka), with length 1 again.
void Shorten(std::vector<float>& vector, int dimensions) {
  if (dimensions == 0) return;
  if (dimensions > std::ssize(vector)) {
    throw InvalidField(
        "dimensions",
        fmt::format("must be at most {}, the size of this model's vectors", vector.size()));
  }
  vector.resize(static_cast<size_t>(dimensions));
  double square = 0;
  for (const float x : vector) square += double{x} * x;
  const double length = std::sqrt(square);
  if (!(length > 0)) return;
  for (float& x : vector) x = static_cast<float>(x / length);
}

OrderedJson VectorJson(const std::vector<float>& vector, bool base64) {
  if (!base64) return vector;
  std::string bytes(vector.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), vector.data(), bytes.size());
  return EncodeBase64(bytes);
}

}  // namespace

void Embeddings(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const EmbeddingCall call = Parse(request.body);
  const auto generator = service.models.Find(call.model);
  CancelToken cancel;
  writer.OnDisconnect([cancel]() mutable { cancel.Cancel(); });
  EmbeddingAnswer answer = generator->Embed(call.request, cancel);
  OrderedJson data = OrderedJson::array();
  for (std::vector<float>& vector : answer.vectors) {
    Shorten(vector, call.dimensions);
    data.push_back({{"object", "embedding"},
                    {"index", data.size()},
                    {"embedding", VectorJson(vector, call.base64)}});
  }
  writer.SendJson(
      200, {{"object", "list"},
            {"data", std::move(data)},
            {"model", generator->info().id},
            {"usage",
             {{"prompt_tokens", answer.prompt_tokens}, {"total_tokens", answer.prompt_tokens}}}});
}

}  // namespace pioneer::serve::openai
