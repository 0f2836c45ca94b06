// Why: people write recipes as TOML, programs as JSON; both become one value before anything is
// read from them. TOML (toml.io) by toml++.
#pragma once

#include <string_view>

#include "base/file.h"
#include "base/json.h"

namespace pioneer {

// A file whose name ends in .toml is TOML, any other JSON. Throws Error{kNotFound, kIo}, and
// kInvalidArgument with the place of what cannot be read: dates and times are not for recipes.
Json ReadRecipeFile(const fs::path& path);

// Throws Error{kInvalidArgument}.
Json ParseToml(std::string_view text);

}  // namespace pioneer
