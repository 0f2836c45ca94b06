#include "cli/speculation_bench.h"

#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace pioneer {
namespace {

constexpr size_t kUnit = 40;  // tokens of which some are new

// The last n_new of every `unit` tokens are replaced by others.
std::vector<int32_t> WithNewTokens(std::vector<int32_t> text, size_t unit, size_t n_new,
                                   int vocab_size) {
  Random random(3);
  for (size_t end = unit; end <= text.size(); end += unit) {
    for (size_t i = end - n_new; i < end; ++i) {
      text[i] = static_cast<int32_t>(random.Below(static_cast<uint64_t>(vocab_size)));
    }
  }
  return text;
}

}  // namespace

// Writes the script behind prompts of so many tokens, whatever its weights say.
class SpeculationBench::ScriptedModel : public Model {
 public:
  explicit ScriptedModel(std::shared_ptr<Model> model) : model_(std::move(model)) {}

  void Tell(size_t n_prompt, std::vector<int32_t> script) {
    n_prompt_ = n_prompt;
    script_ = std::move(script);
  }

  void Forward(ThreadPool& threads, const StepBatch& batch, Matrix& logits) override {
    model_->Forward(threads, batch, logits);
    for (size_t i = 0; i < batch.output_rows.size(); ++i) {
      const size_t next = static_cast<size_t>(batch.positions[batch.output_rows[i]]) + 1;
      if (next < n_prompt_ || next - n_prompt_ >= script_.size()) continue;
      logits.row(static_cast<int64_t>(i))[script_[next - n_prompt_]] = 1e6F;
    }
  }

  const ModelConfig& config() const override { return model_->config(); }
  const Tokenizer& tokenizer() const override { return model_->tokenizer(); }
  const MemoryPlan& memory() const override { return model_->memory(); }
  const std::string& chat_template() const override { return model_->chat_template(); }
  const AdapterSites& adapter_sites() const override { return model_->adapter_sites(); }
  bool can_generate() const override { return model_->can_generate(); }
  const EmbeddingInfo& embedding() const override { return model_->embedding(); }
  void EmbedTexts(ThreadPool& threads, const StepBatch& batch, Matrix& out) override {
    model_->EmbedTexts(threads, batch, out);
  }

 private:
  const std::shared_ptr<Model> model_;
  size_t n_prompt_ = 0;
  std::vector<int32_t> script_;
};

std::vector<SpeculationTask> SpeculationTasks(const std::string& text, int n_tokens,
                                              const Tokenizer& tokenizer) {
  std::vector<int32_t> tokens = tokenizer.Encode(text, {});
  if (static_cast<int>(tokens.size()) < n_tokens) {
    Fail(ErrorCode::kInvalidArgument, "the text has {} tokens of the {} that are wanted",
         tokens.size(), n_tokens);
  }
  tokens.resize(static_cast<size_t>(n_tokens));
  const int vocab_size = tokenizer.size();
  return {{"edit", tokens, WithNewTokens(tokens, kUnit, 3, vocab_size)},
          {"quote", tokens, WithNewTokens(tokens, kUnit, kUnit / 2, vocab_size)},
          {"new", tokens, WithNewTokens(tokens, 1, 1, vocab_size)}};
}

SpeculationBench::SpeculationBench(std::shared_ptr<Model> model, std::shared_ptr<Model> draft,
                                   int n_threads, int n_streams)
    : model_(std::make_shared<ScriptedModel>(std::move(model))),
      draft_(draft ? std::make_shared<ScriptedModel>(std::move(draft)) : nullptr),
      n_streams_(n_streams) {
  EngineOptions options;
  options.threads = std::make_shared<ThreadPool>(n_threads);
  options.max_running = n_streams;
  options.speculation = false;
  plain_ = std::make_unique<LocalGenerator>(model_, options);
  options.speculation = true;
  options.draft = draft_;
  guessing_ = std::make_unique<LocalGenerator>(model_, options);
}

SpeculationBench::~SpeculationBench() = default;

const Model& SpeculationBench::model() const { return *model_; }

// Tokens a second.
double SpeculationBench::Run(const SpeculationTask& task, LocalGenerator& generator) {
  CompletionRequest request;
  request.prompt = task.prompt;
  request.options.sampling.temperature = 0;
  request.options.limits.max_tokens = static_cast<int>(task.answer.size());
  request.options.limits.ignore_eos = true;
  request.options.n = n_streams_;
  const auto generation = generator.Complete(request);
  UsageEvent usage;
  while (const auto event = generation->Next()) {
    if (const auto* last = std::get_if<UsageEvent>(&*event)) usage = *last;
  }
  const int n_wanted = n_streams_ * static_cast<int>(task.answer.size());
  if (usage.completion_tokens != n_wanted) {
    Fail(ErrorCode::kInternal, "{} tokens were written instead of {}", usage.completion_tokens,
         n_wanted);
  }
  return usage.completion_tokens / usage.generation_seconds;
}

SpeculationResult SpeculationBench::Measure(const SpeculationTask& task, int repeat) {
  model_->Tell(task.prompt.size(), task.answer);
  if (draft_) {
    draft_->Tell(task.prompt.size(), WithNewTokens(task.answer, 10, 1, model_->tokenizer().size()));
  }
  Run(task, *plain_);  // the prompt is known from now on
  Run(task, *guessing_);
  std::vector<double> plain, guessed, ratio;
  const GeneratorStats before = guessing_->stats();
  for (int i = 0; i < repeat; ++i) {
    plain.push_back(Run(task, *plain_));
    guessed.push_back(Run(task, *guessing_));
    ratio.push_back(guessed.back() / plain.back());
  }
  const GeneratorStats after = guessing_->stats();
  SpeculationResult result{SpreadOf(plain), SpreadOf(guessed), SpreadOf(ratio)};
  result.n_guessed = (after.guessed_tokens_total - before.guessed_tokens_total) / repeat;
  result.n_right = (after.accepted_tokens_total - before.accepted_tokens_total) / repeat;
  return result;
}

}  // namespace pioneer
