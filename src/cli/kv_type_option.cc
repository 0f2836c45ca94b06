#include "cli/kv_type_option.h"

#include <string>

namespace pioneer {

void AddKvTypeOption(CLI::App& command, KvTypes& types) {
  command
      .add_option_function<std::string>(
          "--kv-type",
          [&types](const std::string& text) {
            const size_t comma = text.find(',');
            types.k = ParseKvType(text.substr(0, comma));
            types.v = comma == std::string::npos ? types.k : ParseKvType(text.substr(comma + 1));
          },
          "What keys and values are kept as: f16, bf16, q8_0, q4_0 or f32; or one for keys and one "
          "for values, as q8_0,q4_0. Fewer bits: more conversations in the same memory and faster "
          "long ones, a little less exact")
      ->type_name("TYPE")
      ->default_str("f16");
}

}  // namespace pioneer
