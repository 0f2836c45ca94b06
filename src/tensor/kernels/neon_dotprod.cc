// Why: the kernels compiled for 64-bit Arm with the dot products of Armv8.2.
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

PIONEER_BEGIN_TARGET("arch=armv8.2-a+dotprod")
namespace pioneer {
namespace {

constexpr int kMaxTile = 4;
constexpr int kDirectTile = 2;
constexpr int kQueryTile = 2;
constexpr int kValueTile = 4;
constexpr int kWideZeroPoint = 0;

#include "tensor/kernels/simd_neon.inl.h"

// Wide codes are made signed again.
template <bool kWide>
PIONEER_INLINE I32 Dot(I32 acc, U8 w, const int8_t* x) {
  int32_t four;
  std::memcpy(&four, x, sizeof four);
  const int8x8_t codes_of_x = vreinterpret_s8_s32(int32x2_t{four, 0});
  const uint8x16_t flip = vdupq_n_u8(0x80);
  PIONEER_QUARTERS(
      I32, vdotq_lane_s32(acc.q[i], vreinterpretq_s8_u8(kWide ? veorq_u8(w.q[i], flip) : w.q[i]),
                          codes_of_x, 0));
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

const KernelTable& DotProdKernels() {
  static const KernelTable table = MakeTable();
  return table;
}

}  // namespace pioneer

#endif
