// Why: a tokenizer.json comes from strangers; any must be read or refused, and what was read must
// tokenize.
// room: model
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "model/huggingface/tokenizer_json.h"
#include "text/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pioneer;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  try {
    const Json json = ParseJson(input);
    const auto tokenizer = MakeTokenizer(ReadTokenizerJson(json, json, json));
    const auto ids = tokenizer->Encode(input, {.add_special = true, .parse_special = true});
    for (const int32_t id : ids) {
      if (id < 0 || id >= tokenizer->size()) __builtin_trap();
    }
    tokenizer->Decode(ids);
  } catch (const Error&) {
  }
  return 0;
}
