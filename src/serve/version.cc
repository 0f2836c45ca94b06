#include "serve/version.h"

namespace pioneer {

const char* const kVersion = PIONEER_VERSION;

}  // namespace pioneer
