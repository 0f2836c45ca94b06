// Why: `pioneer imatrix`: what matters in a model's weights, learnt from a text, for `pioneer
// quantize --imatrix`.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/model_option.h"
#include "cli/window_options.h"
#include "model/imatrix_recorder.h"

namespace pioneer {
namespace {

struct ImatrixOptions : WindowOptions {
  std::string output = "imatrix.gguf";
};

void Print(const ImatrixOptions& options, const ImatrixRecorder& recorder, size_t n_tokens,
           int n_windows) {
  if (options.json) {
    fmt::print("{}\n", DumpJson(Json{{"output", options.output},
                                     {"tensors", recorder.n_tensors()},
                                     {"unseen_experts", recorder.n_unseen_matrices()},
                                     {"tokens", n_tokens},
                                     {"windows", n_windows},
                                     {"context", options.context}}));
    return;
  }
  fmt::print("{}: {} tensors, from {} tokens in {} windows\n", options.output, recorder.n_tensors(),
             n_tokens, n_windows);
  if (const int64_t n = recorder.n_unseen_matrices(); n > 0) {
    fmt::print("{} matrices of experts saw no token; a longer text would reach more\n", n);
  }
}

void MakeImatrix(ImatrixOptions options) {
  const InterruptCancels interrupt;
  const std::string text = ReadFile(options.file);
  const std::unique_ptr<Model> model = LoadNamedModel(options.model);
  options.context = std::min(options.context, model->config().context_length);
  const std::vector<int32_t> tokens =
      model->tokenizer().Encode(text, {.add_special = false, .parse_special = false});
  if (tokens.empty()) Fail(ErrorCode::kInvalidArgument, "{} has no text", options.file);
  ThreadPool pool(options.threads);
  ImatrixRecorder recorder(model->adapter_sites());
  ProgressLine progress;
  const int n_windows = RecordImportance(
      *model, pool, tokens, options.context, recorder,
      [&](size_t n) { progress.Update(fmt::format("{} of {} tokens", n, tokens.size())); },
      interrupt.token());
  recorder.Save(options.output,
                {fs::path(options.file).filename().string(), n_windows, options.context});
  Print(options, recorder, tokens.size(), n_windows);
}

}  // namespace

void AddImatrixCommand(CLI::App& root) {
  auto options = std::make_shared<ImatrixOptions>();
  CLI::App* command =
      AddCommand(root, "imatrix", "Learn from a text which weights matter, for quantize --imatrix",
                 "pioneer imatrix --model model-f16.gguf --file text.txt --output imatrix.gguf");
  AddWindowOptions(*command, *options, "A text (UTF-8) of the kind that the model is for");
  command->add_option("--output", options->output, "The file to write (llama.cpp's GGUF form)")
      ->capture_default_str();
  command->callback([options] { MakeImatrix(*options); });
}

}  // namespace pioneer
