// Why: what is computed from log probabilities is tested with ones that a test can compute, too.
#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/fake_generator.h"

namespace pioneer::eval {

// A FakeGenerator that also scores prompts. Its tokens are bytes; after a text, byte c has the log
// probability `logprob(text before it, c)`.
class ScoringGenerator : public FakeGenerator {
 public:
  using Logprob = std::function<double(const std::string& before, char c)>;

  explicit ScoringGenerator(Logprob logprob, int context_length = 4096)
      : FakeGenerator(Info(context_length)), logprob_(std::move(logprob)) {}

  std::unique_ptr<Generation> Complete(const CompletionRequest& request) override {
    if (!request.echo) return FakeGenerator::Complete(request);
    requests.push_back(request);
    return std::make_unique<Scored>(*this, std::get<std::vector<int32_t>>(request.prompt),
                                    request.logprobs_from);
  }
  // Token 1 begins texts.
  std::vector<int32_t> Tokenize(const std::string& text, bool add_special,
                                bool parse_special = false) const override {
    std::vector<int32_t> tokens = FakeGenerator::Tokenize(text, false, parse_special);
    if (add_special) tokens.insert(tokens.begin(), 1);
    return tokens;
  }

  std::vector<CompletionRequest> requests;  // that were scored

 private:
  class Scored : public Generation {
   public:
    Scored(const ScoringGenerator& generator, const std::vector<int32_t>& tokens, int from) {
      TextEvent event;
      std::string before;
      for (int i = 0; i < static_cast<int>(tokens.size()); ++i) {
        const char c = static_cast<char>(tokens[static_cast<size_t>(i)]);
        TokenInfo info;
        info.has_logprob = i > 0 && i >= from;
        info.chosen = {c, std::string(1, c), info.has_logprob ? generator.logprob_(before, c) : 0};
        info.top = {{0, "", info.chosen.logprob < -1 ? -0.5 : info.chosen.logprob}};
        event.tokens.push_back(info);
        if (i > 0 || c != 1) before += c;
      }
      events_ = {event, FinishEvent{0, FinishReason::kLength, "", ""}, UsageEvent{}};
    }
    std::optional<GenerationEvent> Next() override {
      if (next_ == events_.size()) return std::nullopt;
      return events_[next_++];
    }
    void Cancel() override {}

   private:
    std::vector<GenerationEvent> events_;
    size_t next_ = 0;
  };

  static GeneratorInfo Info(int context_length) {
    GeneratorInfo info = DefaultInfo();
    info.context_length = context_length;
    info.bos_token = 1;
    info.eos_token = 2;
    return info;
  }

  const Logprob logprob_;
};

}  // namespace pioneer::eval
