// Why: the kernels compiled for any 64-bit Arm.
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

namespace pioneer {
namespace {

constexpr int kMaxTile = 4;
constexpr int kDirectTile = 2;
constexpr int kQueryTile = 2;
constexpr int kValueTile = 4;
constexpr int kWideZeroPoint = 0;

#include "tensor/kernels/simd_neon.inl.h"

// Pairs are added in 16 bits: at most 128 * 127 * 2 = 32512.
PIONEER_INLINE int32x4_t DotOf4(int32x4_t acc, int8x16_t w, int8x16_t x) {
  const int16x8_t lo = vmull_s8(vget_low_s8(w), vget_low_s8(x)), hi = vmull_high_s8(w, x);
  return vpadalq_s16(acc, vpaddq_s16(lo, hi));
}
// Wide codes are made signed again.
template <bool kWide>
PIONEER_INLINE I32 Dot(I32 acc, U8 w, const int8_t* x) {
  int32_t four;
  std::memcpy(&four, x, sizeof four);
  const int8x16_t broadcast = vreinterpretq_s8_s32(vdupq_n_s32(four));
  const uint8x16_t flip = vdupq_n_u8(kWide ? 0x80 : 0);
  PIONEER_QUARTERS(
      I32,
      DotOf4(acc.q[i], vreinterpretq_s8_u8(kWide ? veorq_u8(w.q[i], flip) : w.q[i]), broadcast));
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

namespace pioneer {

const KernelTable& NeonKernels() {
  static const KernelTable table = MakeTable();
  return table;
}

}  // namespace pioneer

#endif
