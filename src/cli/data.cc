// Why: `pioneer data`: what a recipe would train on, before any training: what was kept, what was
// dropped, for which reasons, and some of it to look at.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "train/line_reader.h"
#include "train/prepare.h"

namespace pioneer {
namespace {

struct DataCommandOptions {
  std::string recipe, out = "runs/latest";
  int threads = 0;
  bool json = false;
};

constexpr size_t kExampleColumns = 100;

std::string TextBytes(const Json& count) { return FormatBytes(count.at("bytes").get<double>()); }

// "12 near_duplicate, 3 too_short"; "-" when nothing was.
std::string DroppedOf(const Json& source) {
  std::string text;
  for (const auto& [reason, count] : source.at("dropped").items()) {
    const int64_t n = count.at("documents");
    if (n > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", n, reason);
  }
  return text.empty() ? "-" : text;
}

std::string LanguagesOf(const Json& source) {
  std::string text;
  const double kept = std::max(1.0, source.at("train").at("bytes").get<double>() +
                                        source.at("held_out").at("bytes").get<double>());
  for (const auto& [language, count] : source.at("languages").items()) {
    const double share = count.at("bytes").get<double>() / kept;
    if (share >= 0.005)
      text += fmt::format("{}{} {:.0f} %", text.empty() ? "" : ", ", language, share * 100);
  }
  return text.empty() ? "-" : text;
}

void PrintSources(const Json& manifest) {
  fmt::print("{:<24} {:>10} {:>11} {:>10} {:>10} {:>9}  {:<18} {}\n", "source", "documents", "text",
             "kept", "text", "held out", "languages", "dropped");
  for (const Json& source : manifest.at("sources")) {
    const Json& train = source.at("train");
    fmt::print("{:<24} {:>10} {:>11} {:>10} {:>10} {:>9}  {:<18} {}\n",
               source.at("name").get<std::string>(), source.at("in").at("documents").get<int64_t>(),
               TextBytes(source.at("in")), train.at("documents").get<int64_t>(), TextBytes(train),
               source.at("held_out").at("documents").get<int64_t>(), LanguagesOf(source),
               DroppedOf(source));
  }
}

// What a terminal may safely show: one line, no control characters.
std::string OneLine(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const bool control = static_cast<uint8_t>(c) < 0x20 || c == 0x7F;
    if (!control || !line.ends_with(' ')) line += control ? ' ' : c;
  }
  if (line.size() <= kExampleColumns) return line;
  return line.substr(0, CompleteUtf8Prefix(std::string_view(line).substr(0, kExampleColumns))) +
         "...";
}

void PrintExamples(const fs::path& path) {
  LineReader reader(path);
  bool first = true;
  for (std::string line; reader.Next(line);) {
    const Json example = ParseJson(line);
    if (first) fmt::print("\nSome of what was dropped ({}):\n", path.string());
    first = false;
    fmt::print("  {:<16} {}\n    {}\n", example.at("reason").get<std::string>(),
               OneLine(example.at("source").get<std::string>() + " " +
                       example.at("file").get<std::string>()),
               OneLine(example.at("text").get<std::string>()));
  }
}

int64_t TokensOf(const Json& manifest, const char* part) {
  int64_t tokens = 0;
  for (const Json& shard : manifest.at("shards")) {
    if (shard.at("part") == part) tokens += shard.at("tokens").get<int64_t>();
  }
  return tokens;
}

void PrepareWithProgress(const TrainRecipe& recipe, const RunFolder& folder, int n_threads) {
  const InterruptCancels interrupt;
  ThreadPool pool(n_threads > 0 ? n_threads : recipe.threads);
  ProgressLine line;
  PrepareData(recipe, folder,
              {pool, interrupt.token(), [&](const std::string& status) { line.Update(status); }});
}

void RunData(const DataCommandOptions& options) {
  const TrainRecipe recipe = LoadRecipe(options.recipe);
  const RunFolder folder{options.out};
  fs::create_directories(folder.root);
  PrepareWithProgress(recipe, folder, options.threads);
  const DataFolder data(folder);
  const Json manifest = ParseJson(ReadFile(data.manifest()));
  if (options.json) {
    fmt::print("{}\n", DumpJson(manifest));
    return;
  }
  PrintSources(manifest);
  PrintExamples(data.examples());
  fmt::print("\n{:.1f} M tokens to train on, {:.2f} M held out\n",
             static_cast<double>(TokensOf(manifest, "train")) * 1e-6,
             static_cast<double>(TokensOf(manifest, "held_out")) * 1e-6);
  fmt::print("text      {}\nmanifest  {}\nlineage   {}\n", data.clean().string(),
             data.manifest().string(), manifest.at("lineage").get<std::string>());
}

}  // namespace

void AddDataCommand(CLI::App& root) {
  auto options = std::make_shared<DataCommandOptions>();
  CLI::App* command =
      AddCommand(root, "data", "Clean and tokenize a recipe's sources, and show what was dropped",
                 "pioneer data my-recipe.toml --out runs/mine");
  command->add_option("RECIPE", options->recipe, "The recipe (docs/data.md)")->required();
  command
      ->add_option("--out", options->out, "The folder of the run; pioneer train --run uses it too")
      ->capture_default_str();
  command->add_option("--threads", options->threads, "0 = all usable cores")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--json", options->json, "Print the manifest");
  command->callback([options] { RunData(*options); });
}

}  // namespace pioneer
