// Why: the commands that run a model over a text, window by window, are asked in the same words.
#pragma once

#include <string>

#include "cli/command.h"

namespace pioneer {

struct WindowOptions {
  std::string model, file;
  int context = 512;  // tokens of each window
  int threads = 0;    // 0 = all cores
  bool json = false;
};

// --model, --file (`what` it is), --context, --threads, --json.
void AddWindowOptions(CLI::App& command, WindowOptions& options, const std::string& what);

}  // namespace pioneer
