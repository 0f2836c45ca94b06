#include "tune/answer_sampler.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "engine/local_generator.h"
#include "tune/adapter_export.h"

namespace pioneer::tune {
namespace {

constexpr const char* kAdapterName = "tuned";
constexpr int kMaxTogether = 64;

void Take(const GenerationEvent& event, std::vector<SampledAnswer>& answers) {
  if (const auto* text = std::get_if<TextEvent>(&event)) {
    SampledAnswer& answer = answers[static_cast<size_t>(text->index)];
    answer.text += text->text;
    for (const TokenInfo& token : text->tokens) answer.tokens.push_back(token.chosen.id);
  } else if (const auto* finish = std::get_if<FinishEvent>(&event)) {
    if (finish->reason == FinishReason::kError) {
      Fail(ErrorCode::kInternal, "the engine could not answer: {}", finish->error);
    }
    answers[static_cast<size_t>(finish->index)].ended = finish->reason == FinishReason::kStop;
  }
}

}  // namespace

AnswerSampler::AnswerSampler(const fs::path& model, std::shared_ptr<ThreadPool> threads)
    : threads_(std::move(threads)) {
  LoadOptions options;
  options.n_threads = threads_->size();
  model_ = LoadModel(model, options);
}

std::vector<std::vector<SampledAnswer>> AnswerSampler::Sample(
    const AdapterLayout& layout, const float* adapter,
    std::span<const std::vector<int32_t>> prompts, const Request& request,
    const CancelToken& cancel) {
  size_t longest = 0;
  for (const auto& prompt : prompts) longest = std::max(longest, prompt.size());
  const auto together = std::min<int64_t>(
      kMaxTogether, static_cast<int64_t>(prompts.size()) * std::max(1, request.n));
  EngineOptions options;
  options.threads = threads_;
  options.context_length = static_cast<int>(longest) + request.max_tokens;
  options.kv_bytes = model_->memory().BytesFor(options.context_length) * together;
  options.max_running = static_cast<int>(together);
  options.max_waiting = static_cast<int>(prompts.size()) * std::max(1, request.n) + 1;
  options.adapters = {
      {{kAdapterName, 1.0}, BindAdapter(ViewAdapter(layout, adapter, kAdapterName), *model_)}};
  LocalGenerator generator(model_, options);

  std::vector<std::unique_ptr<Generation>> generations;
  for (size_t i = 0; i < prompts.size(); ++i) {
    CompletionRequest completion;
    completion.prompt = prompts[i];
    completion.options.n = request.n;
    completion.options.logprobs = true;  // tells the tokens
    completion.options.adapters = {{kAdapterName, 1.0}};
    completion.options.sampling.temperature = request.temperature;
    completion.options.sampling.seed = request.seed + i;
    completion.options.limits.max_tokens = request.max_tokens;
    generations.push_back(generator.Complete(completion));
  }
  std::vector<std::vector<SampledAnswer>> all(prompts.size());
  for (size_t i = 0; i < prompts.size(); ++i) {
    all[i].resize(static_cast<size_t>(request.n));
    while (const auto event = generations[i]->Next()) {
      Take(*event, all[i]);
      cancel.Check();
    }
  }
  return all;
}

}  // namespace pioneer::tune
