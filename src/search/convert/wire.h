// Why: what a converter found goes from its process to the service, which does not trust it.
#pragma once

#include <string>
#include <string_view>

#include "search/convert/converted.h"
#include "search/convert/format.h"

namespace pioneer::search {

// One request: what is in the file that travels with it.
struct ConvertRequest {
  Format format = Format::kText;
  std::string name, charset;
};
std::string EncodeRequest(const ConvertRequest& request);
ConvertRequest DecodeRequest(std::string_view bytes);  // Throws Error{kCorruptFile}

std::string EncodeConverted(const Converted& converted);
// Checks lengths, UTF-8 and the limits of document.h. Throws Error{kCorruptFile}.
Converted DecodeConverted(std::string_view bytes);

}  // namespace pioneer::search
