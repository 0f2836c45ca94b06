// Why: the page is part of the program. The build turns web/dist into one generated source file
// that defines EmbeddedAssets(); without it the set is empty and the service offers its APIs only.
#pragma once

#include <span>
#include <string_view>

namespace pioneer::serve {

// One file of the page. All views live as long as the program.
struct Asset {
  std::string_view path;          // "/index.html", "/assets/index-B3x.js"
  std::string_view content_type;  // "text/html; charset=utf-8"
  std::string_view bytes;
  std::string_view etag;    // with its quotes: "\"9f86d081\""
  std::string_view gzip;    // the bytes compressed, or empty
  std::string_view brotli;  // the bytes compressed, or empty
};

// The default definition (serve/assets.cc) is weak and empty; a definition that is linked into the
// program as an object file replaces it.
std::span<const Asset> EmbeddedAssets();

}  // namespace pioneer::serve
