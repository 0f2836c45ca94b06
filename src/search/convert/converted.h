// Why: what a converter gives: the document, and where it leads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "search/document.h"

namespace pioneer::search {

inline constexpr size_t kMaxLinks = 20'000;  // of one document or sitemap
inline constexpr size_t kMaxLinkBytes = 2048;

// A link of a page (only the address), an item of a feed, a line of a sitemap, or an address of an
// OpenSearch description (its media type as the title).
struct FoundLink {
  std::string url = {};  // as written
  std::string title = {};
  std::string summary = {};
  std::optional<int64_t> dated_at_ms = std::nullopt;
};

// Strings are valid UTF-8.
struct Converted {
  Document document;  // without uri, and without media_type
  std::vector<FoundLink> links;
  std::string base_url;   // <base href>: what the page's links are relative to; "" = its own
  std::string canonical;  // as the page says; "" = nothing
  bool no_index = false, no_follow = false;  // <meta name="robots">
  bool links_are_sitemaps = false;           // an index of sitemaps
};

}  // namespace pioneer::search
