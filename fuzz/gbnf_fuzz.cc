// Why: a grammar comes with a request; whatever it is, it is refused or used within its limits.
// room: text
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "text/grammar/constraint.h"
#include "text/grammar/gbnf.h"
#include "text/grammar/test_matcher.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pioneer;
  using namespace pioneer::grammar;
  static const auto vocabulary = ByteVocabulary();
  try {
    Grammar grammar = ParseGbnf({reinterpret_cast<const char*>(data), size});
    WalkSome(Constraint::Compile(std::move(grammar), vocabulary, kFuzzLimits));
  } catch (const Error&) {
  }
  return 0;
}
