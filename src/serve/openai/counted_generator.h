// Why: an answer that is searched for asks a model several times, and who pays for tokens wants to
// know of all of them.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "serve/openai/responses.h"

namespace pioneer::serve::openai {

// What all generations that it started have used. Thread-safe.
class UsageCounter {
 public:
  void Add(const UsageEvent& event) {
    const std::lock_guard lock(mutex_);
    usage_.Add(event);
  }
  Usage Sum() const {
    const std::lock_guard lock(mutex_);
    return usage_;
  }

 private:
  mutable std::mutex mutex_;
  Usage usage_;
};

// Another generator, whose use is counted. Thread-safe as that one is.
class CountedGenerator : public Generator {
 public:
  CountedGenerator(std::shared_ptr<Generator> inner, std::shared_ptr<UsageCounter> counter)
      : inner_(std::move(inner)), counter_(std::move(counter)) {}

  GeneratorInfo info() const override { return inner_->info(); }
  GeneratorStats stats() const override { return inner_->stats(); }
  std::unique_ptr<Generation> Chat(const ChatRequest& request) override {
    return std::make_unique<Counted>(inner_->Chat(request), counter_);
  }
  std::unique_ptr<Generation> Complete(const CompletionRequest& request) override {
    return std::make_unique<Counted>(inner_->Complete(request), counter_);
  }
  EmbeddingAnswer Embed(const EmbeddingRequest& request, CancelToken cancel) override {
    return inner_->Embed(request, std::move(cancel));
  }
  RerankAnswer Rerank(const RerankRequest& request, CancelToken cancel) override {
    return inner_->Rerank(request, std::move(cancel));
  }
  std::vector<int32_t> Tokenize(const std::string& text, bool add_special,
                                bool parse_special) const override {
    return inner_->Tokenize(text, add_special, parse_special);
  }
  std::string Detokenize(const std::vector<int32_t>& tokens) const override {
    return inner_->Detokenize(tokens);
  }
  std::string TokenBytes(int32_t token) const override { return inner_->TokenBytes(token); }
  std::vector<int32_t> InfillPrompt(const InfillRequest& request, int max_tokens) const override {
    return inner_->InfillPrompt(request, max_tokens);
  }

 private:
  class Counted : public Generation {
   public:
    Counted(std::unique_ptr<Generation> inner, std::shared_ptr<UsageCounter> counter)
        : inner_(std::move(inner)), counter_(std::move(counter)) {}
    std::optional<GenerationEvent> Next() override {
      std::optional<GenerationEvent> event = inner_->Next();
      if (event) {
        if (const auto* usage = std::get_if<UsageEvent>(&*event)) counter_->Add(*usage);
      }
      return event;
    }
    void Cancel() override { inner_->Cancel(); }

   private:
    const std::unique_ptr<Generation> inner_;
    const std::shared_ptr<UsageCounter> counter_;
  };

  const std::shared_ptr<Generator> inner_;
  const std::shared_ptr<UsageCounter> counter_;
};

}  // namespace pioneer::serve::openai
