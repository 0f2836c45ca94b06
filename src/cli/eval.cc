// Why: `pioneer eval`: how good a model is, how sure that is, and whether another one is better.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/usable_cores.h"
#include "cli/command.h"
#include "cli/generator_option.h"
#include "cli/interrupt.h"
#include "cli/model_option.h"
#include "eval/evaluation.h"
#include "eval/report.h"
#include "eval/task_file.h"
#include "model/gguf.h"
#include "serve/openai/remote_generator.h"
#include "tensor/kernels/isa.h"

namespace pioneer {
namespace {

struct EvalOptions {
  std::string model, against, out;
  std::vector<std::string> tasks;
  eval::TaskOptions task;
  EngineFlags engine;
  bool json = false;
};

// A file, or NAME for PioneerHome()/tasks/NAME.jsonl.
fs::path FindTask(const std::string& name) {
  if (fs::exists(name)) return name;
  const fs::path kept = PioneerHome() / "tasks" / (name + ".jsonl");
  if (fs::exists(kept)) return kept;
  Fail(ErrorCode::kNotFound, "there is no task {}: neither that file nor {}", name, kept.string());
}

std::string ProcessorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "a processor without a name";
}

std::string Hardware(int threads) {
  return fmt::format("{}, {} threads, {} kernels", ProcessorName(),
                     threads > 0 ? threads : UsableCores(), IsaName(ActiveIsa()));
}

// What trained or converted a model may say in its file.
std::string Lineage(const fs::path& path) {
  if (path.extension() != ".gguf") return "";
  return GgufFile::Open(path)->String("pioneer.lineage", "");
}

// A model that is judged: one at a time is in memory.
struct Subject {
  std::shared_ptr<Generator> generator;
  eval::ModelFacts facts;
};

// URL[#MODEL] of an API that speaks OpenAI's.
Subject OpenRemote(const std::string& name) {
  const size_t hash = name.find('#');
  const char* const key = std::getenv("OPENAI_API_KEY");
  Subject subject;
  subject.generator = std::make_shared<serve::openai::RemoteGenerator>(serve::openai::RemoteModel{
      name.substr(0, hash), hash == std::string::npos ? "" : name.substr(hash + 1),
      key == nullptr ? "" : key});
  const GeneratorInfo info = subject.generator->info();
  subject.facts.name = info.id;
  subject.facts.description = info.description;
  subject.facts.context_length = info.context_length;
  return subject;
}

Subject OpenSubject(const std::string& name, const EngineFlags& flags) {
  if (name.starts_with("http://") || name.starts_with("https://")) return OpenRemote(name);
  const FoundModel found = FindModel(name);
  Subject subject;
  subject.facts.name = found.id;
  subject.facts.file = found.path.filename().string();
  if (fs::is_regular_file(found.path)) {
    subject.facts.file_bytes = static_cast<int64_t>(fs::file_size(found.path));
    subject.facts.sha256 = eval::HashFile(found.path);
    subject.facts.lineage = Lineage(found.path);
  }
  subject.generator = OpenGenerator(name, flags);
  const GeneratorInfo info = subject.generator->info();
  subject.facts.description = info.description;
  subject.facts.context_length = info.context_length;
  return subject;
}

// What results depend on; a file of results made with another is refused.
Json RunOf(const EvalOptions& options, const eval::ModelFacts& facts, const eval::Task& task) {
  Json adapters = Json::array();
  for (const AdapterFlag& adapter : options.engine.adapters) {
    adapters.push_back(fmt::format("{}@{}", adapter.path.string(), adapter.use.scale));
  }
  return {{"model", facts.name},
          {"model_sha256", facts.sha256},
          {"model_bytes", facts.file_bytes},
          {"context", facts.context_length},
          {"adapters", adapters},
          {"task_sha256", task.sha256},
          {"shots", task.n_shots},
          {"seed", task.n_shots > 0 ? options.task.seed : 0},
          {"program", PIONEER_VERSION}};
}

std::string FileSafe(std::string name) {
  for (char& c : name) {
    if (c == '/' || c == ' ' || c == ':') c = '_';
  }
  return name;
}

std::vector<eval::TaskResult> JudgeAll(const Subject& subject, const EvalOptions& options,
                                       const std::vector<eval::Task>& tasks, const char* side,
                                       const CancelToken& cancel) {
  std::vector<eval::TaskResult> results;
  ProgressLine line;
  for (const eval::Task& task : tasks) {
    eval::EvaluationOptions run;
    run.cancel = cancel;
    run.run = RunOf(options, subject.facts, task);
    if (!options.out.empty()) {
      run.results = fs::path(options.out) / FileSafe(fmt::format("{}-{}.jsonl", side, task.name));
    }
    run.on_progress = [&](const eval::EvaluationProgress& progress) {
      line.Update(fmt::format(
          "{} on {}: {} of {} items{}", subject.facts.name, task.name, progress.n_done,
          progress.n_items,
          progress.seconds_left > 0 ? ", " + FormatDuration(progress.seconds_left) + " left" : ""));
    };
    results.push_back(eval::Evaluate(*subject.generator, task, run));
  }
  return results;
}

std::string ScoreText(const eval::Metric& metric, double value) {
  const bool is_share = metric.aggregation == eval::Aggregation::kMean;
  return is_share ? fmt::format("{:.4f}", value) : fmt::format("{:.5g}", value);
}

std::string ErrorText(const eval::MetricSummary& summary) {
  if (summary.estimate.n < 2) return "-";
  return ScoreText(summary.metric, summary.clustered_error);
}

void PrintTable(const eval::Report& report, const std::vector<eval::TaskSummary>& summaries) {
  const auto row = [](auto&&... cells) {
    fmt::print("{:<24} {:<22} {:>10} {:>10} {:>8}", cells...);
  };
  row("task", "score", report.against ? "A" : "value", "error", "n");
  fmt::print("{}\n", report.against ? fmt::format(" {:>10} {:>10}", "B", "error") : "");
  for (size_t i = 0; i < summaries.size(); ++i) {
    const eval::TaskSummary& summary = summaries[i];
    for (size_t m = 0; m < summary.metrics.size(); ++m) {
      const eval::MetricSummary& metric = summary.metrics[m];
      row(m == 0 ? report.tasks[i].task->name : "", metric.metric.name,
          ScoreText(metric.metric, metric.estimate.value), ErrorText(metric), metric.estimate.n);
      if (!summary.against.empty()) {
        const eval::MetricSummary& other = summary.against[m];
        fmt::print(" {:>10} {:>10}", ScoreText(other.metric, other.estimate.value),
                   ErrorText(other));
      }
      fmt::print("\n");
    }
    if (!summary.comparison) continue;
    fmt::print(
        "  B - A: {} +/- {}. {}\n",
        ScoreText(summary.metrics.front().metric, summary.comparison->difference.value),
        ScoreText(summary.metrics.front().metric, summary.comparison->difference.standard_error),
        eval::Describe(*summary.comparison));
  }
  if (!report.against) return;
  fmt::print("A is {}, B is {}.\n", report.model.name, report.against->name);
}

void WriteReport(const EvalOptions& options, const eval::Report& report,
                 const std::vector<eval::TaskSummary>& summaries) {
  const Json json = eval::ReportJson(report, summaries);
  if (!options.out.empty()) {
    const fs::path folder = options.out;
    WriteFileAtomically(folder / "report.json", DumpJson(json) + "\n");
    WriteFileAtomically(folder / "report.html", eval::ReportHtml(report, summaries));
  }
  if (options.json) {
    fmt::print("{}\n", DumpJson(json));
    return;
  }
  PrintTable(report, summaries);
  if (!options.out.empty()) {
    fmt::print("Report card: {}\n", (fs::path(options.out) / "report.html").string());
  }
}

std::vector<eval::Task> ReadTasks(const EvalOptions& options) {
  std::vector<eval::Task> tasks;
  for (const std::string& name : options.tasks) {
    eval::Task task = eval::ReadTask(FindTask(name), options.task);
    const auto is_same = [&](const eval::Task& other) { return other.name == task.name; };
    if (std::any_of(tasks.begin(), tasks.end(), is_same)) {
      Fail(ErrorCode::kInvalidArgument, "two tasks are named {}; rename one of the files",
           task.name);
    }
    tasks.push_back(std::move(task));
  }
  return tasks;
}

void MakeFolder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) Fail(ErrorCode::kIo, "cannot make the folder {}: {}", path.string(), error.message());
}

// Runs `judge`; who is stopped is told how to go on.
template <typename Judge>
void TellHowToGoOn(const EvalOptions& options, const Judge& judge) {
  try {
    judge();
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kCancelled) throw;
    Fail(ErrorCode::kCancelled, "{}",
         options.out.empty() ? "stopped; with --out what was judged would have been kept"
                             : "stopped; the same command goes on from there");
  }
}

void Eval(const EvalOptions& options) {
  const std::vector<eval::Task> tasks = ReadTasks(options);
  if (!options.out.empty()) MakeFolder(options.out);
  const InterruptCancels interrupt;
  eval::Report report;
  report.program_version = PIONEER_VERSION;
  report.hardware = Hardware(options.engine.threads);
  report.seed = options.task.seed;
  std::vector<eval::TaskResult> first, second;
  TellHowToGoOn(options, [&] {
    const Subject subject = OpenSubject(options.model, options.engine);
    report.model = subject.facts;
    first = JudgeAll(subject, options, tasks, "A", interrupt.token());
  });
  if (!options.against.empty()) {
    TellHowToGoOn(options, [&] {
      const Subject subject = OpenSubject(options.against, options.engine);
      report.against = subject.facts;
      second = JudgeAll(subject, options, tasks, "B", interrupt.token());
    });
  }
  for (size_t i = 0; i < tasks.size(); ++i) {
    report.tasks.push_back({&tasks[i], &first[i], second.empty() ? nullptr : &second[i]});
  }
  report.made_at = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  WriteReport(options, report, eval::SummarizeReport(report));
}

}  // namespace

void AddEvalCommand(CLI::App& root) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App* command =
      AddCommand(root, "eval", "Judge a model by tasks, or compare two",
                 "pioneer eval --model pioneer-small --task hellaswag.jsonl --limit 200 --out card");
  AddModelOption(*command, options->model);
  command
      ->add_option("--against", options->against,
                   "A second model, compared item by item; like the first it may be "
                   "http://HOST:PORT/v1[#MODEL], served elsewhere (key: OPENAI_API_KEY)")
      ->type_name("MODEL");
  command
      ->add_option("--task", options->tasks,
                   "A file of questions (docs/evaluation.md), a text to score, or the name of one "
                   "in the data folder's tasks/; may be repeated")
      ->type_name("FILE|NAME");
  command->add_option("--limit", options->task.limit, "Only the first items; 0 = all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_option("--shots", options->task.n_shots, "Examples before each question")
      ->check(CLI::Range(0, eval::kMaxShots))
      ->capture_default_str();
  command
      ->add_option("--seed", options->task.seed,
                   "Chooses examples, resamples and permutations; answers do not depend on it")
      ->capture_default_str();
  command->add_option("--out", options->out,
                      "A folder for the report card and each item's result; a run that was stopped "
                      "goes on from there");
  command->add_flag("--json", options->json, "Print JSON");
  AddEngineOptions(*command, options->engine);
  AddEvalSearchCommand(*command);
  command->callback([options, command] {
    if (!command->get_subcommands().empty()) return;
    if (options->tasks.empty()) throw CLI::RequiredError("--task");
    Eval(*options);
  });
}

}  // namespace pioneer
