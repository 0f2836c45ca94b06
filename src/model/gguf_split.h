// Why: large models come as several files, NAME-00001-of-00003.gguf. GgufFile::Open joins them; who
// lists, downloads or removes models needs their names.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace pioneer {

// No model has more parts.
inline constexpr int kMaxGgufParts = 9999;

struct GgufPartName {
  std::string stem;           // "NAME"
  int number = 0, count = 0;  // number from 1

  std::string FileName() const;  // "NAME-00001-of-00003.gguf"
};

// nullopt for the name of a file that is no part.
std::optional<GgufPartName> ParseGgufPartName(std::string_view file_name);

// The file itself, or all parts of the model that it is a part of (by its name), whether they exist
// or not.
std::vector<fs::path> GgufParts(const fs::path& path);

}  // namespace pioneer
