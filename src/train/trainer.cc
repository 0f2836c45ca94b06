#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/progress.h"
#include "tensor/ops/train_matmul.h"
#include "train/checkpoint.h"
#include "train/data_loader.h"
#include "train/gradient_workers.h"
#include "train/optimizer.h"
#include "train/prepare.h"
#include "train/train_log.h"

namespace pioneer {
namespace {

constexpr int64_t kMaxSkippedInARow = 10;

Json ModelJson(const LlamaShape& shape) {
  return {{"vocab_size", shape.vocab_size},
          {"d_model", shape.d_model},
          {"n_layers", shape.n_layers},
          {"n_heads", shape.n_heads},
          {"n_kv_heads", shape.n_kv_heads},
          {"head_dim", shape.head_dim},
          {"d_ff", shape.d_ff},
          {"context", shape.context},
          {"rope_base", shape.rope_base},
          {"rms_eps", shape.rms_eps},
          {"tied", shape.tied}};
}

bool UsesBf16(Precision precision) {
  if (precision == Precision::kBf16 && !HasFastBf16()) {
    Fail(ErrorCode::kUnsupported,
         "this CPU has no bfloat16 products; set \"precision\" to \"auto\" or \"f32\"");
  }
  return precision != Precision::kF32 && HasFastBf16();
}

LlamaShape ShapeFor(const TrainRecipe& recipe, const Tokenizer& tokenizer) {
  LlamaShape shape = recipe.model;
  shape.vocab_size = tokenizer.size();
  return shape;
}

// One run: the parts stay for its whole life, the loader is the current stage's.
class Trainer {
 public:
  Trainer(const TrainOptions& options, TrainRecipe recipe)
      : options_(options),
        recipe_(std::move(recipe)),
        folder_{options.run_dir},
        pool_(recipe_.threads),
        tokenizer_(PrepareTokenizer(recipe_, folder_, MakeContext())),
        layout_(ShapeFor(recipe_, *tokenizer_)),
        optimizer_(layout_, recipe_.optimizer),
        workers_(GradientWorkers::Make(layout_, pool_, UsesBf16(recipe_.precision))) {
    if (options.resume) {
      Restore(LoadCheckpoint(folder_.checkpoint()));
    } else {
      weights_ = InitialParameters(layout_, recipe_.seed);
    }
    state_.lineage = ReadLineage(folder_);
    workers_->SetWeights(weights_.data());
  }

  TrainResult Run() {
    const auto n_stages = static_cast<int64_t>(recipe_.stages.size());
    bool stopped = false;
    while (!stopped && state_.stage < n_stages) stopped = !RunStage();
    TrainResult result;
    result.finished = !stopped;
    result.steps = state_.step;
    result.tokens = state_.tokens;
    result.skipped_steps = state_.skipped_steps;
    result.n_parameters = layout_.size();
    result.seconds = state_.seconds;
    result.loss = last_.loss;
    result.validation_loss = state_.validation_loss;
    return result;
  }

 private:
  PrepareContext MakeContext() {
    return {pool_, options_.cancel, [this](const std::string& status) {
              if (options_.on_progress) options_.on_progress({.status = status, .stage = {}});
            }};
  }

  const StageRecipe& stage() const { return recipe_.stages[static_cast<size_t>(state_.stage)]; }
  int64_t context() const { return stage().context > 0 ? stage().context : recipe_.model.context; }
  int64_t BatchSequences() const { return std::max<int64_t>(1, stage().batch_tokens / context()); }

  void Restore(Checkpoint checkpoint);
  void OpenStage();
  bool RunStage();
  void RunStep();
  double StageProgress() const;
  bool StageDone() const;
  std::vector<TrainSequence> NextBatch();
  bool Apply(double loss, float learning_rate);
  void CountSkipped();
  void Report(float learning_rate, double seconds);
  double ValidationLoss();
  void Save();

  const TrainOptions& options_;
  TrainRecipe recipe_;
  RunFolder folder_;
  ThreadPool pool_;
  std::unique_ptr<Tokenizer> tokenizer_;
  ParameterLayout layout_;
  AdamW optimizer_;
  std::unique_ptr<GradientWorkers> workers_;
  TrainBuffer<float> weights_;
  TrainState state_;
  std::unique_ptr<DataLoader> loader_;
  std::vector<SequenceBuffer> validation_, batch_;
  TrainLogEntry last_;
  double saved_at_seconds_ = 0;
};

void Trainer::Restore(Checkpoint checkpoint) {
  if (checkpoint.model != ModelJson(layout_.shape())) {
    Fail(ErrorCode::kInvalidArgument, "the checkpoint in {} is of a model of other sizes",
         folder_.root.string());
  }
  const auto n = static_cast<size_t>(layout_.size());
  if (checkpoint.weights.size() != n) {
    Fail(ErrorCode::kCorruptFile, "the checkpoint in {} has {} parameters, not {}",
         folder_.root.string(), checkpoint.weights.size(), n);
  }
  state_ = checkpoint.state;
  weights_ = std::move(checkpoint.weights);
  optimizer_.first_moments() = std::move(checkpoint.first_moments);
  optimizer_.second_moments() = std::move(checkpoint.second_moments);
  optimizer_.set_n_steps(state_.optimizer_steps);
  saved_at_seconds_ = state_.seconds;
  TruncateLog(folder_.log(), state_.step);
}

void Trainer::OpenStage() {
  std::vector<LoaderSource> sources;
  for (const SourceRecipe& source : stage().sources) {
    sources.push_back({PrepareSource(source, *tokenizer_, folder_, MakeContext()), source.weight});
  }
  loader_ = std::make_unique<DataLoader>(
      std::move(sources),
      LoaderOptions{
          .context = context(), .seed = recipe_.seed, .assistant_only = stage().assistant_only});
  if (!state_.data_position.is_null()) loader_->SetPosition(state_.data_position);
  validation_ = loader_->Validation(recipe_.validation_sequences);
}

// False when cancelled.
bool Trainer::RunStage() {
  OpenStage();
  while (!StageDone()) {
    if (options_.cancel.cancelled()) {
      Save();
      return false;
    }
    RunStep();
    const bool due = state_.seconds - saved_at_seconds_ >= recipe_.checkpoint_minutes * 60;
    if (due && !StageDone()) Save();
  }
  ++state_.stage;
  state_.stage_step = state_.stage_tokens = 0;
  state_.stage_seconds = 0;
  state_.data_position = nullptr;
  loader_.reset();
  Save();
  return true;
}

double Trainer::StageProgress() const {
  if (stage().steps > 0) {
    return static_cast<double>(state_.stage_step) / static_cast<double>(stage().steps);
  }
  if (stage().tokens > 0) {
    return static_cast<double>(state_.stage_tokens) / static_cast<double>(stage().tokens);
  }
  return state_.stage_seconds / (stage().minutes * 60);
}

bool Trainer::StageDone() const { return StageProgress() >= 1; }

std::vector<TrainSequence> Trainer::NextBatch() {
  batch_.resize(static_cast<size_t>(BatchSequences()));
  std::vector<TrainSequence> views;
  for (SequenceBuffer& sequence : batch_) {
    loader_->Next(sequence);
    views.push_back(sequence.view());
  }
  return views;
}

int64_t CountedTokens(const std::vector<TrainSequence>& batch) {
  int64_t counted = 0;
  for (const TrainSequence& sequence : batch) {
    counted += std::count_if(sequence.counted.begin(), sequence.counted.end(),
                             [](uint8_t mark) { return mark != 0; });
  }
  return counted;
}

void Trainer::RunStep() {
  const Stopwatch watch;
  const std::vector<TrainSequence> batch = NextBatch();
  const int64_t n_tokens = static_cast<int64_t>(batch.size()) * context();
  const double counted = static_cast<double>(std::max<int64_t>(1, CountedTokens(batch)));
  // The first step is taken at the rate of its end: at its beginning a warm-up's rate is 0.
  const double first = stage().steps > 0 ? 1.0 / static_cast<double>(stage().steps) : 1e-4;
  const auto learning_rate = static_cast<float>(
      LearningRate(stage().schedule, StageProgress() + std::min(first, 1 - StageProgress())));
  const double loss = workers_->LossAndGradient(batch, static_cast<float>(1.0 / counted)) / counted;
  ++state_.step;
  ++state_.stage_step;
  state_.tokens += n_tokens;
  state_.stage_tokens += n_tokens;
  if (!Apply(loss, learning_rate)) CountSkipped();
  last_.validation_loss = -1;
  const bool validates = state_.step % recipe_.validation_every_steps == 0 || StageDone();
  if (validates && !validation_.empty()) {
    last_.validation_loss = state_.validation_loss = ValidationLoss();
  }
  const double seconds = watch.Seconds();
  state_.seconds += seconds;
  state_.stage_seconds += seconds;
  last_.tokens_per_second = static_cast<double>(n_tokens) / seconds;
  Report(learning_rate, seconds);
}

// False when the step was skipped.
bool Trainer::Apply(double loss, float learning_rate) {
  last_.loss = loss;
  last_.skipped = true;
  last_.gradient_norm = std::nan("");
  if (!std::isfinite(loss)) return false;
  const OptimizerResult result =
      optimizer_.Step(pool_, learning_rate, workers_->gradients(), weights_.data());
  last_.gradient_norm = result.gradient_norm;
  last_.skipped = !result.applied;
  if (!result.applied) return false;
  state_.skipped_in_a_row = 0;
  state_.optimizer_steps = optimizer_.n_steps();
  workers_->SetWeights(weights_.data());
  return true;
}

void Trainer::CountSkipped() {
  ++state_.skipped_steps;
  ++state_.skipped_in_a_row;
  spdlog::warn("step {} was skipped: its loss is {}, its gradient norm {}", state_.step, last_.loss,
               last_.gradient_norm);
  if (state_.skipped_in_a_row < kMaxSkippedInARow) return;
  Fail(ErrorCode::kInternal,
       "training came apart at step {}: {} steps in a row gave no finite loss and gradient. Resume "
       "from the last checkpoint with a smaller \"lr\" or a longer \"warmup\"",
       state_.step, state_.skipped_in_a_row);
}

void Trainer::Report(float learning_rate, double seconds) {
  last_.step = state_.step;
  last_.stage = stage().name;
  last_.tokens = state_.tokens;
  last_.learning_rate = static_cast<double>(learning_rate);
  last_.seconds = state_.seconds;
  AppendLog(folder_.log(), last_);
  if (!options_.on_progress) return;
  TrainProgress progress;
  progress.stage = last_.stage;
  progress.step = last_.step;
  progress.stage_share = std::min(1.0, StageProgress());
  progress.loss = last_.loss;
  progress.validation_loss = state_.validation_loss;
  progress.learning_rate = last_.learning_rate;
  progress.gradient_norm = last_.gradient_norm;
  progress.tokens_per_second = last_.tokens_per_second;
  progress.seconds_left =
      state_.stage_seconds * (1 - progress.stage_share) / std::max(1e-9, progress.stage_share);
  progress.tokens = last_.tokens;
  options_.on_progress(progress);
}

double Trainer::ValidationLoss() {
  std::vector<TrainSequence> views;
  for (const SequenceBuffer& sequence : validation_) views.push_back(sequence.view());
  const double counted = static_cast<double>(std::max<int64_t>(1, CountedTokens(views)));
  return workers_->Loss(views) / counted;
}

void Trainer::Save() {
  state_.data_position = loader_ ? loader_->Position() : Json(nullptr);
  SaveCheckpoint(folder_.checkpoint(), ModelJson(layout_.shape()), state_, weights_,
                 optimizer_.first_moments(), optimizer_.second_moments());
  saved_at_seconds_ = state_.seconds;
}

}  // namespace

std::string FormatProgress(const TrainProgress& progress) {
  if (!progress.status.empty()) return progress.status;
  std::string line = fmt::format("{} {:3.0f} %  step {}  loss {:.3f}", progress.stage,
                                 progress.stage_share * 100, progress.step, progress.loss);
  if (progress.validation_loss >= 0) {
    line += fmt::format("  held out {:.3f}", progress.validation_loss);
  }
  line += fmt::format("  {:.0f} tokens/s", progress.tokens_per_second);
  if (progress.seconds_left >= 0) {
    line += fmt::format("  {} left", FormatDuration(progress.seconds_left));
  }
  return line;
}

TrainResult RunTraining(const TrainOptions& options) {
  const RunFolder folder{options.run_dir};
  if (options.resume && !fs::exists(folder.checkpoint())) {
    Fail(ErrorCode::kNotFound, "{} holds no checkpoint to resume from", folder.root.string());
  }
  if (!options.resume && fs::exists(folder.checkpoint())) {
    Fail(ErrorCode::kInvalidArgument, "{} holds a run already; resume it, or choose another folder",
         folder.root.string());
  }
  TrainRecipe recipe = LoadRecipe(options.resume ? folder.recipe() : options.recipe);
  if (!options.resume) {
    fs::create_directories(folder.root);
    WriteFileAtomically(folder.recipe(), RecipeToJson(recipe).dump(2) + "\n");
    WriteFileAtomically(folder.log(), "");
  }
  return Trainer(options, std::move(recipe)).Run();
}

}  // namespace pioneer
