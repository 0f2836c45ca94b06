// Why: a file's name as its documents and links have it.
#pragma once

#include <filesystem>
#include <string>

namespace pioneer::search {

// "file:///srv/a%20b.pdf" (RFC 8089) of a whole path.
std::string FileUri(const std::filesystem::path& path);

}  // namespace pioneer::search
