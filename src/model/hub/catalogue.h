// Why: some good models have a short name, so that a beginner need not search.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace pioneer {

struct CatalogueEntry {
  std::string name;     // "qwen3-4b"
  std::string model;    // "Qwen/Qwen3-4B-GGUF:Q4_K_M", see ModelReference
  int64_t bytes = 0;    // to be downloaded, about
  std::string license;  // SPDX
  std::string purpose;  // one line, for people
};

// From a file like models/catalogue.json. Throws Error{kCorruptFile} that names the entry.
std::vector<CatalogueEntry> ReadCatalogue(const fs::path& path);

std::optional<CatalogueEntry> FindInCatalogue(const std::vector<CatalogueEntry>& catalogue,
                                              std::string_view name);  // ignoring case

}  // namespace pioneer
