// Why: a hostile template may fail, but must not crash, hang or take all memory.
// room: text
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "text/chat_template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pioneer;
  static const OrderedJson messages = ParseOrderedJson(
      R"([{"role":"system","content":"Be brief."},{"role":"user","content":"안녕 <b>"},
          {"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function",
           "function":{"name":"f","arguments":{"x":[1,2.5,true,null]}}}]},
          {"role":"tool","content":"ok","tool_call_id":"1"}])");
  try {
    const ChatTemplate chat_template({reinterpret_cast<const char*>(data), size});
    ChatTemplateInput input;
    input.messages = messages;
    input.tools = OrderedJson::array({{{"type", "function"}}});
    chat_template.Render(input);
  } catch (const Error&) {
  }
  return 0;
}
