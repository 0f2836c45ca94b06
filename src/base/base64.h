// Why: binary values travel in JSON as base64 (RFC 4648, section 4, with padding).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pioneer {

std::string EncodeBase64(std::string_view bytes);
// nullopt for anything that is not whole, padded base64.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace pioneer
