// Why: the kernels compiled for AVX-512 with VNNI.
#include "tensor/kernels/kernel_table.h"

#if defined(__x86_64__)

#include <cpuid.h>
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

// GCC 12 calls the deliberately undefined operands inside its own intrinsics uninitialized.
#pragma GCC diagnostic ignored "-Wuninitialized"

namespace pioneer {
namespace {

// Not through __builtin_cpu_supports: clang 14 does not know the name. What AVX-512 needs of the
// system is there when these kernels run.
bool HasBf16Dot() {
  constexpr unsigned kAvx512Bf16 = 1u << 5;
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & kAvx512Bf16) != 0;
}

}  // namespace
}  // namespace pioneer

PIONEER_BEGIN_TARGET("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")
namespace pioneer {
namespace {

#include "tensor/kernels/simd_avx512.inl.h"
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
#define PIONEER_BF16_DOT
#include "tensor/kernels/generic/attention.inl.h"
//
#include "tensor/kernels/generic/delta_rule.inl.h"
//
#include "tensor/kernels/generic/table.inl.h"
//
#include "tensor/kernels/matmul_bf16_avx512.inl.h"

KernelTable MakeTableOfThisMachine() {
  KernelTable table = MakeTable();
  if (HasBf16Dot()) {
    table.act_format = ActFormatWithPairs;
    table.put_activation = PutActivationWithPairs;
    table.multiply = MultiplyWithPairs;
  }
  return table;
}

}  // namespace
}  // namespace pioneer
PIONEER_END_TARGET

namespace pioneer {

// Made on first use: building the table is compiled for the region too.
const KernelTable& Avx512Kernels() {
  static const KernelTable table = MakeTableOfThisMachine();
  return table;
}

}  // namespace pioneer

#endif
