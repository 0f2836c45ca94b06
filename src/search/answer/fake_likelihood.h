// Why: what rests on a model's likelihoods is tested with likelihoods that the test chooses.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "engine/fake_generator.h"

namespace pioneer::search::answer {

class FakeEvents : public Generation {
 public:
  explicit FakeEvents(std::deque<GenerationEvent> events) : events_(std::move(events)) {}
  std::optional<GenerationEvent> Next() override {
    if (events_.empty()) return std::nullopt;
    GenerationEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }
  void Cancel() override { events_.clear(); }

 private:
  std::deque<GenerationEvent> events_;
};

// A text is likely where it has the word, and everything in it.
class FakeLikelihood : public FakeGenerator {
 public:
  explicit FakeLikelihood(std::string word, GeneratorInfo info = DefaultInfo())
      : FakeGenerator(std::move(info)), word_(std::move(word)) {}
  std::unique_ptr<Generation> Complete(const CompletionRequest& request) override {
    ++n_asked;
    const auto& tokens = std::get<std::vector<int32_t>>(request.prompt);
    const bool is_likely = Detokenize(tokens).find(word_) != std::string::npos;
    TextEvent event;
    for (const int32_t token : tokens) {
      event.tokens.push_back({{token, "", is_likely ? -0.5 : -3.0}, {}, true});
    }
    return std::make_unique<FakeEvents>(std::deque<GenerationEvent>{event, UsageEvent{}});
  }
  int n_asked = 0;

 private:
  const std::string word_;
};

}  // namespace pioneer::search::answer
