// Why: serve, index and search name the library, and the model that embeds it, the same way.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/thread_pool.h"
#include "search/embedder.h"
#include "search/library.h"

namespace pioneer {

// Declares --library PLACE; without it, `search` in the data folder.
void AddLibraryOption(CLI::App& command, std::string& place);

// Declares --embedder MODEL; without it, the built-in one.
void AddEmbedderOption(CLI::App& command, std::string& model);

// Null for "none". On these threads, or its own. Throws what FindModel() and LoadModel() throw, and
// Error{kUnsupported} for a model that makes no vectors.
std::shared_ptr<search::Embedder> OpenEmbedder(const std::string& model,
                                               std::shared_ptr<ThreadPool> threads = nullptr);

// Several processes may have it open; only one of them reads sources at a time. Throws what
// OpenLibrary() throws.
std::shared_ptr<search::Library> OpenNamedLibrary(
    const std::string& place, std::shared_ptr<search::Embedder> embedder = nullptr);

}  // namespace pioneer
