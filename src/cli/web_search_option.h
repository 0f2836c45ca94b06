// Why: serve and search name the web search the same way, and its key is never on the command line,
// where every user of the machine could read it.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "search/web_search.h"

namespace pioneer {

struct WebSearchFlags {
  std::string provider, key_file;
  bool private_pages = false;
};

// Declares --web-search (or PIONEER_WEB_SEARCH), --web-search-key-file, --web-private-pages.
void AddWebSearchOptions(CLI::App& command, WebSearchFlags& flags);

// Null where none is named. The key: of the file, else PIONEER_WEB_SEARCH_KEY. Throws
// Error{kInvalidArgument}, {kNotFound}, {kIo}.
std::shared_ptr<search::WebSearch> OpenWebSearch(const WebSearchFlags& flags);

}  // namespace pioneer
