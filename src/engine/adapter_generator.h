// Why: to clients an adapter is a model of its own: they choose it by its name.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/generator.h"

namespace pioneer {

// The model `base` with one of its adapters, unless a request says otherwise about that adapter.
// What the base promises of threads and errors holds here.
class AdapterGenerator : public Generator {
 public:
  AdapterGenerator(std::shared_ptr<Generator> base, AdapterUse use)
      : base_(std::move(base)), use_(std::move(use)) {}

  GeneratorInfo info() const override { return InfoOf(base_->info(), use_); }
  GeneratorStats stats() const override { return base_->stats(); }
  std::unique_ptr<Generation> Chat(const ChatRequest& request) override;
  std::unique_ptr<Generation> Complete(const CompletionRequest& request) override;
  EmbeddingAnswer Embed(const EmbeddingRequest& request, CancelToken cancel) override;
  RerankAnswer Rerank(const RerankRequest& request, CancelToken cancel) override;
  std::vector<int32_t> Tokenize(const std::string& text, bool add_special,
                                bool parse_special) const override {
    return base_->Tokenize(text, add_special, parse_special);
  }
  std::string Detokenize(const std::vector<int32_t>& tokens) const override {
    return base_->Detokenize(tokens);
  }
  std::string TokenBytes(int32_t token) const override { return base_->TokenBytes(token); }
  std::vector<int32_t> InfillPrompt(const InfillRequest& request, int max_tokens) const override {
    return base_->InfillPrompt(request, max_tokens);
  }

  // What is known of the base, under the adapter's name.
  static GeneratorInfo InfoOf(GeneratorInfo base, const AdapterUse& use);

 private:
  std::vector<AdapterUse> With(std::vector<AdapterUse> asked) const;

  const std::shared_ptr<Generator> base_;
  const AdapterUse use_;
};

}  // namespace pioneer
