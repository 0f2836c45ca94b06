// Why: a database on another machine, or in another process, may be gone for a while; what was
// being done is then not failed but goes on when it is back.
#pragma once

#include "base/error.h"

namespace pioneer::search {

// What was acknowledged is kept; the same call works again when the server does.
class StoreLostError : public Error {
 public:
  explicit StoreLostError(const std::string& message) : Error(ErrorCode::kIo, message) {}
};

}  // namespace pioneer::search
