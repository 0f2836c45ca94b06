// Why: `pioneer train`: from text to a model file, to be left alone for hours and stopped at will.
#include <fmt/format.h>

#include <csignal>
#include <memory>
#include <optional>

#include "base/cancel.h"
#include "base/error.h"
#include "base/progress.h"
#include "cli/command.h"
#include "train/trainer.h"

namespace pioneer {
namespace {

struct TrainCommandOptions {
  TrainOptions train;
  std::string export_path, type = "Q8_0", curve;
  bool export_only = false;
};

// The first Ctrl+C asks for a checkpoint and an orderly end, the second ends at once.
CancelToken* signal_target = nullptr;
void OnStopSignal(int signal) {
  signal_target->Cancel();
  std::signal(signal, SIG_DFL);
}

void Run(TrainCommandOptions& options) {
  signal_target = &options.train.cancel;
  std::signal(SIGINT, OnStopSignal);
  std::signal(SIGTERM, OnStopSignal);
  ProgressLine line;
  options.train.on_progress = [&line](const TrainProgress& p) { line.Update(FormatProgress(p)); };
  const TrainResult result = RunTraining(options.train);
  fmt::print("{} after {} steps, {:.1f} M tokens, {}: loss {:.4f}",
             result.finished ? "Finished" : "Stopped", result.steps,
             static_cast<double>(result.tokens) * 1e-6, FormatDuration(result.seconds),
             result.loss);
  if (result.validation_loss >= 0) fmt::print(", validation {:.4f}", result.validation_loss);
  fmt::print("\n");
  if (!result.finished) {
    Fail(ErrorCode::kCancelled,
         "stopped with a checkpoint; go on with: pioneer train --resume --run {}",
         options.train.run_dir.string());
  }
}

void Train(TrainCommandOptions& options) {
  const std::optional<DType> dtype = ParseDType(options.type);
  if (!dtype) Fail(ErrorCode::kInvalidArgument, "unknown type {}", options.type);
  if (!options.export_only) {
    if (!options.train.resume && options.train.recipe.empty()) {
      Fail(ErrorCode::kInvalidArgument,
           "name a recipe, or a run to go on with: --resume --run DIR");
    }
    Run(options);
  }
  if (!options.export_path.empty()) {
    ExportGguf(options.train.run_dir, options.export_path, *dtype);
    fmt::print("Wrote {}\n", options.export_path);
  }
  if (!options.curve.empty()) {
    WriteLossCurve(options.train.run_dir, options.curve);
    fmt::print("Wrote {}\n", options.curve);
  }
}

}  // namespace

void AddTrainCommand(CLI::App& root) {
  auto options = std::make_shared<TrainCommandOptions>();
  options->train.run_dir = "runs/latest";
  CLI::App* command = AddCommand(
      root, "train", "Train a model from text",
      "pioneer train recipes/pioneer-mini/recipe.json --run runs/mini --export mini.gguf");
  command->add_option("RECIPE", options->train.recipe, "The recipe (docs/training.md)");
  command->add_option("--run", options->train.run_dir, "The folder of the run: checkpoints, log")
      ->capture_default_str();
  command->add_flag("--resume", options->train.resume, "Go on from the run's checkpoint");
  command->add_flag("--export-only", options->export_only,
                    "Do not train: export what the run has so far");
  command->add_option("--export", options->export_path, "Write the model as GGUF when it is done");
  command->add_option("--type", options->type, "Of the exported weights")->capture_default_str();
  command->add_option("--curve", options->curve, "Draw the loss into this SVG file");
  command->callback([options] { Train(*options); });
}

}  // namespace pioneer
