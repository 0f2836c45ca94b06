// Why: Boost's assertions are not always about this program: Beast 1.74 asserts that a chunked body
// ends in one piece. So they throw, and whoever feeds Boost with strangers' bytes catches.
#pragma once

#include <stdexcept>

namespace pioneer {

struct BoostAssertion : std::logic_error {
  using std::logic_error::logic_error;
};

}  // namespace pioneer
