// Why: detection once, then one load per call.
#include "tensor/kernels/isa.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>

#include "base/error.h"
#include "tensor/kernels/kernel_table.h"

namespace pioneer {
namespace {

constexpr int kUnset = -1;
std::atomic<int> forced_isa{kUnset};
std::atomic<const KernelTable*> forced_kernels{nullptr};

bool Always() { return true; }

#if defined(__x86_64__)
// Not through __builtin_cpu_supports: clang 14 does not know the name. With AVX the system keeps
// the registers that it uses.
bool HasF16c() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}
bool HasAvx2() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && HasF16c();
}
bool HasAvx512() {
  return HasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni");
}
bool HasAmx() { return HasAvx512() && AmxWorks(); }
#elif defined(__aarch64__)
bool HasDotProd() { return (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0; }
bool HasI8mm() { return HasDotProd() && (getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0; }
#endif

struct KernelSet {
  Isa isa;
  const char* name;
  bool (*detected)();
  const KernelTable& (*kernels)();
};

// What this program holds, slowest first.
constexpr KernelSet kSets[] = {
    {Isa::kScalar, "scalar", Always, ScalarKernels},
#if defined(__x86_64__)
    {Isa::kAvx2, "avx2", HasAvx2, Avx2Kernels},
    {Isa::kAvx512, "avx512", HasAvx512, Avx512Kernels},
    {Isa::kAmx, "amx", HasAmx, AmxKernels},
#elif defined(__aarch64__)
    {Isa::kNeon, "neon", Always, NeonKernels},
    {Isa::kDotProd, "dotprod", HasDotProd, DotProdKernels},
    {Isa::kI8mm, "i8mm", HasI8mm, I8mmKernels},
#endif
};

const KernelSet& SetOf(Isa isa) {
  return *std::find_if(std::begin(kSets), std::end(kSets) - 1,
                       [isa](const KernelSet& set) { return set.isa == isa; });
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

const char* IsaName(Isa isa) { return SetOf(isa).name; }

std::vector<Isa> DetectedIsas() {
  std::vector<Isa> detected;
  for (const KernelSet& set : kSets) {
    if (set.detected()) detected.push_back(set.isa);
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

ScopedKernels::ScopedKernels(const KernelTable& table)
    : previous_(forced_kernels.exchange(&table)) {}
ScopedKernels::~ScopedKernels() { forced_kernels.store(previous_); }

const KernelTable& Kernels() {
  const KernelTable* forced = forced_kernels.load(std::memory_order_relaxed);
  return forced != nullptr ? *forced : SetOf(ActiveIsa()).kernels();
}

}  // namespace pioneer
