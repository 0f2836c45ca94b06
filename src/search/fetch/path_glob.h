// Why: people say which files and pages they mean by patterns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pioneer::search {

// "*" and "?" stop at '/', "**" does not; "[a-z]" and "[!a-z]" are sets. A pattern without '/'
// is of the last part alone ("*.md"); one that ends with '/' is of all below ("drafts/"). Takes
// time in proportion to both lengths, whatever the pattern.
bool MatchesGlob(std::string_view pattern, std::string_view path);

// By include and exclude lists: in one of `include` (none: all), in none of `exclude`. `path`
// without a leading '/'.
bool IsWanted(std::string_view path, const std::vector<std::string>& include,
              const std::vector<std::string>& exclude);

}  // namespace pioneer::search
