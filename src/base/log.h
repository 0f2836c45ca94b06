// Why: one log, to stderr, thread-safe. Prompts, answers and keys never go into it.
#pragma once

#include <spdlog/spdlog.h>

namespace pioneer {

// Level from PIONEER_LOG (trace, debug, info, warn, error, off), default info. Call once in main.
void InitLog();

}  // namespace pioneer
