#include "tensor/kernels/byte_dot.h"

#include <cstring>

#include "tensor/kernels/region.h"

namespace pioneer::byte_dot_plain {
#include "tensor/kernels/byte_dot.inl.h"
}  // namespace pioneer::byte_dot_plain

#if defined(__x86_64__)

PIONEER_BEGIN_TARGET("avx2")
namespace pioneer::byte_dot_avx2 {
#include "tensor/kernels/byte_dot.inl.h"
}  // namespace pioneer::byte_dot_avx2
PIONEER_END_TARGET

PIONEER_BEGIN_TARGET("avx512f,avx512bw,avx512vl")
namespace pioneer::byte_dot_avx512 {
#include "tensor/kernels/byte_dot.inl.h"
}  // namespace pioneer::byte_dot_avx512
PIONEER_END_TARGET

#endif

namespace pioneer {

ByteDot ByteDotOf(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::kAvx512 || isa == Isa::kAmx) return byte_dot_avx512::DotBytes;
  if (isa == Isa::kAvx2) return byte_dot_avx2::DotBytes;
#endif
  return byte_dot_plain::DotBytes;
}

}  // namespace pioneer
