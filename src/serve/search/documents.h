// Why: what a citation is opened with: documents as they were indexed, and the files themselves.
#pragma once

#include "serve/service.h"

namespace pioneer::serve {

// GET /api/search/documents/{id}
void ShowDocument(Service& service, const HttpRequest& request, ServeWriter& writer);
// GET /api/search/documents/{id}/original
void SendOriginal(Service& service, const HttpRequest& request, ServeWriter& writer);
// GET /api/search/folders?path=
void ListFolders(Service& service, const HttpRequest& request, ServeWriter& writer);

// The path that a "file:" URI names; nullopt for any other.
std::optional<std::filesystem::path> PathOfFileUri(std::string_view uri);

}  // namespace pioneer::serve
