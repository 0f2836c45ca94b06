#include "lab/run_summary.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <system_error>

#include "base/error.h"
#include "lab/run_log.h"
#include "lab/run_process.h"
#include "train/checkpoint.h"

namespace pioneer::lab {
namespace {

constexpr size_t kOutputBytes = 4096;

int64_t ChangedMs(const fs::path& path) {
  std::error_code error;
  const auto time = fs::last_write_time(path, error);
  if (error) return 0;
  const auto system = std::chrono::file_clock::to_sys(time).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(system).count();
}

// Nullopt when it is missing, not a plain file, too large, or no JSON.
std::optional<Json> ReadJsonFile(const fs::path& path, size_t max_bytes) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  try {
    return ParseJson(ReadFile(path, max_bytes));
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<TrainRecipe> ReadTrainRecipe(const RunFolder& folder) {
  const auto json = ReadJsonFile(folder.recipe(), kMaxRecipeBytes);
  if (!json) return std::nullopt;
  try {
    return ParseRecipe(*json, folder.root);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<TrainState> ReadCheckpointState(const RunFolder& folder) {
  std::error_code error;
  if (!fs::is_regular_file(folder.checkpoint(), error)) return std::nullopt;
  try {
    return LoadCheckpointState(folder.checkpoint());
  } catch (const Error&) {
    return std::nullopt;
  }
}

// What all stages will read; -1 when one is limited by time.
double PlannedTokens(const TrainRecipe& recipe) {
  double tokens = 0;
  for (const StageRecipe& stage : recipe.stages) {
    const int64_t context =
        std::max<int64_t>(1, stage.context > 0 ? stage.context : recipe.model.context);
    const int64_t batch = std::max<int64_t>(1, stage.batch_tokens / context) * context;
    if (stage.minutes > 0) return -1;
    tokens += stage.tokens > 0 ? static_cast<double>(stage.tokens)
                               : static_cast<double>(stage.steps) * static_cast<double>(batch);
  }
  return tokens;
}

double PlannedSeconds(const TrainRecipe& recipe) {
  double seconds = 0;
  for (const StageRecipe& stage : recipe.stages) {
    if (stage.minutes <= 0) return -1;
    seconds += stage.minutes * 60;
  }
  return seconds;
}

double ShareDone(const TrainRecipe& recipe, const RunSummary& run) {
  const double tokens = PlannedTokens(recipe), seconds = PlannedSeconds(recipe);
  double share = -1;
  if (tokens > 0) share = static_cast<double>(run.tokens) / tokens;
  if (seconds > 0) share = run.seconds / seconds;
  return std::min(share, 1.0);
}

std::string DescribeRecipe(const TrainRecipe& recipe) {
  const double tokens = PlannedTokens(recipe), seconds = PlannedSeconds(recipe);
  std::string text = fmt::format("{} x {}", recipe.model.n_layers, recipe.model.d_model);
  if (tokens > 0) text += fmt::format(", {:.4g} M tokens", tokens * 1e-6);
  if (seconds > 0) text += fmt::format(", {:.4g} min", seconds / 60);
  return text;
}

// The last line that is not blank. A program's complaint begins with its name.
std::string LastLine(const std::string& text) {
  const size_t end = text.find_last_not_of("\r\n ");
  if (end == std::string::npos) return "";
  const size_t begin = text.find_last_of("\r\n", end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

std::string Complaint(const RunFolder& folder) {
  constexpr std::string_view kPrefix = "pioneer: ";
  const std::string line = LastLine(ReadRunOutput(folder));
  if (!line.starts_with(kPrefix)) return "";
  const std::string said = line.substr(kPrefix.size());
  return said.starts_with("stopped") ? "" : said;
}

void TakeGlance(const LogGlance& glance, RunSummary& run) {
  run.losses = glance.losses;
  run.validation_loss = glance.validation_loss;
  run.validation_bits_per_byte = glance.validation_bits_per_byte;
  if (!glance.last) return;
  run.stage = glance.last->stage;
  run.step = glance.last->step;
  run.tokens = glance.last->tokens;
  run.seconds = glance.last->seconds;
  if (std::isfinite(glance.last->loss)) run.loss = glance.last->loss;
  run.tokens_per_second = glance.last->tokens_per_second;
}

// How a run that nobody trains has ended.
RunState EndState(const RunFolder& folder, const std::optional<TrainRecipe>& recipe,
                  RunSummary& run) {
  const auto saved = ReadCheckpointState(folder);
  const bool all_stages = saved && recipe && !recipe->stages.empty() &&
                          saved->stage >= static_cast<int64_t>(recipe->stages.size());
  if (all_stages) return RunState::kFinished;
  const int64_t saved_step = saved ? saved->step : 0;
  const std::string complaint = Complaint(folder);
  if (run.step <= saved_step && (saved || complaint.empty()) && recipe) return RunState::kStopped;
  run.note = complaint;
  if (run.note.empty()) {
    run.note = recipe ? fmt::format("It ended without saving the {} steps after step {}.",
                                    run.step - saved_step, saved_step)
                      : "It ended before it had begun.";
  }
  return RunState::kFailed;
}

Json SourceSummary(const Json& source) {
  Json summary;
  for (const char* key :
       {"name", "package_version", "in", "dropped", "languages", "train", "held_out"}) {
    if (source.contains(key)) summary[key] = source[key];
  }
  const auto files = source.find("files");
  summary["n_files"] = files != source.end() && files->is_array() ? files->size() : 0;
  return summary;
}

Json CountTokens(const Json& manifest) {
  int64_t train = 0, held_out = 0;
  const auto shards = manifest.find("shards");
  if (shards == manifest.end() || !shards->is_array()) return nullptr;
  for (const Json& shard : *shards) {
    const auto tokens = shard.is_object() ? shard.find("tokens") : shard.end();
    if (!shard.is_object() || tokens == shard.end() || !tokens->is_number_integer()) continue;
    const auto part = shard.find("part");
    const bool is_held_out = part != shard.end() && *part == "held_out";
    (is_held_out ? held_out : train) += tokens->get<int64_t>();
  }
  return {{"train", train}, {"held_out", held_out}};
}

}  // namespace

const char* RunStateName(RunState state) {
  switch (state) {
    case RunState::kRunning:
      return "running";
    case RunState::kStopped:
      return "stopped";
    case RunState::kFinished:
      return "finished";
    case RunState::kFailed:
      return "failed";
  }
  return "failed";
}

fs::path OutputPath(const RunFolder& folder) { return folder.root / "output.txt"; }

bool IsRun(const RunFolder& folder) {
  std::error_code error;
  return fs::is_regular_file(folder.recipe(), error) ||
         fs::is_regular_file(OutputPath(folder), error);
}

RunSummary Summarize(const RunFolder& folder) {
  RunSummary run;
  run.name = folder.root.filename().string();
  run.started_ms = ChangedMs(folder.recipe());
  run.changed_ms = std::max(ChangedMs(folder.log()), run.started_ms);
  const auto holder = RunHolder(folder);  // asked first: what it wrote is there when it has ended
  const auto recipe = ReadTrainRecipe(folder);
  TakeGlance(GlanceAtLog(folder.log(), kGlanceLosses), run);
  if (recipe) {
    run.share = ShareDone(*recipe, run);
    run.recipe = DescribeRecipe(*recipe);
  }
  if (!holder) {
    run.state = EndState(folder, recipe, run);
    if (run.state == RunState::kFinished) run.share = 1;
    return run;
  }
  run.state = RunState::kRunning;
  run.stopping = *holder > 0 && !WouldStopInOrder(*holder);
  if (run.step == 0) run.note = LastLine(ReadRunOutput(folder));
  return run;
}

Json ReadRunRecipe(const RunFolder& folder) {
  return ReadJsonFile(folder.recipe(), kMaxRecipeBytes).value_or(Json());
}

Json ReadRunData(const RunFolder& folder) {
  const auto manifest = ReadJsonFile(folder.manifest(), kMaxManifestBytes);
  if (!manifest || !manifest->is_object()) return nullptr;
  Json summary = {{"tokens", CountTokens(*manifest)}, {"sources", Json::array()}};
  for (const char* key : {"lineage", "program", "origin"}) {
    if (manifest->contains(key)) summary[key] = (*manifest)[key];
  }
  const auto sources = manifest->find("sources");
  if (sources == manifest->end() || !sources->is_array()) return summary;
  for (const Json& source : *sources) {
    if (source.is_object()) summary["sources"].push_back(SourceSummary(source));
  }
  return summary;
}

std::string ReadRunOutput(const RunFolder& folder) {
  const LogFile file(OutputPath(folder));
  const int64_t begin = std::max<int64_t>(0, file.size() - static_cast<int64_t>(kOutputBytes));
  return file.ReadAt(begin, kOutputBytes);
}

}  // namespace pioneer::lab
