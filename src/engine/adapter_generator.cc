#include "engine/adapter_generator.h"

#include <algorithm>

namespace pioneer {

std::vector<AdapterUse> AdapterGenerator::With(std::vector<AdapterUse> asked) const {
  const bool named = std::any_of(asked.begin(), asked.end(),
                                 [&](const AdapterUse& use) { return use.name == use_.name; });
  if (!named) asked.insert(asked.begin(), use_);
  return asked;
}

GeneratorInfo AdapterGenerator::InfoOf(GeneratorInfo base, const AdapterUse& use) {
  GeneratorInfo info = std::move(base);
  info.base = std::exchange(info.id, use.name);
  return info;
}

std::unique_ptr<Generation> AdapterGenerator::Chat(const ChatRequest& request) {
  ChatRequest adapted = request;
  adapted.options.adapters = With(std::move(adapted.options.adapters));
  return base_->Chat(adapted);
}

std::unique_ptr<Generation> AdapterGenerator::Complete(const CompletionRequest& request) {
  CompletionRequest adapted = request;
  adapted.options.adapters = With(std::move(adapted.options.adapters));
  return base_->Complete(adapted);
}

EmbeddingAnswer AdapterGenerator::Embed(const EmbeddingRequest& request, CancelToken cancel) {
  EmbeddingRequest adapted = request;
  adapted.adapters = With(std::move(adapted.adapters));
  return base_->Embed(adapted, std::move(cancel));
}

RerankAnswer AdapterGenerator::Rerank(const RerankRequest& request, CancelToken cancel) {
  RerankRequest adapted = request;
  adapted.adapters = With(std::move(adapted.adapters));
  return base_->Rerank(adapted, std::move(cancel));
}

}  // namespace pioneer
