// Why: the heart of the page: a question is stored, answered piece by piece, and what came is kept
// whatever happens (docs/web-api.md, "generate").
#pragma once

#include "serve/service.h"

namespace pioneer::serve::web {

// POST /api/chats/{id}/generate
void Generate(Service& service, const HttpRequest& request, ServeWriter& writer);

}  // namespace pioneer::serve::web
