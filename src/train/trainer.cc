#include "train/trainer.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/progress.h"
#include "train/checkpoint.h"
#include "train/data_loader.h"
#include "train/gradient_workers.h"
#include "train/host_share.h"
#include "train/import.h"
#include "train/mpi_communicator.h"
#include "train/optimizer.h"
#include "train/outlier_detector.h"
#include "train/pair_loader.h"
#include "train/prepare.h"
#include "train/samples.h"
#include "train/train_log.h"

namespace pioneer {
namespace {

constexpr int64_t kMaxSkippedInARow = 10;
constexpr double kLatestSteps = 0.05;  // what a step counts for in the average of their seconds

Json ModelJson(const LlamaShape& shape) {
  Json json = {{"vocab_size", shape.vocab_size},
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
  if (!shape.causal) json["causal"] = false;
  return json;
}

LlamaShape ShapeFor(const TrainRecipe& recipe, const Tokenizer& tokenizer) {
  LlamaShape shape = recipe.model;
  shape.vocab_size = tokenizer.size();
  return shape;
}

// One run, or one process's part of it: the parts stay for its whole life, the loader is the
// current stage's. All processes deal the same batches, take the same decisions and have the same
// weights; the first one writes and reports.
class Trainer {
 public:
  // The data is prepared.
  Trainer(const TrainOptions& options, TrainRecipe recipe, int n_threads, Communicator& processes)
      : options_(options),
        recipe_(std::move(recipe)),
        processes_(processes),
        folder_{options.run_dir},
        pool_(n_threads),
        tokenizer_(OpenTokenizer(folder_)),
        layout_(ShapeFor(recipe_, *tokenizer_)),
        optimizer_(layout_, recipe_.optimizer, UsesBf16(recipe_.precision), processes),
        workers_(GradientWorkers::Make(layout_, pool_, UsesBf16(recipe_.precision), processes)) {
    if (fs::exists(folder_.checkpoint())) {
      Restore(LoadCheckpoint(folder_.checkpoint()));
    } else {
      weights_ = recipe_.weights.empty() ? InitialParameters(layout_, recipe_.seed)
                                         : ReadParameters(recipe_.weights, layout_);
    }
    processes_.Barrier();  // all have read before the first one writes
    if (processes_.first()) TruncateLog(folder_.log(), state_.step);
    state_.lineage = ReadLineage(folder_);
    workers_->SetWeights(weights_.data());
  }

  TrainResult Run() {
    const auto n_stages = static_cast<int64_t>(recipe_.stages.size());
    bool stopped = false;
    while (!stopped && state_.stage < n_stages) stopped = !RunStage();
    if (stopped) processes_.Barrier();  // nobody leaves before the checkpoint is written
    TrainResult result;
    result.rank = processes_.rank();
    result.finished = !stopped;
    result.steps = state_.step;
    result.tokens = state_.tokens;
    result.skipped_steps = state_.skipped_steps;
    result.n_parameters = layout_.size();
    result.seconds = state_.seconds;
    result.loss = last_.loss;
    result.validation_loss = state_.validation_loss;
    result.validation_bits_per_byte = last_.validation_bits_per_byte;
    return result;
  }

 private:
  const StageRecipe& stage() const { return recipe_.stages[static_cast<size_t>(state_.stage)]; }
  int64_t context() const { return stage().context > 0 ? stage().context : recipe_.model.context; }
  int64_t BatchSequences() const {
    const int64_t n = stage().batch_tokens / context();
    return stage().learns_pairs() ? std::max<int64_t>(4, n / 2 * 2) : std::max<int64_t>(1, n);
  }

  float Scale() const { return static_cast<float>(1 / stage().temperature); }

  void Restore(Checkpoint checkpoint);
  void OpenStage();
  bool RunStage();
  bool RunStep();
  std::optional<double> LossAndGradient(const std::vector<TrainSequence>& batch);
  double StageProgress() const;
  double StepShare() const;
  double SecondsLeft() const;  // of the stage
  bool StageDone() const;
  std::vector<TrainSequence> NextBatch();
  void Apply(const std::vector<TrainSequence>& batch, double loss, float learning_rate);
  std::string WhyNotApplied(const std::vector<TrainSequence>& batch);
  void Skip(const std::string& why);
  void Report(float learning_rate);
  double ValidationLoss();
  double ValidationBytesPerToken() const;
  void Save();

  const TrainOptions& options_;
  TrainRecipe recipe_;
  Communicator& processes_;
  RunFolder folder_;
  ThreadPool pool_;
  std::unique_ptr<Tokenizer> tokenizer_;
  ParameterLayout layout_;
  Optimizer optimizer_;
  std::unique_ptr<GradientWorkers> workers_;
  TrainBuffer<float> weights_;
  TrainState state_;
  std::unique_ptr<SequenceSource> loader_;
  std::vector<SequenceBuffer> validation_, batch_;
  double validation_bytes_per_token_ = 0;
  OutlierDetector losses_, norms_;  // of the stage
  double step_seconds_ = 0;         // of the latest steps, on average; 0: none yet
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
  if (static_cast<int64_t>(checkpoint.optimizer.size()) != optimizer_.whole_state_size()) {
    Fail(ErrorCode::kInvalidArgument, "the checkpoint in {} is of another kind of optimizer",
         folder_.root.string());
  }
  state_ = checkpoint.state;
  weights_ = std::move(checkpoint.weights);
  optimizer_.SetWholeState(checkpoint.optimizer);
  losses_.set_values(state_.recent_losses);
  norms_.set_values(state_.recent_norms);
  optimizer_.set_n_steps(state_.optimizer_steps);
  saved_at_seconds_ = state_.seconds;
}

void Trainer::OpenStage() {
  std::vector<LoaderSource> sources;
  for (const SourceRecipe& source : stage().sources) {
    sources.push_back({OpenSource(source, *tokenizer_, folder_), source.weight});
  }
  if (stage().learns_pairs()) {
    const PairLoaderOptions options = {
        .context = context(), .batch_pairs = BatchSequences() / 2, .seed = recipe_.seed};
    loader_ = std::make_unique<PairLoader>(std::move(sources), options);
  } else {
    loader_ = std::make_unique<DataLoader>(
        std::move(sources),
        LoaderOptions{
            .context = context(), .seed = recipe_.seed, .assistant_only = stage().assistant_only});
  }
  if (!state_.data_position.is_null()) loader_->SetPosition(state_.data_position);
  validation_ = loader_->Validation(recipe_.validation_sequences);
  validation_bytes_per_token_ = ValidationBytesPerToken();
}

// False when cancelled.
bool Trainer::RunStage() {
  OpenStage();
  while (!StageDone()) {
    if (!RunStep()) {
      Save();
      return false;
    }
    const bool due = state_.seconds - saved_at_seconds_ >= recipe_.checkpoint_minutes * 60;
    if (due && !StageDone()) Save();
  }
  ++state_.stage;
  state_.stage_step = state_.stage_tokens = 0;
  state_.stage_seconds = 0;
  state_.data_position = nullptr;
  loader_.reset();
  losses_ = norms_ = OutlierDetector();
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

// What one step adds to the progress: it is taken at the rate of its end, since a warm-up begins at
// 0. How long a step takes is not known before it.
double Trainer::StepShare() const {
  constexpr double kUnknown = 1e-4;
  double share = kUnknown;
  if (stage().steps > 0) share = 1.0 / static_cast<double>(stage().steps);
  if (stage().tokens > 0) {
    share = static_cast<double>(BatchSequences() * context()) / static_cast<double>(stage().tokens);
  }
  return std::min(share, 1 - StageProgress());
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

// False when cancelled: then nothing has changed. So a stop does not wait for a step to end.
bool Trainer::RunStep() {
  const Stopwatch watch;
  const Json position = loader_->Position();
  const std::vector<TrainSequence> batch = NextBatch();
  int64_t n_tokens = 0;
  for (const TrainSequence& sequence : batch) n_tokens += sequence.n_tokens();
  const auto learning_rate =
      static_cast<float>(LearningRate(stage().schedule, StageProgress() + StepShare()));
  const std::optional<double> loss = LossAndGradient(batch);
  if (!loss) {
    loader_->SetPosition(position);
    return false;
  }
  ++state_.step;
  ++state_.stage_step;
  state_.tokens += n_tokens;
  state_.stage_tokens += n_tokens;
  Apply(batch, *loss, learning_rate);
  last_.validation_loss = last_.validation_bits_per_byte = -1;
  const bool validates = state_.step % recipe_.validation_every_steps == 0 || StageDone();
  if (validates && !validation_.empty()) {
    last_.validation_loss = state_.validation_loss = ValidationLoss();
    if (!stage().learns_pairs()) {
      last_.validation_bits_per_byte =
          last_.validation_loss / std::numbers::ln2 / validation_bytes_per_token_;
    }
  }
  const double seconds = processes_.FromFirst(watch.Seconds());
  state_.seconds += seconds;
  state_.stage_seconds += seconds;
  last_.tokens_per_second = static_cast<double>(n_tokens) / seconds;
  step_seconds_ = step_seconds_ == 0 ? seconds : std::lerp(step_seconds_, seconds, kLatestSteps);
  if (processes_.first()) Report(learning_rate);
  return true;
}

// The batch's mean loss; nothing when cancelled.
std::optional<double> Trainer::LossAndGradient(const std::vector<TrainSequence>& batch) {
  if (stage().learns_pairs()) return workers_->PairLossAndGradient(batch, Scale(), options_.cancel);
  const double counted = static_cast<double>(std::max<int64_t>(1, CountedTokens(batch)));
  const auto sum =
      workers_->LossAndGradient(batch, static_cast<float>(1.0 / counted), options_.cancel);
  return sum ? std::optional(*sum / counted) : std::nullopt;
}

void Trainer::Apply(const std::vector<TrainSequence>& batch, double loss, float learning_rate) {
  last_.loss = loss;
  last_.gradient_norm = optimizer_.Sum(pool_, workers_->gradients());
  const std::string why = WhyNotApplied(batch);
  last_.skipped = !why.empty();
  if (last_.skipped) return Skip(why);
  optimizer_.Step(pool_, learning_rate, last_.gradient_norm, workers_->gradients()[0].data(),
                  weights_.data());
  state_.skipped_in_a_row = 0;
  state_.optimizer_steps = optimizer_.n_steps();
  workers_->SetWeights(weights_.data());
}

// "" when the step is sound.
std::string Trainer::WhyNotApplied(const std::vector<TrainSequence>& batch) {
  if (!std::isfinite(last_.loss) || !std::isfinite(last_.gradient_norm)) {
    std::string place = FirstNotFinite(layout_, weights_.data());
    if (!place.empty()) return fmt::format("the weights of {} are not finite", place);
    place = workers_->FirstNotFinite(batch);
    if (!place.empty()) return fmt::format("{} is not finite", place);
    place = optimizer_.FirstNotFinite();
    return fmt::format("the gradient of {} is not finite", place.empty() ? "the sum" : place);
  }
  const double loss_score = losses_.Score(last_.loss);
  const double norm_score = norms_.Score(last_.gradient_norm);
  if (recipe_.skip_outliers <= 0) return "";
  if (std::max(loss_score, norm_score) <= recipe_.skip_outliers) return "";
  return fmt::format(
      "an outlier: loss {:.3f} ({:+.1f} standard deviations), gradient norm {:.3f} "
      "({:+.1f})",
      last_.loss, loss_score, last_.gradient_norm, norm_score);
}

void Trainer::Skip(const std::string& why) {
  ++state_.skipped_steps;
  ++state_.skipped_in_a_row;
  last_.why_skipped = why;
  if (processes_.first()) spdlog::warn("step {} was skipped: {}", state_.step, why);
  if (state_.skipped_in_a_row < kMaxSkippedInARow) return;
  Fail(
      ErrorCode::kInternal,
      "training came apart at step {}: {} steps in a row could not be applied; {}. Resume from the "
      "last checkpoint with a smaller \"lr\" or a longer \"warmup\"",
      state_.step, state_.skipped_in_a_row, why);
}

void Trainer::Report(float learning_rate) {
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
  progress.seconds_left = SecondsLeft();
  progress.tokens = last_.tokens;
  options_.on_progress(progress);
}

// At the speed of the latest steps: a run of days has known faster and slower times.
double Trainer::SecondsLeft() const {
  if (stage().steps == 0 && stage().tokens == 0) {
    return std::max(0.0, stage().minutes * 60 - state_.stage_seconds);
  }
  const double share_left = std::max(0.0, 1 - StageProgress());
  return share_left == 0 ? 0 : step_seconds_ * share_left / StepShare();
}

double Trainer::ValidationLoss() {
  std::vector<TrainSequence> views;
  for (const SequenceBuffer& sequence : validation_) views.push_back(sequence.view());
  if (stage().learns_pairs()) return workers_->PairLoss(views, Scale());
  const double counted = static_cast<double>(std::max<int64_t>(1, CountedTokens(views)));
  return workers_->Loss(views) / counted;
}

// Of the tokens that count; control tokens have no bytes.
double Trainer::ValidationBytesPerToken() const {
  int64_t n_tokens = 0;
  size_t n_bytes = 0;
  for (const SequenceBuffer& sequence : validation_) {
    for (size_t i = 0; i < sequence.targets.size(); ++i) {
      if (sequence.counted[i] == 0) continue;
      ++n_tokens;
      n_bytes += tokenizer_->TokenBytes(sequence.targets[i]).size();
    }
  }
  return n_tokens == 0 ? 1 : static_cast<double>(n_bytes) / static_cast<double>(n_tokens);
}

void Trainer::Save() {
  const std::string broken = FirstNotFinite(layout_, weights_.data());
  if (!broken.empty()) {
    Fail(ErrorCode::kInternal,
         "training came apart: after step {} the weights of {} are not finite. The checkpoint "
         "before "
         "is kept; resume from it with a smaller \"lr\"",
         state_.step, broken);
  }
  state_.data_position = loader_ ? loader_->Position() : Json(nullptr);
  state_.recent_losses = losses_.values();
  state_.recent_norms = norms_.values();
  saved_at_seconds_ = state_.seconds;
  if (!processes_.first()) return optimizer_.WriteWholeState({});
  SaveCheckpoint(folder_.checkpoint(), ModelJson(layout_.shape()), state_, weights_,
                 optimizer_.whole_state_size(),
                 [&](const WriteFloats& write) { optimizer_.WriteWholeState(write); });
  if (options_.cancel.cancelled()) return;  // who stops does not want to wait
  AppendSamples(folder_.samples(), state_.step, state_.tokens, recipe_.sample_prompts, *workers_,
                *tokenizer_, recipe_.model.context);
}

// What happens before the first step, in one process.
TrainRecipe OpenRun(const TrainOptions& options, const RunFolder& folder) {
  const TrainRecipe* given = options.recipe ? &*options.recipe : nullptr;
  if (options.resume) return ResumeRun(folder);
  if (!options.branch.empty()) return BranchRun(folder, RunFolder{options.branch}, given);
  if (given == nullptr) Fail(ErrorCode::kInvalidArgument, "a new run needs a recipe");
  return BeginRun(folder, *given);
}

void Prepare(const TrainOptions& options, const TrainRecipe& recipe, const RunFolder& folder,
             int host_threads) {
  ThreadPool pool(recipe.threads > 0 ? recipe.threads : host_threads);
  PrepareData(recipe, folder, {pool, options.cancel, [&](const std::string& status) {
                                 if (options.on_progress) {
                                   options.on_progress({.status = status, .stage = {}});
                                 }
                               }});
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
  const std::unique_ptr<Communicator> joined = JoinMpiRun(options.cancel);
  Communicator& processes = joined ? *joined : OneProcess();
  const HostShare host(processes);
  std::optional<RunLock> lock;
  if (processes.first()) {
    if (options.resume && !fs::exists(folder.recipe())) {
      Fail(ErrorCode::kNotFound, "{} holds no run to resume", folder.root.string());
    }
    lock.emplace(folder);
    const TrainRecipe recipe = OpenRun(options, folder);
    Prepare(options, recipe, folder, host.host_threads());
  }
  processes.Barrier();
  TrainRecipe recipe = LoadRecipe(folder.recipe());
  const int n_threads = host.OwnThreads(recipe.threads);
  host.Settle(n_threads);
  return Trainer(options, std::move(recipe), n_threads, processes).Run();
}

}  // namespace pioneer
