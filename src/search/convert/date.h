// Why: documents are dated in the ways of mail, the web and office programs.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pioneer::search {

// Milliseconds since 1970. Takes RFC 3339 and its shorter forms ("2024", "2024-01-02",
// "2024-01-02T03:04:05+09:00"; without a zone: UTC) and RFC 5322 ("Tue, 02 Jan 2024 03:04:05
// +0900", "02-Jan-24 03:04 GMT"). nullopt for anything else, and before the year 1000.
std::optional<int64_t> ParseDate(std::string_view text);

}  // namespace pioneer::search
