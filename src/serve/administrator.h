// Why: most of the service is for visitors. What starts programs and shows files of this machine is
// for whoever runs it, and for nobody else.
#pragma once

#include "serve/service.h"

namespace pioneer::serve {

// Who brings an administrator's key (pioneer keys create NAME --admin). And, where the service is
// plainly one's own (bound to a loopback address, no keys asked for, no further names allowed),
// whoever sits at this machine: a request from it that no proxy has passed on.
bool IsAdministrator(Service& service, const HttpRequest& request);

// Throws ApiError 403 with the code "administrator_only".
void RequireAdministrator(Service& service, const HttpRequest& request);

}  // namespace pioneer::serve
