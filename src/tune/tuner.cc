#include "tune/tuner.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/progress.h"
#include "model/vocabulary.h"
#include "train/checkpoint.h"
#include "train/lineage.h"
#include "train/run_folder.h"
#include "train/schedule.h"
#include "train/train_log.h"
#include "tune/adapter_export.h"
#include "tune/adapter_optimizer.h"

namespace pioneer::tune {
namespace {

constexpr int64_t kMaxFailedInARow = 10;
constexpr int64_t kJudgements = 10;  // of held-out examples, in the whole run

fs::path SettingsPath(const RunFolder& folder) { return folder.root / "tune.json"; }

// What the run is made of, as far as it decides the result: where files lie and how many minutes
// are between checkpoints do not.
Json Manifest(const TuneSettings& settings, const GgufFile& model) {
  Json recipe = SettingsToJson(settings);
  for (const char* key : {"model", "data", "checkpoint_minutes"}) recipe.erase(key);
  Json manifest = {
      {"program", "pioneer tune"},
      {"settings", recipe},
      {"base",
       {{"name", model.String("general.name", "")},
        {"sha256", Sha256OfFile(settings.model)},
        {"lineage", model.String("pioneer.lineage", "")}}},
      {"data",
       {{"name", settings.data.filename().string()}, {"sha256", Sha256OfFile(settings.data)}}}};
  manifest["lineage"] = Sha256OfText(DumpJson(manifest));
  return manifest;
}

Json JudgementToJson(const TuneJudgement& judgement) {
  return {{"loss", judgement.loss},
          {"bits_per_byte", judgement.bits_per_byte},
          {"facts", judgement.facts}};
}

TuneJudgement JudgementFromJson(const Json& json) {
  return {json.at("loss").get<double>(), json.at("bits_per_byte").get<double>(),
          json.at("facts").get<TuneFacts>()};
}

std::unique_ptr<TuneMethod> MakeMethod(const TuneWork& work) {
  std::vector<TuneExample> examples = ReadTuneData(work.settings.data, work.settings.method);
  switch (work.settings.method) {
    case Method::kSft:
      return MakeSftMethod(work, examples);
    case Method::kDpo:
      return MakeDpoMethod(work, examples);
    case Method::kGrpo:
      return MakeGrpoMethod(work, std::move(examples));
  }
  Fail(ErrorCode::kInternal, "unknown method");
}

// A new run's settings are put into its folder; a resumed one's are read from there.
TuneSettings OpenSettings(const TuneOptions& options, const RunFolder& folder) {
  const fs::path path = SettingsPath(folder);
  if (options.resume) {
    if (!fs::exists(path)) {
      Fail(ErrorCode::kNotFound, "{} holds no tuning run to resume", folder.root.string());
    }
    return SettingsFromJson(ParseJson(ReadFile(path)));
  }
  if (fs::exists(folder.checkpoint()) || fs::exists(folder.recipe())) {
    Fail(ErrorCode::kInvalidArgument, "{} holds a run already; resume it, or choose another folder",
         folder.root.string());
  }
  const TuneSettings settings = Completed(options.settings);
  WriteFileAtomically(path, SettingsToJson(settings).dump(2) + "\n");
  return SettingsFromJson(ParseJson(ReadFile(path)));
}

// The context is at most the model's.
TuneSettings Fitted(TuneSettings settings, const FrozenModel& model) {
  settings.context = std::min<int64_t>(settings.context, model.config.context_length);
  return settings;
}

class Tuner {
 public:
  Tuner(const TuneOptions& options, const RunFolder& folder, const TuneSettings& settings)
      : options_(options),
        folder_(folder),
        model_((Say("opening the model"), OpenFrozenModel(settings.model))),
        settings_(Fitted(settings, model_)),
        threads_(std::make_shared<ThreadPool>(settings_.threads)),
        tokenizer_(MakeTokenizer(LoadVocabulary(*model_.file))),
        chat_(*tokenizer_, model_.file->String("tokenizer.chat_template", "")),
        layout_(model_, settings_.rank, static_cast<float>(settings_.alpha)),
        workers_(TuneWorkers::Make(model_, layout_, *threads_,
                                   {UsesBf16(settings_.precision), settings_.context})),
        optimizer_(layout_.size()),
        adapter_(layout_.InitialValues(settings_.seed)) {
    workers_->SetAdapter(adapter_.data());
    Say("reading the data");
    manifest_ = Manifest(settings_, *model_.file);
    method_ = MakeMethod({settings_, model_, *tokenizer_, chat_, layout_, adapter_, *workers_,
                          threads_, options_.cancel});
    position_ = method_->order().Position();
    n_steps_ = settings_.steps > 0 ? settings_.steps : method_->DefaultSteps();
    if (fs::exists(folder_.checkpoint())) {
      Restore(LoadCheckpoint(folder_.checkpoint()));
    } else {
      TruncateLog(folder_.log(), 0);
    }
    WriteFileAtomically(folder_.root / "lineage.json", manifest_.dump(2) + "\n");
  }

  TuneResult Run() {
    const bool finished = RunSteps();
    TuneResult result;
    result.finished = finished;
    result.steps = state_.step;
    result.skipped_steps = state_.skipped_steps;
    result.tokens = state_.tokens;
    result.n_trained = layout_.size();
    result.seconds = state_.seconds;
    result.loss = last_.loss;
    result.description = method_->description();
    result.before = before_;
    result.after = after_;
    return result;
  }

 private:
  void Say(const std::string& status) const {
    if (options_.on_progress) options_.on_progress({.status = status, .facts = {}});
  }

  // False when cancelled; what the step at hand did is forgotten then and done again.
  bool RunSteps() {
    try {
      if (!judged_) {
        Say("judging the model as it is");
        before_ = after_ = method_->Judge();
        judged_ = true;
        Save();
      }
      while (state_.step < n_steps_) {
        if (options_.cancel.cancelled()) {
          Save();
          return false;
        }
        RunStep();
        if (state_.seconds - saved_at_seconds_ >= settings_.checkpoint_minutes * 60) Save();
      }
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCancelled) throw;
      if (judged_) Save();
      return false;
    }
    state_.stage = 1;
    Save();
    const AdapterOrigin origin{manifest_["lineage"].get<std::string>(), DumpJson(manifest_)};
    WriteGgufAdapter(folder_.root / "adapter.gguf", model_.config, layout_, adapter_.data(),
                     origin);
    WritePeftAdapter(folder_.root, model_.config, layout_, adapter_.data(), origin);
    return true;
  }

  void RunStep() {
    const Stopwatch watch;
    const TuneBatch batch = method_->Next(state_.step);
    const auto progress = static_cast<double>(state_.step + 1) / static_cast<double>(n_steps_);
    const Schedule schedule{.peak = settings_.learning_rate, .warmup = 0.05};
    const auto learning_rate = static_cast<float>(LearningRate(schedule, progress));
    last_ = {};
    last_.metrics = batch.facts;
    last_.learning_rate = static_cast<double>(learning_rate);
    int64_t n_tokens = 0;
    for (const PackedTexts& pack : batch.packs) n_tokens += pack.n_tokens();
    if (batch.packs.empty()) Skip("no group of answers has both better and worse ones", false);
    for (int i = 0; i < settings_.updates && !batch.packs.empty(); ++i) Learn(batch, learning_rate);
    ++state_.step;
    state_.tokens += n_tokens;
    position_ = method_->order().Position();
    if (IsJudged(state_.step)) {
      after_ = method_->Judge();
      last_.validation_loss = state_.validation_loss = after_.loss;
      last_.validation_bits_per_byte = after_.bits_per_byte;
      last_.metrics.insert(after_.facts.begin(), after_.facts.end());
    }
    const double seconds = watch.Seconds();
    state_.seconds += seconds;
    Report(static_cast<double>(n_tokens) / seconds);
  }

  bool IsJudged(int64_t step) const {
    return step == n_steps_ || step * kJudgements / n_steps_ != (step - 1) * kJudgements / n_steps_;
  }

  void Learn(const TuneBatch& batch, float learning_rate) {
    const LossSums sums = workers_->LossAndGradient(batch.packs, *batch.loss, gradient_);
    last_.loss = sums.loss;
    last_.gradient_norm = GradientNorm(gradient_);
    if (sums.pairs > 0) {
      last_.metrics["margin"] = sums.margin / sums.pairs;
      last_.metrics["preferred"] = sums.preferred / sums.pairs;
    }
    if (settings_.method == Method::kGrpo) {
      last_.metrics["clipped"] = sums.clipped / sums.tokens;
      if (settings_.kl > 0) last_.metrics["kl"] = sums.divergence / sums.tokens;
    }
    if (!std::isfinite(last_.loss) || !std::isfinite(last_.gradient_norm)) {
      return Skip("the loss or its gradient is not finite", true);
    }
    state_.skipped_in_a_row = 0;
    optimizer_.Step(learning_rate, gradient_, last_.gradient_norm, adapter_.data());
    workers_->SetAdapter(adapter_.data());
  }

  void Skip(const std::string& why, bool failed) {
    ++state_.skipped_steps;
    last_.skipped = true;
    last_.why_skipped = why;
    if (!failed) return;
    spdlog::warn("step {} was skipped: {}", state_.step + 1, why);
    if (++state_.skipped_in_a_row < kMaxFailedInARow) return;
    Fail(ErrorCode::kInternal,
         "tuning came apart at step {}: {} steps in a row could not be applied; {}. Begin again "
         "with a smaller --lr",
         state_.step + 1, state_.skipped_in_a_row, why);
  }

  void Report(double tokens_per_second) {
    last_.step = state_.step;
    last_.stage = MethodName(settings_.method);
    last_.tokens = state_.tokens;
    last_.tokens_per_second = tokens_per_second;
    last_.seconds = state_.seconds;
    AppendLog(folder_.log(), last_);
    if (!options_.on_progress) return;
    TuneProgress progress{.status = "",
                          .step = state_.step,
                          .steps = n_steps_,
                          .loss = last_.loss,
                          .tokens_per_second = tokens_per_second,
                          .facts = last_.metrics};
    progress.seconds_left = state_.seconds / static_cast<double>(state_.step) *
                            static_cast<double>(n_steps_ - state_.step);
    options_.on_progress(progress);
  }

  // The adapter's shape and what it is learned from; a checkpoint of another is refused.
  Json Identity() const {
    return {{"adapter", {{"rank", layout_.rank()}, {"alpha", layout_.alpha()}}},
            {"lineage", manifest_["lineage"]}};
  }

  void Save() {
    state_.optimizer_steps = optimizer_.n_steps();
    state_.lineage = manifest_["lineage"].get<std::string>();
    state_.data_position = {{"order", position_},
                            {"before", JudgementToJson(before_)},
                            {"after", JudgementToJson(after_)}};
    SaveCheckpoint(folder_.checkpoint(), Identity(), state_, adapter_, optimizer_.state());
    saved_at_seconds_ = state_.seconds;
  }

  void Restore(Checkpoint checkpoint) {
    if (checkpoint.model != Identity()) {
      Fail(ErrorCode::kInvalidArgument,
           "the run in {} began with another model, other data or other settings than there are "
           "now; put them back, or begin a new run in another folder",
           folder_.root.string());
    }
    if (checkpoint.weights.size() != adapter_.size() ||
        checkpoint.optimizer.size() != optimizer_.state().size()) {
      Fail(ErrorCode::kCorruptFile, "the checkpoint in {} is of an adapter of another size",
           folder_.root.string());
    }
    state_ = checkpoint.state;
    adapter_ = std::move(checkpoint.weights);
    optimizer_.state() = std::move(checkpoint.optimizer);
    optimizer_.set_n_steps(state_.optimizer_steps);
    try {
      position_ = state_.data_position.at("order");
      method_->order().SetPosition(position_);
      before_ = JudgementFromJson(state_.data_position.at("before"));
      after_ = JudgementFromJson(state_.data_position.at("after"));
    } catch (const Json::exception& error) {
      Fail(ErrorCode::kCorruptFile, "the checkpoint in {} is broken: {}", folder_.root.string(),
           error.what());
    }
    judged_ = true;
    saved_at_seconds_ = state_.seconds;
    workers_->SetAdapter(adapter_.data());
    const std::vector<TrainLogEntry> log = ReadLog(folder_.log());
    TruncateLog(folder_.log(), state_.step);
    for (const TrainLogEntry& entry : log) {
      if (entry.step == state_.step) last_ = entry;
    }
  }

  const TuneOptions& options_;
  RunFolder folder_;
  FrozenModel model_;
  TuneSettings settings_;
  std::shared_ptr<ThreadPool> threads_;
  std::unique_ptr<Tokenizer> tokenizer_;
  ChatTexts chat_;
  AdapterLayout layout_;
  std::unique_ptr<TuneWorkers> workers_;
  AdapterOptimizer optimizer_;
  TrainBuffer<float> adapter_, gradient_;
  Json manifest_;
  std::unique_ptr<TuneMethod> method_;
  Json position_;  // in the data, behind the last whole step
  int64_t n_steps_ = 0;
  TrainState state_;
  TrainLogEntry last_;
  bool judged_ = false;
  TuneJudgement before_, after_;
  double saved_at_seconds_ = 0;
};

}  // namespace

std::string FormatTuneProgress(const TuneProgress& progress) {
  if (!progress.status.empty()) return progress.status;
  std::string line =
      fmt::format("step {} of {}  loss {:.4f}", progress.step, progress.steps, progress.loss);
  for (const auto& [name, value] : progress.facts) line += fmt::format("  {} {:.3f}", name, value);
  return line + fmt::format("  {:.0f} tokens/s  {} left", progress.tokens_per_second,
                            FormatDuration(progress.seconds_left));
}

TuneResult RunTuning(const TuneOptions& options) {
  const RunFolder folder{options.run_dir};
  if (options.resume && !fs::exists(SettingsPath(folder))) {
    Fail(ErrorCode::kNotFound, "{} holds no tuning run to resume", folder.root.string());
  }
  const RunLock lock(folder);
  return Tuner(options, folder, OpenSettings(options, folder)).Run();
}

void ExportAdapter(const fs::path& run_dir, const fs::path& out) {
  const RunFolder folder{run_dir};
  if (!fs::exists(SettingsPath(folder)) || !fs::exists(folder.checkpoint())) {
    Fail(ErrorCode::kNotFound, "{} holds no tuning run with a checkpoint", run_dir.string());
  }
  const TuneSettings settings = SettingsFromJson(ParseJson(ReadFile(SettingsPath(folder))));
  const FrozenModel model = OpenFrozenModel(settings.model);
  const AdapterLayout layout(model, settings.rank, static_cast<float>(settings.alpha));
  const Checkpoint checkpoint = LoadCheckpoint(folder.checkpoint());
  if (static_cast<int64_t>(checkpoint.weights.size()) != layout.size()) {
    Fail(ErrorCode::kCorruptFile, "the checkpoint in {} is not of an adapter of {}",
         run_dir.string(), settings.model.string());
  }
  const AdapterOrigin origin{checkpoint.state.lineage, ReadFile(folder.root / "lineage.json")};
  if (out.extension() == ".gguf") {
    WriteGgufAdapter(out, model.config, layout, checkpoint.weights.data(), origin);
  } else {
    WritePeftAdapter(out, model.config, layout, checkpoint.weights.data(), origin);
  }
}

}  // namespace pioneer::tune
