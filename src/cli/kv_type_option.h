// Why: every command that makes pages for keys and values lets its user choose what they hold.
#pragma once

#include <CLI/CLI.hpp>

#include "model/memory_plan.h"

namespace pioneer {

// Declares --kv-type: TYPE for keys and values, or KEYS,VALUES. `types` must outlive the parsing.
void AddKvTypeOption(CLI::App& command, KvTypes& types);

}  // namespace pioneer
