#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace pioneer {

double Random::Normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - Uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * Uniform());
}

void SecureRandomBytes(void* out, int n_bytes) {
  char* next = static_cast<char*>(out);
  while (n_bytes > 0) {
    const ssize_t got = getrandom(next, static_cast<size_t>(n_bytes), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) FailErrno("cannot read random bytes from the system");
    next += got;
    n_bytes -= static_cast<int>(got);
  }
}

}  // namespace pioneer
