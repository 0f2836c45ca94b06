// Why: the page's settings, /v1/search and new sources are read with the same names and limits.
#pragma once

#include <memory>

#include "search/answerer.h"
#include "serve/json_fields.h"
#include "serve/service.h"

namespace pioneer::serve {

// `search` of a chat's settings, and what /v1/search has of it.
struct SearchSettings {
  search::RetrievalFilter filter;
  search::Unsupported unsupported = search::Unsupported::kDrop;
  bool web = false;  // ask the web, too
};

// Throws ApiError 400 that names the field.
SearchSettings ReadSearchSettings(const FieldReader& fields);
OrderedJson SearchSettingsJson(const SearchSettings& settings);
search::NewSource ReadNewSource(const FieldReader& body);

// Throws ApiError 404 "no_library" where this service has none.
search::Library& RequireLibrary(Service& service);
// What one question is asked of: the library, with `web` the web beside it. Throws ApiError 400
// "no_web_search" where none is set up, and what RequireLibrary() throws.
std::shared_ptr<search::Retriever> RequireRetriever(Service& service, bool web);
// Null where there is none, or where it cannot be loaded: then answers do without.
std::shared_ptr<Generator> FindWriter(Service& service, const std::string& model);

}  // namespace pioneer::serve
