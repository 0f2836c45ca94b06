// Why: kernels exist once per instruction set; which one runs is decided when the program runs.
#pragma once

#include <vector>

namespace pioneer {

enum class Isa {
  kScalar,  // any machine
  kAvx2,    // AVX2, FMA, F16C
  kAvx512,  // AVX-512 F, BW, VL, DQ and VNNI
  kAmx,     // these and AMX's tiles of int8 and bfloat16, which the system must allow as well
  // 64-bit Arm:
  kNeon,     // any
  kDotProd,  // the dot products of Armv8.2
  kI8mm,     // these and the int8 matrix products of Armv8.6
};

// "scalar", "avx2", "avx512", "amx", "neon", "dotprod", "i8mm". Of sets that this program holds.
const char* IsaName(Isa isa);

// What this machine can run, slowest first; always holds kScalar.
std::vector<Isa> DetectedIsas();

// The set in use: the best detected one, or what PIONEER_ISA names. Throws
// Error{kInvalidArgument} when that is unknown or not available here; call it early in main.
Isa ActiveIsa();

// Forces one set for its lifetime, for tests; not while another thread runs kernels.
class ScopedIsa {
 public:
  explicit ScopedIsa(Isa isa);
  ~ScopedIsa();
  ScopedIsa(const ScopedIsa&) = delete;
  ScopedIsa& operator=(const ScopedIsa&) = delete;

 private:
  int previous_;
};

}  // namespace pioneer
