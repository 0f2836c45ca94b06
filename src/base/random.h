// Why: reproducible random numbers. The same seed gives the same stream on every machine; the
// standard library's distributions do not promise that.
#pragma once

#include <cstdint>

namespace pioneer {

// SplitMix64 (Steele, Lea, Flood 2014). Not for secrets. One thread. The state is the whole of it,
// so a checkpoint can keep it.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  // Uniform in [0, 1), 53 bits.
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
  // Uniform in [0, n), n > 0.
  uint64_t Below(uint64_t n) {
    return static_cast<uint64_t>(static_cast<unsigned __int128>(Next()) * n >> 64);
  }
  // Mean 0, variance 1 (Box-Muller, one of the pair).
  double Normal();

  uint64_t state() const { return state_; }

 private:
  uint64_t state_;
};

// Bytes from the system's secure source, for keys and cookies.
void SecureRandomBytes(void* out, int n_bytes);

}  // namespace pioneer
