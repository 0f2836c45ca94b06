// Why: `pioneer train`: from text to a model file, to be left alone for hours and stopped at will.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "train/dial.h"
#include "train/plan.h"
#include "train/run_folder.h"
#include "train/trainer.h"

namespace pioneer {
namespace {

struct TrainCommandOptions {
  std::vector<std::string> inputs;  // a recipe, or texts when depth is set
  int64_t depth = 0;
  int processes = 1;
  std::string run_dir = "runs/latest", branch;
  bool resume = false, export_only = false, json = false;
  std::string export_path, type = "Q8_0", curve;
};

// Null when nothing was named.
std::optional<TrainRecipe> NamedRecipe(const TrainCommandOptions& options) {
  if (options.depth > 0) {
    const std::vector<fs::path> data(options.inputs.begin(), options.inputs.end());
    return ParseRecipe(DialRecipe(options.depth, data), fs::current_path());
  }
  if (options.inputs.empty()) return std::nullopt;
  if (options.inputs.size() > 1) {
    Fail(ErrorCode::kInvalidArgument, "one recipe at a time; to train on texts, add --depth N");
  }
  const fs::path origin = RunFolder{options.branch}.recipe();
  if (options.branch.empty() || !fs::exists(origin)) return LoadRecipe(options.inputs[0]);
  const TrainRecipe branched = LoadRecipe(origin);
  return LoadRecipe(options.inputs[0], &branched);
}

// Returns whether this process reports: all but one of those that mpirun started keep quiet.
bool RunToTheEnd(const TrainCommandOptions& options) {
  const InterruptCancels
      interrupt;  // the first Ctrl+C writes a checkpoint, the second ends at once
  ProgressLine line;
  TrainOptions train;
  if (!options.resume) train.recipe = NamedRecipe(options);
  train.run_dir = options.run_dir;
  train.resume = options.resume;
  train.branch = options.branch;
  train.cancel = interrupt.token();
  train.on_progress = [&line](const TrainProgress& p) { line.Update(FormatProgress(p)); };
  if (!train.recipe && !train.resume && train.branch.empty()) {
    Fail(ErrorCode::kInvalidArgument,
         "name a recipe, or texts and --depth N, or a run to go on with: --resume --run DIR");
  }
  const TrainResult result = RunTraining(train);
  if (result.rank > 0) return false;
  fmt::print("{} after {} steps, {:.1f} M tokens, {}: loss {:.4f}",
             result.finished ? "Finished" : "Stopped", result.steps,
             static_cast<double>(result.tokens) * 1e-6, FormatDuration(result.seconds),
             result.loss);
  if (result.validation_loss >= 0) fmt::print(", validation {:.4f}", result.validation_loss);
  if (result.validation_bits_per_byte >= 0) {
    fmt::print(" ({:.3f} bits a byte)", result.validation_bits_per_byte);
  }
  if (result.skipped_steps > 0) fmt::print(", {} steps skipped", result.skipped_steps);
  fmt::print("\n");
  if (!result.finished) {
    Fail(ErrorCode::kCancelled,
         "stopped with a checkpoint; go on with: pioneer train --resume --run {}", options.run_dir);
  }
  return true;
}

void Train(const TrainCommandOptions& options) {
  const std::optional<DType> dtype = ParseDType(options.type);
  if (!dtype) Fail(ErrorCode::kInvalidArgument, "unknown type {}", options.type);
  if (!options.export_only && !RunToTheEnd(options)) return;
  if (!options.export_path.empty()) {
    ExportGguf(options.run_dir, options.export_path, *dtype);
    fmt::print("Wrote {}\n", options.export_path);
  }
  if (!options.curve.empty()) {
    WriteLossCurve(options.run_dir, options.curve);
    fmt::print("Wrote {}\n", options.curve);
  }
}

Json PlanJson(const TrainPlan& plan) {
  return {{"parameters", plan.n_parameters},
          {"layers", plan.shape.n_layers},
          {"width", plan.shape.d_model},
          {"vocabulary", plan.shape.vocab_size},
          {"tokens", plan.tokens},
          {"steps", plan.steps},
          {"precision", plan.bf16 ? "bf16" : "f32"},
          {"processes", plan.processes},
          {"threads", plan.threads},
          {"recomputes", plan.recomputes},
          {"memory_bytes",
           {{"weights", plan.weight_bytes},
            {"gradients", plan.gradient_bytes},
            {"optimizer", plan.optimizer_bytes},
            {"activations", plan.activation_bytes}}},
          {"tokens_per_second", plan.tokens_per_second},
          {"flops_per_token", plan.flops_per_token},
          {"flops_per_second", plan.flops_per_second},
          {"seconds", plan.seconds},
          {"bits_per_byte", {plan.bits_per_byte_low, plan.bits_per_byte_high}}};
}

void PrintPlan(const TrainPlan& plan) {
  fmt::print("model       {:.1f} M parameters: {} layers, width {}, vocabulary {}\n",
             static_cast<double>(plan.n_parameters) * 1e-6, plan.shape.n_layers, plan.shape.d_model,
             plan.shape.vocab_size);
  fmt::print("text        {:.1f} M tokens in {} steps\n", static_cast<double>(plan.tokens) * 1e-6,
             plan.steps);
  fmt::print("memory      {}{}: weights {}, gradients {}, optimizer {}, activations {}{}\n",
             FormatBytes(static_cast<double>(plan.memory_bytes())),
             plan.processes > 1 ? fmt::format(" in each of {} processes", plan.processes) : "",
             FormatBytes(static_cast<double>(plan.weight_bytes)),
             FormatBytes(static_cast<double>(plan.gradient_bytes)),
             FormatBytes(static_cast<double>(plan.optimizer_bytes)),
             FormatBytes(static_cast<double>(plan.activation_bytes)),
             plan.recomputes ? " (layers are computed twice)" : "");
  fmt::print("speed       {:.0f} tokens/s, {:.2f} TFLOP/s, measured now: {} threads, {}\n",
             plan.tokens_per_second, plan.flops_per_second * 1e-12, plan.threads,
             plan.bf16 ? "bfloat16 products" : "float32 products");
  fmt::print("time        {}\n", FormatDuration(plan.seconds));
  fmt::print("expected    {:.2f} to {:.2f} bits a byte on text like English web pages\n",
             plan.bits_per_byte_low, plan.bits_per_byte_high);
}

void Plan(const TrainCommandOptions& options) {
  const InterruptCancels interrupt;
  const std::optional<TrainRecipe> recipe = NamedRecipe(options);
  if (!recipe) Fail(ErrorCode::kInvalidArgument, "name a recipe, or texts and --depth N");
  const TrainPlan plan = PlanTraining(*recipe, interrupt.token(), options.processes);
  if (options.json) {
    fmt::print("{}\n", DumpJson(PlanJson(plan)));
  } else {
    PrintPlan(plan);
  }
}

void AddInputs(CLI::App& command, TrainCommandOptions& options) {
  command.add_option("RECIPE|DATA", options.inputs,
                     "The recipe (docs/training.md); with --depth, the texts to train on");
  command
      .add_option("--depth", options.depth, "Layers; everything else follows (docs/training.md)")
      ->check(CLI::Range(int64_t{1}, kMaxDepth));
}

}  // namespace

void AddTrainCommand(CLI::App& root) {
  auto options = std::make_shared<TrainCommandOptions>();
  CLI::App* command = AddCommand(
      root, "train", "Train a model from text",
      "pioneer train my-recipe.toml --run runs/mine --export mine.gguf\n"
      "  mpirun -n 2 pioneer train recipe.toml --run runs/two");
  AddInputs(*command, *options);
  command->add_option("--run", options->run_dir, "The folder of the run: checkpoints, log")
      ->capture_default_str();
  CLI::Option* resume =
      command->add_flag("--resume", options->resume, "Go on where the run was left");
  command->add_option("--branch", options->branch, "Start a new run from this run's checkpoint")
      ->excludes(resume);
  command->add_flag("--export-only", options->export_only,
                    "Do not train: export what the run has so far");
  command->add_option("--export", options->export_path, "Write the model as GGUF when it is done");
  command->add_option("--type", options->type, "Of the exported weights")->capture_default_str();
  command->add_option("--curve", options->curve, "Draw the loss into this SVG file");

  CLI::App* plan = AddCommand(*command, "plan", "What a run will take and give, before it begins",
                              "pioneer train plan --depth 8 books.txt");
  AddInputs(*plan, *options);
  plan->add_flag("--json", options->json, "One JSON object");
  plan->add_option("--processes", options->processes, "That mpirun will start: memory of each")
      ->check(CLI::Range(1, 1024));
  plan->callback([options] { Plan(*options); });
  command->callback([options, plan] {
    if (!plan->parsed()) Train(*options);
  });
}

}  // namespace pioneer
