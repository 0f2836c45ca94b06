#include "train/samples.h"

#include <fstream>

#include "base/error.h"
#include "base/json.h"
#include "train/document_encoder.h"

namespace pioneer {
namespace {

// 0 when there is none; lines that a kill cut short count for nothing.
int64_t LastSampledStep(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  int64_t last = 0;
  for (std::string line; std::getline(file, line);) {
    try {
      last = std::max(last, ParseJson(line).at("step").get<int64_t>());
    } catch (const std::exception&) {
      continue;
    }
  }
  return last;
}

}  // namespace

std::string ContinuePrompt(GradientWorkers& workers, const Tokenizer& tokenizer,
                           const std::string& prompt, int64_t context) {
  Document document;
  document.text = prompt;
  std::vector<int32_t> tokens = DocumentEncoder(tokenizer, false).Encode(document).tokens;
  tokens.pop_back();  // the document's end
  const auto begin = static_cast<std::ptrdiff_t>(tokens.size());
  const int64_t longest = std::min(context, begin + kSampleTokens);
  while (static_cast<int64_t>(tokens.size()) < longest) {
    const int32_t next = workers.MostLikelyNext(tokens);
    if (tokenizer.IsEndOfGeneration(next)) break;
    tokens.push_back(next);
  }
  return tokenizer.Decode({tokens.begin() + begin, tokens.end()});
}

void AppendSamples(const fs::path& path, int64_t step, int64_t tokens,
                   const std::vector<std::string>& prompts, GradientWorkers& workers,
                   const Tokenizer& tokenizer, int64_t context) {
  if (prompts.empty() || LastSampledStep(path) >= step) return;
  std::string lines;
  for (const std::string& prompt : prompts) {
    const std::string text = ContinuePrompt(workers, tokenizer, prompt, context);
    lines += DumpJson(OrderedJson{
                 {"step", step}, {"tokens", tokens}, {"prompt", prompt}, {"text", text}}) +
             "\n";
  }
  std::ofstream file(path, std::ios::app | std::ios::binary);
  file << lines << std::flush;
  if (!file) FailErrno(fmt::format("cannot write {}", path.string()));
}

}  // namespace pioneer
