#include "cli/models_get.h"

#include <fmt/format.h>

#include <memory>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "cli/interrupt.h"
#include "cli/model_option.h"
#include "model/hub/pull.h"
#include "model/huggingface/import.h"

namespace pioneer {
namespace {

std::string Size(int64_t bytes) { return FormatBytes(static_cast<double>(bytes)); }

// "qwen-Q4_K_M.gguf  1.2 GiB of 2.3 GiB, 11 MiB/s, 1 min 40 s left".
std::string Describe(const PullProgress& progress, double seconds) {
  std::string text =
      progress.n_files > 1 ? fmt::format("{}/{} ", progress.file_number, progress.n_files) : "";
  text += fmt::format("{}  {} of {}", progress.file, Size(progress.bytes_done),
                      Size(progress.bytes_total));
  const double rate = static_cast<double>(progress.bytes_received) / std::max(seconds, 0.1);
  if (progress.bytes_received == 0 || seconds < 0.5) return text;
  const double left = static_cast<double>(progress.bytes_total - progress.bytes_done) / rate;
  return text + fmt::format(", {}/s, {} left", FormatBytes(rate), FormatDuration(left));
}

ModelReference WantedModel(const std::string& name) {
  const auto entry = FindInCatalogue(KnownCatalogue(), name);
  const auto reference = ParseModelReference(entry ? entry->model : name);
  if (reference) return *reference;
  Fail(ErrorCode::kInvalidArgument,
       "\"{}\" is neither a name of the catalogue (pioneer models catalogue) nor OWNER/REPO or "
       "OWNER/REPO:TYPE",
       name);
}

void Pull(const std::string& name, bool json) {
  const InterruptCancels interrupt;
  PullOptions options;
  options.client.settings = HubSettings::FromEnvironment();
  options.client.cancel = interrupt.token();
  PulledModel model;
  {
    ProgressLine line;
    const Stopwatch stopwatch;
    options.on_progress = [&](const PullProgress& progress) {
      line.Update(Describe(progress, stopwatch.Seconds()));
    };
    model = PullModel(WantedModel(name), options);
  }
  if (json) {
    fmt::print("{}\n", DumpJson(Json{{"id", model.id},
                                     {"path", model.path.string()},
                                     {"bytes", model.bytes},
                                     {"was_there", model.was_there}}));
    return;
  }
  fmt::print("{} ({}) {}.\n", model.id, Size(model.bytes),
             model.was_there ? "was here already" : "is here now");
  fmt::print("  pioneer chat --model {}\n", model.id);
}

struct ImportOptions {
  std::string folder, out, type;
  int threads = 0;
};

void Import(const ImportOptions& options) {
  const FoundModel found = FindModel(options.folder);
  const std::optional<QuantizePreset> type = FindQuantizePreset(options.type);
  if (!options.type.empty() && !type) {
    Fail(ErrorCode::kInvalidArgument, "unknown type {}", options.type);
  }
  fs::path out = options.out;
  if (out.empty()) {
    const fs::path folder = PioneerHome() / "models";
    fs::create_directories(folder);
    std::string name = found.id.substr(found.id.rfind('/') + 1);
    if (type) name += fmt::format("-{}", type->name);
    out = folder / (name + ".gguf");
  }
  const InterruptCancels interrupt;
  ThreadPool pool(options.threads);
  {
    ProgressLine line;
    ImportModel(
        found.path, out, type, pool,
        [&](const ImportProgress& progress) {
          line.Update(fmt::format("{}: {} of {}", progress.step,
                                  Size(static_cast<int64_t>(progress.bytes_done)),
                                  Size(static_cast<int64_t>(progress.bytes_total))));
        },
        interrupt.token());
  }
  fmt::print("{} ({})\n", out.string(), Size(static_cast<int64_t>(fs::file_size(out))));
}

void PrintCatalogue(bool json) {
  Json rows = Json::array();
  for (const CatalogueEntry& entry : KnownCatalogue()) {
    if (json) {
      rows.push_back({{"name", entry.name},
                      {"model", entry.model},
                      {"bytes", entry.bytes},
                      {"license", entry.license},
                      {"purpose", entry.purpose}});
    } else {
      fmt::print("{:<22} {:>9}  {:<10}  {}\n", entry.name, Size(entry.bytes), entry.license,
                 entry.purpose);
    }
  }
  if (json) fmt::print("{}\n", DumpJson(rows));
}

}  // namespace

void AddModelsPull(CLI::App& models) {
  CLI::App* command = models.add_subcommand("pull", "Download a model from Hugging Face");
  auto name = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);
  command
      ->add_option("NAME", *name,
                   "OWNER/REPO, OWNER/REPO:TYPE, or a short name (pioneer models catalogue)")
      ->required();
  command->add_flag("--json", *json, "Print JSON");
  command->footer(
      "HF_TOKEN is the token for private and gated models, HF_HOME the place of the cache,\n"
      "HF_ENDPOINT another server. Ctrl+C stops; the same command goes on from there.\n"
      "Example:\n  pioneer models pull qwen3-0.6b\n"
      "  pioneer models pull ggml-org/SmolLM3-3B-GGUF:Q8_0");
  command->callback([name, json] { Pull(*name, *json); });
}

void AddModelsImport(CLI::App& models) {
  CLI::App* command =
      models.add_subcommand("import", "Make a GGUF file of a folder of safetensors");
  auto options = std::make_shared<ImportOptions>();
  command->add_option("MODEL", options->folder, "The folder, or its name (pioneer models list)")
      ->required();
  command->add_option("--out", options->out, "The file to write [the models' folder]");
  command->add_option("--type", options->type, "Of the weights, as in pioneer quantize [theirs]");
  command->add_option("--threads", options->threads, "0 = all cores this process may use")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->footer("Example:\n  pioneer models import ./Qwen3-0.6B --type Q8_0");
  command->callback([options] { Import(*options); });
}

void AddModelsCatalogue(CLI::App& models) {
  CLI::App* command = models.add_subcommand("catalogue", "Models with a short name");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print JSON");
  command->callback([json] { PrintCatalogue(*json); });
}

}  // namespace pioneer
