// Why: the parts of `pioneer models` that bring a model onto this machine.
#pragma once

#include <CLI/CLI.hpp>

namespace pioneer {

void AddModelsPull(CLI::App& models);
void AddModelsImport(CLI::App& models);
void AddModelsCatalogue(CLI::App& models);

}  // namespace pioneer
