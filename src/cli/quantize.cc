// Why: `pioneer quantize`: a smaller copy of a model file.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/model_option.h"
#include "model/quantize_file.h"

namespace pioneer {
namespace {

struct QuantizeOptions {
  std::string in, out, type, imatrix;
  int threads = 0;
  bool pure = false, json = false;
};

std::string Names() {
  std::string names;
  for (const QuantizePreset& preset : QuantizePresets()) {
    names += names.empty() ? "" : ", ";
    names += preset.name;
  }
  return names;
}

std::string CheckType(const std::string& name) {
  return FindQuantizePreset(name) ? ""
                                  : fmt::format("unknown type {}; known are {}", name, Names());
}

void Print(const QuantizeOptions& options, const QuantizeResult& result) {
  if (options.json) {
    fmt::print("{}\n", DumpJson(Json{{"converted", result.n_converted},
                                     {"copied", result.n_copied},
                                     {"weighted", result.n_weighted},
                                     {"bytes_in", result.bytes_in},
                                     {"bytes_out", result.bytes_out},
                                     {"notes", result.fallbacks}}));
    return;
  }
  for (const std::string& note : result.fallbacks) fmt::print("{}\n", note);
  fmt::print("{}: {} tensors converted, {} kept, {} -> {}\n", options.out, result.n_converted,
             result.n_copied, FormatBytes(static_cast<double>(result.bytes_in)),
             FormatBytes(static_cast<double>(result.bytes_out)));
}

void Quantize(const QuantizeOptions& options) {
  ThreadPool pool(options.threads);
  std::optional<ImportanceMatrix> importance;
  if (!options.imatrix.empty()) importance = ImportanceMatrix::Read(options.imatrix);
  const QuantizePlan plan{*FindQuantizePreset(options.type), options.pure,
                          importance ? &*importance : nullptr};
  ProgressLine progress;
  const QuantizeResult result = QuantizeFile(
      FindModel(options.in).path, options.out, plan, pool, [&](const QuantizeProgress& p) {
        progress.Update(fmt::format("{:3.0f} %  {}",
                                    100.0 * static_cast<double>(p.bytes_done) /
                                        static_cast<double>(std::max<int64_t>(p.bytes_total, 1)),
                                    p.tensor));
      });
  Print(options, result);
}

}  // namespace

void AddQuantizeCommand(CLI::App& root) {
  auto options = std::make_shared<QuantizeOptions>();
  CLI::App* command = AddCommand(root, "quantize", "Convert a model's weights to another type",
                                 "pioneer quantize model-f16.gguf model-q4.gguf Q4_K_M");
  command->add_option("IN", options->in, "A model's name or GGUF file")->required();
  command->add_option("OUT", options->out, "The file to write")->required();
  command->add_option("TYPE", options->type, "One of " + Names())->required()->check(CheckType);
  command->add_option(
      "--imatrix", options->imatrix,
      "Importance matrix of the model's inputs (llama.cpp's GGUF or .dat): errors go "
      "where they matter least");
  command->add_flag("--pure", options->pure, "One type for every matrix instead of the usual mix");
  command->add_option("--threads", options->threads, "0 = all cores this process may use")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options] { Quantize(*options); });
}

}  // namespace pioneer
