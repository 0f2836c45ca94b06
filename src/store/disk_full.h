// Why: a full disk is the one failure of the store that the person who runs the service can end at
// once, so the wire tells it apart from the others.
#pragma once

#include "base/error.h"

namespace pioneer {

// Nothing of the change was kept; the store works again as soon as there is space.
class DiskFullError : public Error {
 public:
  explicit DiskFullError(const std::string& message) : Error(ErrorCode::kIo, message) {}
};

}  // namespace pioneer
