// Why: task files come from anywhere, and answers from models: each line is refused by name or
// becomes a question, and any answer is judged within limits. The line ends at the first line
// break, behind it stands the answer.
// room: eval
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "base/utf8.h"
#include "eval/task_format.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pioneer;
  using namespace pioneer::eval;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\n'), size);
  const std::string answer = RepairUtf8(input.substr(std::min(end + 1, size)));
  try {
    const Json line = ParseJson(input.substr(0, end));
    const Format* const format = FindFormat(line);
    if (format == nullptr) return 0;
    const Draft draft = format->read(line);
    if (const auto* open = std::get_if<OpenQuestion>(&draft.item.question)) {
      JudgeAnswer(open->rule, answer);
    } else if (const auto* choice = std::get_if<ChoiceQuestion>(&draft.item.question)) {
      JudgeChoice(*choice, std::vector<double>(choice->choices.size(), -1.0));
    }
    CountWords(answer);
  } catch (const Error&) {
  }
  return 0;
}
