// Why: the kernels of AVX-512 with products by AMX's tiles, and whether this machine has these.
#include "tensor/kernels/kernel_table.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "tensor/half.h"
#include "tensor/kernels/amx_tiles.h"
#include "tensor/kernels/panels.h"
#include "tensor/kernels/region.h"

// GCC 12 calls the deliberately undefined operands inside its own intrinsics uninitialized.
#pragma GCC diagnostic ignored "-Wuninitialized"

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
#include "tensor/kernels/matmul_bf16_avx512.inl.h"
//
#include "tensor/kernels/matmul_amx.inl.h"

}  // namespace
}  // namespace pioneer
PIONEER_END_TARGET

namespace pioneer {
namespace {

bool ProcessorHasAmx() {
  constexpr unsigned kNeeded = 1u << 22 | 1u << 24 | 1u << 25;  // AMX-BF16, AMX-TILE, AMX-INT8
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (d & kNeeded) == kNeeded;
}

// Whether the system keeps the tiles' state when threads change places.
bool SystemKeepsTiles() {
  constexpr unsigned kOsXsave = 1u << 27, kTileState = 1u << 17 | 1u << 18;
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & kOsXsave) == 0) return false;
  unsigned low = 0, high = 0;
  asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & kTileState) == kTileState;
}

// Linux gives tiles only to processes that ask for them, and then to all their threads.
bool SystemAllowsTiles() {
#if defined(SYS_arch_prctl)
  constexpr int kRequestPermission = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace

bool AmxWorks() {
  static const bool works = ProcessorHasAmx() && SystemKeepsTiles() && SystemAllowsTiles() &&
                            TilesMultiply<HardwareTiles>();
  return works;
}

// Made on first use: building the table is compiled for the region too.
const KernelTable& AmxKernels() {
  static const KernelTable table = MakeTableOfTiles<HardwareTiles>();
  return table;
}

}  // namespace pioneer

#endif
