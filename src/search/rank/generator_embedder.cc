#include "search/rank/generator_embedder.h"

#include <algorithm>

#include "base/error.h"

namespace pioneer::search {
namespace {

constexpr int kMostTokens = 1024;  // of a passage; few have more

}  // namespace

GeneratorEmbedder::GeneratorEmbedder(std::shared_ptr<Generator> model, std::string fingerprint)
    : model_(std::move(model)) {
  const GeneratorInfo info = model_->info();
  if (!info.abilities.embed) {
    Fail(ErrorCode::kUnsupported, "{} makes no vectors: --embedder takes an embedding model",
         info.id);
  }
  info_ = {info.id, std::move(fingerprint), 0};
  most_tokens_ = static_cast<size_t>(std::clamp(info.context_length, 2, kMostTokens));
  const std::vector<int32_t> plain = model_->Tokenize("a", false);
  const std::vector<int32_t> marked = model_->Tokenize("a", true);
  ends_with_mark_ = !plain.empty() && !marked.empty() && plain.back() != marked.back();
  info_.dimensions = static_cast<int>(Embed({"a"}, {}).at(0).size());
}

std::vector<int32_t> GeneratorEmbedder::TokensOf(const std::string& text) const {
  std::vector<int32_t> tokens = model_->Tokenize(text, true);
  if (tokens.size() <= most_tokens_) return tokens;
  const int32_t last = tokens.back();
  tokens.resize(most_tokens_);
  if (ends_with_mark_) tokens.back() = last;
  return tokens;
}

std::vector<std::vector<float>> GeneratorEmbedder::Embed(const std::vector<std::string>& texts,
                                                         const CancelToken& cancel) {
  EmbeddingRequest request;
  for (const std::string& text : texts) {
    std::vector<int32_t> tokens = TokensOf(text);
    // What has no tokens is for the model to say.
    if (tokens.empty()) {
      request.texts.emplace_back(text);
    } else {
      request.texts.emplace_back(std::move(tokens));
    }
  }
  return model_->Embed(request, cancel).vectors;
}

}  // namespace pioneer::search
