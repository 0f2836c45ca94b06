// Why: Boost's assertions are not always about this program: Beast 1.74 asserts that a chunked body
// ends in one piece. So they throw, and whoever feeds Boost with strangers' bytes catches.
#include <boost/assert.hpp>
#include <stdexcept>

namespace boost {

void assertion_failed(const char* expression, const char*, const char*, long) {
  throw std::logic_error(expression);
}

void assertion_failed_msg(const char* expression, const char*, const char*, const char*, long) {
  throw std::logic_error(expression);
}

}  // namespace boost
