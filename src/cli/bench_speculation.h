// Why: a subcommand of `bench`, so not one of command.h's.
#pragma once

#include <CLI/CLI.hpp>

namespace pioneer {

void AddBenchSpeculationCommand(CLI::App& bench);

}  // namespace pioneer
