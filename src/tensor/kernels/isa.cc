// Why: detection once, then one load per call.
#include "tensor/kernels/isa.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "tensor/kernels/kernel_table.h"

namespace pioneer {
namespace {

constexpr Isa kAllIsas[] = {Isa::kScalar, Isa::kAvx2, Isa::kAvx512};
constexpr int kUnset = -1;
std::atomic<int> forced_isa{kUnset};

#if defined(__x86_64__)
// Not through __builtin_cpu_supports: clang 14 does not know the name. With AVX the system keeps
// the registers that it uses.
bool HasF16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}
#endif

bool Detected(Isa isa) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && HasF16c();
  if (isa == Isa::kAvx2) return avx2;
  if (isa == Isa::kAvx512) {
    return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vnni");
  }
#endif
  return isa == Isa::kScalar;
}

Isa ChosenIsa() {
  const std::vector<Isa> detected = DetectedIsas();
  const char* wanted = std::getenv("PIONEER_ISA");
  if (wanted == nullptr || *wanted == '\0') return detected.back();
  std::string names;
  for (const Isa isa : detected) {
    if (std::string_view(wanted) == IsaName(isa)) return isa;
    names += names.empty() ? IsaName(isa) : std::string(", ") + IsaName(isa);
  }
  Fail(ErrorCode::kInvalidArgument,
       "PIONEER_ISA is \"{}\"; this machine can run {}. Set one of these or unset it", wanted,
       names);
}

}  // namespace

const char* IsaName(Isa isa) {
  switch (isa) {
    case Isa::kAvx2:
      return "avx2";
    case Isa::kAvx512:
      return "avx512";
    default:
      return "scalar";
  }
}

std::vector<Isa> DetectedIsas() {
  std::vector<Isa> detected;
  for (const Isa isa : kAllIsas) {
    if (Detected(isa)) detected.push_back(isa);
  }
  return detected;
}

Isa ActiveIsa() {
  const int forced = forced_isa.load(std::memory_order_relaxed);
  if (forced != kUnset) return static_cast<Isa>(forced);
  static const Isa chosen = ChosenIsa();
  return chosen;
}

ScopedIsa::ScopedIsa(Isa isa) : previous_(forced_isa.exchange(static_cast<int>(isa))) {}
ScopedIsa::~ScopedIsa() { forced_isa.store(previous_); }

const KernelTable& Kernels() {
  switch (ActiveIsa()) {
#if defined(__x86_64__)
    case Isa::kAvx2:
      return Avx2Kernels();
    case Isa::kAvx512:
      return Avx512Kernels();
#endif
    default:
      return ScalarKernels();
  }
}

}  // namespace pioneer
