// Why: in which numbers products are computed; weights, gradients and optimizer are float32 always.
#pragma once

namespace pioneer {

enum class Precision { kAuto, kF32, kBf16 };

// Whether products are in bfloat16 on this processor. kAuto: where it has such products. Throws
// Error{kUnsupported} when it cannot do what was asked for.
bool UsesBf16(Precision precision);

}  // namespace pioneer
