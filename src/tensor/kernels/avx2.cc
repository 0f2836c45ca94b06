// Why: the kernels compiled for AVX2 with FMA and F16C.
#include "tensor/kernels/kernel_table.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "tensor/half.h"
#include "tensor/kernels/panels.h"
#include "tensor/kernels/region.h"

PIONEER_BEGIN_TARGET("avx2,fma,f16c")
namespace pioneer {
namespace {

#include "tensor/kernels/simd_avx2.inl.h"
//
#include "tensor/kernels/generic/reduce_x86.inl.h"
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

// Made on first use: building the table is compiled for the region too.
const KernelTable& Avx2Kernels() {
  static const KernelTable table = MakeTable();
  return table;
}

}  // namespace pioneer

#endif
