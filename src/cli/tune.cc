// Why: `pioneer tune`: a model learns from examples, preferences or rewards on this machine, and
// what it learned is a small file beside it.
#include <fmt/format.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/model_option.h"
#include "tune/arithmetic_tasks.h"
#include "tune/merge.h"
#include "tune/tuner.h"

namespace pioneer {
namespace {

struct TuneCommandOptions {
  tune::TuneSettings settings;
  std::string model = kBuiltInModel, data, out, adapter, type;
  tune::ArithmeticOptions arithmetic;
  bool resume = false, json = false;
};

Json FactsJson(const tune::TuneJudgement& judgement) {
  Json json = judgement.facts;
  if (json.is_null()) json = Json::object();
  if (judgement.loss >= 0) {
    json["held_out_loss"] = judgement.loss;
    json["held_out_bits_per_byte"] = judgement.bits_per_byte;
  }
  return json;
}

void PrintTuneResult(const TuneCommandOptions& options, const tune::TuneResult& result) {
  const Json before = FactsJson(result.before), after = FactsJson(result.after);
  if (options.json) {
    fmt::print("{}\n", DumpJson(Json{{"finished", result.finished},
                                     {"steps", result.steps},
                                     {"skipped_steps", result.skipped_steps},
                                     {"tokens", result.tokens},
                                     {"trained_parameters", result.n_trained},
                                     {"seconds", result.seconds},
                                     {"loss", result.loss},
                                     {"data", result.description},
                                     {"before", before},
                                     {"after", after},
                                     {"run", options.out}}));
    return;
  }
  fmt::print(
      "{}\n{} after {} steps, {:.2f} M tokens, {}: loss {:.4f}, {:.2f} M parameters trained\n",
      result.description, result.finished ? "Finished" : "Stopped", result.steps,
      static_cast<double>(result.tokens) * 1e-6, FormatDuration(result.seconds), result.loss,
      static_cast<double>(result.n_trained) * 1e-6);
  for (const auto& [name, value] : after.items()) {
    fmt::print("{}: {:.4f} before, {:.4f} now\n", name, before.value(name, 0.0),
               value.get<double>());
  }
  if (result.finished) fmt::print("Wrote {}/adapter.gguf\n", options.out);
}

void RunTune(TuneCommandOptions& options, tune::Method method) {
  const InterruptCancels
      interrupt;  // the first Ctrl+C writes a checkpoint, the second ends at once
  ProgressLine line;
  tune::TuneOptions run;
  if (!options.resume) {
    if (options.data.empty()) Fail(ErrorCode::kInvalidArgument, "name the data: --data FILE.jsonl");
    options.settings.method = method;
    options.settings.model = FindModel(options.model).path;
    options.settings.data = options.data;
    run.settings = options.settings;
  }
  run.run_dir = options.out;
  run.resume = options.resume;
  run.cancel = interrupt.token();
  run.on_progress = [&line](const tune::TuneProgress& p) {
    line.Update(tune::FormatTuneProgress(p));
  };
  const tune::TuneResult result = tune::RunTuning(run);
  PrintTuneResult(options, result);
  if (!result.finished) {
    Fail(ErrorCode::kCancelled,
         "stopped with a checkpoint; go on with: pioneer tune {} --resume --out {}",
         tune::MethodName(method), options.out);
  }
}

void Merge(const TuneCommandOptions& options) {
  const InterruptCancels interrupt;
  tune::MergeOptions merge;
  merge.model = FindModel(options.model).path;
  merge.adapter = options.adapter;
  merge.out = options.out;
  if (!options.type.empty()) {
    const auto preset = FindQuantizePreset(options.type);
    if (!preset) Fail(ErrorCode::kInvalidArgument, "unknown type {}", options.type);
    merge.preset = *preset;
  }
  ThreadPool pool(options.settings.threads);
  ProgressLine line;
  const tune::MergeResult result = tune::MergeAdapter(
      merge, pool, [&line](const std::string& tensor) { line.Update(tensor); }, interrupt.token());
  if (options.json) {
    fmt::print("{}\n", DumpJson(Json{{"changed", result.n_changed}, {"bytes", result.bytes}}));
  } else {
    fmt::print("{}: {} matrices changed, {}\n", options.out, result.n_changed,
               FormatBytes(static_cast<double>(result.bytes)));
  }
}

void AddThreadsOption(CLI::App& command, TuneCommandOptions& options) {
  command.add_option("--threads", options.settings.threads, "0 = all cores this process may use")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
}

// What all methods have.
void AddRunOptions(CLI::App& command, TuneCommandOptions& options, const char* batch) {
  tune::TuneSettings& settings = options.settings;
  AddModelOption(command, options.model);
  command.add_option("--data", options.data, "JSONL (docs/tuning.md)");
  command.add_option("--out", options.out, "The folder of the run: checkpoints, log, adapter")
      ->required();
  command.add_flag("--resume", options.resume, "Go on where the run in --out was left");
  command.add_option("--rank", settings.rank, "Of the adapter's matrices")->capture_default_str();
  command.add_option("--alpha", settings.alpha, "The adapter acts with alpha / rank")
      ->capture_default_str();
  command.add_option("--lr", settings.learning_rate, "The highest; 0 = the method's")
      ->capture_default_str();
  command.add_option("--steps", settings.steps, "0 = what suits method and data")
      ->capture_default_str();
  command.add_option("--batch", settings.batch, batch);
  command.add_option("--context", settings.context, "Tokens; longer texts are left out")
      ->capture_default_str();
  command.add_option("--seed", settings.seed, "Of all that is drawn")->capture_default_str();
  command.add_option("--checkpoint-minutes", settings.checkpoint_minutes, "Between checkpoints")
      ->capture_default_str();
  command
      .add_option_function<std::string>(
          "--precision",
          [&settings](const std::string& name) {
            settings.precision = name == "f32"    ? Precision::kF32
                                 : name == "bf16" ? Precision::kBf16
                                                  : Precision::kAuto;
          },
          "Of products: auto, f32 or bf16")
      ->check(CLI::IsMember({"auto", "f32", "bf16"}));
  AddThreadsOption(command, options);
  command.add_flag("--json", options.json, "Print JSON");
}

void AddSft(CLI::App& tune_command) {
  auto options = std::make_shared<TuneCommandOptions>();
  CLI::App* sft = AddCommand(tune_command, "sft", "Learn the assistant's answers of conversations",
                             "pioneer tune sft --model qwen3-0.6b --data talks.jsonl --out runs/t");
  AddRunOptions(*sft, *options, "Tokens of a step; 0 = 4096");
  sft->callback([options] { RunTune(*options, tune::Method::kSft); });
}

void AddDpo(CLI::App& tune_command) {
  auto options = std::make_shared<TuneCommandOptions>();
  CLI::App* dpo = AddCommand(tune_command, "dpo", "Prefer chosen answers to rejected ones",
                             "pioneer tune dpo --model m.gguf --data pairs.jsonl --out runs/d");
  AddRunOptions(*dpo, *options, "Pairs of a step; 0 = 16");
  dpo->add_option("--beta", options->settings.beta, "The larger, the nearer to the model as it was")
      ->capture_default_str();
  dpo->callback([options] { RunTune(*options, tune::Method::kDpo); });
}

void AddGrpo(CLI::App& tune_command) {
  auto options = std::make_shared<TuneCommandOptions>();
  tune::TuneSettings& settings = options->settings;
  CLI::App* grpo = AddCommand(
      tune_command, "grpo", "Answer more often rightly, where a rule knows what is right",
      "pioneer tune grpo --model m.gguf --data tasks.jsonl --out runs/g --steps 200");
  AddRunOptions(*grpo, *options, "Prompts of a step; 0 = 8");
  grpo->add_option("--group", settings.group, "Answers to each prompt")->capture_default_str();
  grpo->add_option("--max-tokens", settings.max_tokens, "Of an answer")->capture_default_str();
  grpo->add_option("--kl", settings.kl, "Weight of the divergence from the model as it was")
      ->capture_default_str();
  grpo->add_option("--updates", settings.updates, "How often a step learns from its answers")
      ->capture_default_str();
  grpo->callback([options] { RunTune(*options, tune::Method::kGrpo); });
}

void AddMerge(CLI::App& tune_command) {
  auto options = std::make_shared<TuneCommandOptions>();
  CLI::App* merge =
      AddCommand(tune_command, "merge", "Write a model with the adapter inside",
                 "pioneer tune merge --model m.gguf --adapter runs/t/adapter.gguf --out mine.gguf");
  AddModelOption(*merge, options->model);
  merge->add_option("--adapter", options->adapter, "GGUF, or a folder of PEFT's")->required();
  merge->add_option("--out", options->out, "The file to write")->required();
  merge->add_option("--type", options->type,
                    "As of pioneer quantize; without it each matrix keeps its own");
  AddThreadsOption(*merge, *options);
  merge->add_flag("--json", options->json, "Print JSON");
  merge->callback([options] { Merge(*options); });
}

void AddExport(CLI::App& tune_command) {
  auto options = std::make_shared<TuneCommandOptions>();
  CLI::App* command = AddCommand(tune_command, "export", "Write the adapter of a run's checkpoint",
                                 "pioneer tune export --run runs/t --out now.gguf");
  command->add_option("--run", options->adapter, "The folder of the run")->required();
  command->add_option("--out", options->out, "FILE.gguf, or a folder for PEFT's files")->required();
  command->callback([options] {
    tune::ExportAdapter(options->adapter, options->out);
    fmt::print("Wrote {}\n", options->out);
  });
}

void AddArithmetic(CLI::App& tune_command) {
  auto options = std::make_shared<TuneCommandOptions>();
  tune::ArithmeticOptions& tasks = options->arithmetic;
  CLI::App* command = AddCommand(tune_command, "arithmetic",
                                 "Print sums with their answers, to try sft and grpo on",
                                 "pioneer tune arithmetic --count 500 --largest 20 > sums.jsonl");
  command->add_option("--count", tasks.count, "Sums; fewer where there are not so many")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->capture_default_str();
  command->add_option("--largest", tasks.largest, "Number in a sum")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000'000}))
      ->capture_default_str();
  command->add_option("--seed", tasks.seed, "Other sums")->capture_default_str();
  command->callback([options] { fmt::print("{}", tune::ArithmeticTasks(options->arithmetic)); });
}

}  // namespace

void AddTuneCommand(CLI::App& root) {
  CLI::App* command =
      AddCommand(root, "tune", "Tune a model: conversations, preferences, rewards",
                 "pioneer tune sft --model pioneer-small --data talks.jsonl --out runs/talks");
  command->require_subcommand(1);
  AddSft(*command);
  AddDpo(*command);
  AddGrpo(*command);
  AddMerge(*command);
  AddExport(*command);
  AddArithmetic(*command);
}

}  // namespace pioneer
