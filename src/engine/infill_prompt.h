// Why: a model that was trained to fill holes hears what stands before and behind the hole between
// tokens made for that. How the parts are put together is one convention, llama.cpp's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace pioneer {

struct InfillRequest {
  std::string prefix, suffix;  // before and behind the hole
  std::string prompt;          // the beginning of what goes into it; may be ""
  struct File {
    std::string name, text;
  };
  std::vector<File> files;  // others that help, the most important last
};

// [BOS] [files] <prefix> ... prompt <suffix> ... <middle>, at most max_tokens long: where it is too
// much, files go first, the first before the others; then the suffix keeps at most a quarter and
// the prefix its end. Texts are plain: special tokens written in them are not parsed. Throws
// Error{kUnsupported} when the vocabulary has no tokens for it, kContextLength when even the prompt
// alone does not fit.
std::vector<int32_t> MakeInfillPrompt(const Tokenizer& tokenizer, const InfillRequest& request,
                                      int max_tokens);

}  // namespace pioneer
