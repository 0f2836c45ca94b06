// Why: serve, index and search name the library the same way.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "search/library.h"

namespace pioneer {

// Declares --library PLACE; without it, `search` in the data folder.
void AddLibraryOption(CLI::App& command, std::string& place);

// Several processes may have it open; only one of them reads sources at a time. Throws what
// OpenLibrary() throws.
std::shared_ptr<search::Library> OpenNamedLibrary(const std::string& place);

}  // namespace pioneer
