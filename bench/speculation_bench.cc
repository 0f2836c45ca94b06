// Why: what guessing tokens brings, with a model of any weights. The model runs whole, then the
// text that it is to write is put in place of its choice, so that a file of random weights writes
// what a trained one would: it edits a file, quotes it, or says something new.
//   speculation_bench MODEL.gguf TEXT_FILE [STREAMS=1] [TOKENS=400] [ROUNDS=5] [DRAFT.gguf]
// A draft model is put right in the same way, but for one token in ten.
// Rounds with and without guesses in turns; tokens a second of all streams, prompts not counted.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/random.h"
#include "engine/local_generator.h"
#include "model/model.h"

namespace {

using namespace pioneer;

using Tokens = std::vector<int32_t>;

// Writes `script` behind prompts of n_prompt tokens, whatever its weights say.
class ScriptedModel : public Model {
 public:
  explicit ScriptedModel(std::shared_ptr<Model> model) : model_(std::move(model)) {}

  void Tell(size_t n_prompt, Tokens script) {
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
  bool can_generate() const override { return true; }
  const EmbeddingInfo& embedding() const override { return model_->embedding(); }
  void EmbedTexts(ThreadPool& threads, const StepBatch& batch, Matrix& out) override {
    model_->EmbedTexts(threads, batch, out);
  }

 private:
  std::shared_ptr<Model> model_;
  size_t n_prompt_ = 0;
  Tokens script_;
};

struct Task {
  const char* name;
  Tokens prompt, answer;
};

// Every run of `unit` tokens has its last few replaced by new ones.
Tokens Changed(Tokens text, size_t unit, size_t n_changed, int vocab_size) {
  Random random(3);
  for (size_t i = unit; i <= text.size(); i += unit) {
    for (size_t j = i - n_changed; j < i; ++j) {
      text[j] = static_cast<int32_t>(random.Below(static_cast<uint64_t>(vocab_size)));
    }
  }
  return text;
}

std::vector<Task> MakeTasks(const Tokens& text, size_t n_tokens, int vocab_size) {
  const Tokens part(text.begin(), text.begin() + static_cast<ptrdiff_t>(n_tokens));
  return {{"edit: 3 tokens in 40 are new", part, Changed(part, 40, 3, vocab_size)},
          {"quote: 20 tokens in 40 are new", part, Changed(part, 40, 20, vocab_size)},
          {"new: nothing stands in the prompt", part, Changed(part, 10, 10, vocab_size)}};
}

class Bench {
 public:
  Bench(const std::shared_ptr<ScriptedModel>& model, const std::shared_ptr<ScriptedModel>& draft,
        int n_streams)
      : model_(model), draft_(draft), n_streams_(n_streams) {
    const auto threads = std::make_shared<ThreadPool>();
    for (const bool speculation : {false, true}) {
      EngineOptions options;
      options.threads = threads;
      options.speculation = speculation;
      options.draft = draft;
      generators_.push_back(std::make_unique<LocalGenerator>(model, options));
    }
  }

  // Tokens a second of all streams.
  double Run(const Task& task, bool speculation) {
    model_->Tell(task.prompt.size(), task.answer);
    if (draft_) {
      draft_->Tell(task.prompt.size(), Changed(task.answer, 10, 1, draft_->config().vocab_size));
    }
    CompletionRequest request;
    request.prompt = task.prompt;
    request.options.sampling.temperature = 0;
    request.options.limits.max_tokens = static_cast<int>(task.answer.size());
    request.options.limits.ignore_eos = true;
    request.options.n = n_streams_;
    const auto generation = generators_[speculation]->Complete(request);
    double seconds = 0;
    int n_tokens = 0;
    while (const auto event = generation->Next()) {
      const auto* usage = std::get_if<UsageEvent>(&*event);
      if (usage == nullptr) continue;
      seconds = usage->generation_seconds;
      n_tokens = usage->completion_tokens;
    }
    if (n_tokens != n_streams_ * static_cast<int>(task.answer.size())) {
      Fail(ErrorCode::kInternal, "{} tokens were written instead of {}", n_tokens,
           n_streams_ * static_cast<int>(task.answer.size()));
    }
    return n_tokens / seconds;
  }

  GeneratorStats stats() const { return generators_[1]->stats(); }

 private:
  std::shared_ptr<ScriptedModel> model_, draft_;
  int n_streams_;
  std::vector<std::unique_ptr<LocalGenerator>> generators_;  // without guesses, with
};

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

void Measure(Bench& bench, const Task& task, int n_rounds) {
  std::vector<double> plain, guessed, ratios;
  bench.Run(task, false);  // the prompt is known from now on
  bench.Run(task, true);
  const GeneratorStats before = bench.stats();
  for (int round = 0; round < n_rounds; ++round) {
    plain.push_back(bench.Run(task, false));
    guessed.push_back(bench.Run(task, true));
    ratios.push_back(guessed.back() / plain.back());
  }
  const GeneratorStats after = bench.stats();
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  fmt::print("{:<36} {:>8.1f} {:>8.1f} tokens/s, {:.2f} times ({:.2f} to {:.2f}); {} of {} right\n",
             task.name, Median(plain), Median(guessed), Median(ratios), *low, *high,
             after.accepted_tokens_total - before.accepted_tokens_total,
             after.guessed_tokens_total - before.guessed_tokens_total);
}

int Number(char** argv, int argc, int index, int usual) {
  if (index >= argc) return usual;
  int value = 0;
  const std::string_view text = argv[index];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1) {
    Fail(ErrorCode::kInvalidArgument, "{} is not a number above 0", text);
  }
  return value;
}

void Main(int argc, char** argv) {
  if (argc < 3) Fail(ErrorCode::kInvalidArgument, "usage: {} MODEL.gguf TEXT_FILE ...", argv[0]);
  const auto model = std::make_shared<ScriptedModel>(LoadModel(argv[1]));
  const int n_streams = Number(argv, argc, 3, 1);
  const auto n_tokens = static_cast<size_t>(Number(argv, argc, 4, 400));
  const Tokens text = model->tokenizer().Encode(ReadFile(argv[2]), {});
  if (text.size() < n_tokens) {
    Fail(ErrorCode::kInvalidArgument, "{} has {} tokens; take a longer one", argv[2], text.size());
  }
  std::shared_ptr<ScriptedModel> draft;
  if (argc > 6) draft = std::make_shared<ScriptedModel>(LoadModel(argv[6]));
  Bench bench(model, draft, n_streams);
  fmt::print("{}, {} streams of {} tokens; without guesses, with\n", model->config().name,
             n_streams, n_tokens);
  for (const Task& task : MakeTasks(text, n_tokens, model->config().vocab_size)) {
    Measure(bench, task, Number(argv, argc, 5, 5));
  }
}

}  // namespace

int main(int argc, char** argv) try {
  Main(argc, argv);
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "{}\n", error.what());
  return 1;
}
