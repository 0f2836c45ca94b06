// Why: the one place that knows the program's version.
#pragma once

namespace pioneer {

extern const char* const kVersion;  // "0.1.0"

}  // namespace pioneer
