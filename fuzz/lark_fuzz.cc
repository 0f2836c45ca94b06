// Why: a grammar comes with a request; whatever it is, it is refused or used within its limits.
// room: text
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "grammar_walk.h"
#include "text/grammar/lark.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pioneer;
  using namespace pioneer::grammar;
  static const auto vocabulary = ByteVocabulary();
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  try {
    WriteAnswer(Constraint::Compile(ParseLark(source), vocabulary, kFuzzLimits), source);
  } catch (const Error&) {
  }
  return 0;
}
