#include "train/precision.h"

#include "base/error.h"
#include "tensor/ops/train_matmul.h"

namespace pioneer {

bool UsesBf16(Precision precision) {
  if (precision == Precision::kBf16 && !HasFastBf16()) {
    Fail(ErrorCode::kUnsupported,
         "this CPU has no bfloat16 products; set \"precision\" to \"auto\" or \"f32\"");
  }
  return precision != Precision::kF32 && HasFastBf16();
}

}  // namespace pioneer
