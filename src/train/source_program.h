// Why: fetching and unpacking packages is the distribution's own programs' work.
#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/file.h"

namespace pioneer {

struct ProgramResult {
  bool found = false;  // the program is there
  int status = -1;     // exit status
  std::string output;  // stdout and stderr together, the first 64 KiB
};

// Runs arguments[0], found in PATH, without a shell and without input, in `folder`. Ends it when it
// is cancelled, and throws Error{kCancelled} then; kIo when no process can be started.
ProgramResult RunProgram(const std::vector<std::string>& arguments, const fs::path& folder,
                         const CancelToken& cancel);

}  // namespace pioneer
