// Why: see v1_search.cc.
#pragma once

#include "serve/service.h"

namespace pioneer::serve {

// POST /v1/search
void SearchByProgram(Service& service, const HttpRequest& request, ServeWriter& writer);

}  // namespace pioneer::serve
