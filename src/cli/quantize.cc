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
  std::string in, out, type;
  int threads = 0;
  bool json = false;
};

constexpr const char* kTypes = "F32, F16, BF16, Q8_0, Q6_K, Q5_K, Q4_K, Q4_0";

std::string CheckType(const std::string& name) {
  return ParseDType(name) ? "" : fmt::format("unknown type {}; known are {}", name, kTypes);
}

void Print(const QuantizeOptions& options, const QuantizeResult& result) {
  if (options.json) {
    fmt::print("{}\n", DumpJson(Json{{"converted", result.n_converted},
                                     {"copied", result.n_copied},
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
  ProgressLine progress;
  const QuantizeResult result = QuantizeFile(
      FindModel(options.in), options.out, *ParseDType(options.type), pool,
      [&](const QuantizeProgress& p) {
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
                                 "pioneer quantize model-f16.gguf model-q4.gguf Q4_K");
  command->add_option("IN", options->in, "A model's name or GGUF file")->required();
  command->add_option("OUT", options->out, "The file to write")->required();
  command->add_option("TYPE", options->type, kTypes)->required()->check(CheckType);
  command->add_option("--threads", options->threads, "0 = all cores this process may use")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print JSON");
  command->callback([options] { Quantize(*options); });
}

}  // namespace pioneer
