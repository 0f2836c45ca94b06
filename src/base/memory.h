// Why: limits that nobody set are derived from the memory this process may use.
#pragma once

#include <cstdint>

namespace pioneer {

// The machine's memory or the control group's limit, whichever is less, in bytes. At least 1.
int64_t UsableMemoryBytes();

}  // namespace pioneer
