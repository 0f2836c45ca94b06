// Why: a grammar comes with a request; whatever it is, it is refused or used within its limits.
// room: text
#include <cstdint>

#include "grammar_walk.h"
#include "text/grammar/gbnf.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pioneer::grammar::WriteUnder(&pioneer::grammar::ParseGbnf, data, size);
  return 0;
}
