#include "net/boost_assert.h"

#include <boost/assert.hpp>

namespace boost {

void assertion_failed(const char* expression, const char*, const char*, long) {
  throw pioneer::BoostAssertion(expression);
}

void assertion_failed_msg(const char* expression, const char*, const char*, const char*, long) {
  throw pioneer::BoostAssertion(expression);
}

}  // namespace boost
