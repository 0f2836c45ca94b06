// Why: any schema must become a grammar or be refused, in bounded time and memory, and an answer
// can be written under what its grammar allows.
// room: text
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "grammar_walk.h"
#include "text/grammar/json_schema.h"

namespace {

// Real schemas need more than kFuzzLimits.
constexpr pioneer::grammar::ConstraintLimits kLimits = {
    .max_states = 20'000, .max_compile_work = 500'000, .max_mask_work = 500'000};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pioneer;
  using namespace pioneer::grammar;
  static const auto vocabulary = ByteVocabulary();
  const std::string_view schema(reinterpret_cast<const char*>(data), size);
  try {
    WriteAnswer(Constraint::Compile(JsonSchemaGrammar(schema), vocabulary, kLimits), schema, 64);
  } catch (const Error&) {
  }
  return 0;
}
