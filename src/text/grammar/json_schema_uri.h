// Why: schemas name one another by URIs relative to the $id around them.
#pragma once

#include <string>
#include <string_view>

namespace pioneer::grammar {

// RFC 3986, section 5.2, strict. Neither has a fragment; `base` may be "" (nothing is known).
std::string ResolveUri(std::string_view base, std::string_view reference);

// %41 -> A. Wrong escapes stay as they are.
std::string PercentDecode(std::string_view text);

}  // namespace pioneer::grammar
