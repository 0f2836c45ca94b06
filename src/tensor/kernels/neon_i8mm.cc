// Why: the kernels compiled for 64-bit Arm with the int8 matrix products of Armv8.6.
#include "tensor/kernels/kernel_table.h"

#if defined(__aarch64__)

#include <arm_neon.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "tensor/half.h"
#include "tensor/kernels/panels.h"
#include "tensor/kernels/region.h"

PIONEER_BEGIN_TARGET("arch=armv8.2-a+dotprod+i8mm")
namespace pioneer {
namespace {

#define PIONEER_I8MM
constexpr int kMaxTile = 6;
constexpr int kDirectTile = 2;
constexpr int kQueryTile = 2;
constexpr int kValueTile = 4;
constexpr int kWideZeroPoint = 128;

#include "tensor/kernels/simd_neon.inl.h"

template <bool kWide>
PIONEER_INLINE I32 Dot(I32 acc, U8 w, const int8_t* x) {
  int32_t four;
  std::memcpy(&four, x, sizeof four);
  const int8x8_t codes_of_x = vreinterpret_s8_s32(int32x2_t{four, 0});
  PIONEER_QUARTERS(I32, vusdotq_lane_s32(acc.q[i], w.q[i], codes_of_x, 0));
}

//
#include "tensor/kernels/generic/weights.inl.h"
// (order matters: each builds on those above)
#include "tensor/kernels/generic/matmul.inl.h"
//
#include "tensor/kernels/generic/activations.inl.h"
//
#include "tensor/kernels/generic/float_ops.inl.h"
//
#include "tensor/kernels/generic/attention.inl.h"
//
#include "tensor/kernels/generic/delta_rule.inl.h"
//
#include "tensor/kernels/generic/table.inl.h"

}  // namespace
}  // namespace pioneer
PIONEER_END_TARGET

namespace pioneer {

const KernelTable& I8mmKernels() {
  static const KernelTable table = MakeTable();
  return table;
}

}  // namespace pioneer

#endif
