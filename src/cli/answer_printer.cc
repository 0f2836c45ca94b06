#include "cli/answer_printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>

namespace pioneer {
namespace {

constexpr char kDim[] = "\x1b[2m";
constexpr char kPlain[] = "\x1b[0m";

}  // namespace

void AnswerPrinter::Thoughts(std::string_view text) {
  if (!show_thoughts_ || text.empty()) return;
  Begin(Part::kThoughts);
  std::string out;
  for (const char c : text) {
    if (line_start_ && !terminal_) out += c == '\n' ? ">" : "> ";
    out += c;
    line_start_ = c == '\n';
  }
  Print(out);
}

void AnswerPrinter::Text(std::string_view text) {
  if (text.empty()) return;
  Begin(Part::kText);
  Print(text);
}

void AnswerPrinter::Call(const ChatMessage::ToolCall& call) {
  Begin(Part::kCall);
  std::string arguments = call.arguments_json;
  std::replace(arguments.begin(), arguments.end(), '\n', ' ');
  Print(fmt::format("[calls {} {}]", call.name, arguments));
}

void AnswerPrinter::End() {
  if (part_ == Part::kThoughts && terminal_) Print(kPlain);
  Print("\n");
}

// What follows thoughts stands after an empty line, what follows anything else on the next line.
void AnswerPrinter::Begin(Part part) {
  if (part == part_ && part != Part::kCall) return;
  if (part_ == Part::kThoughts) {
    if (terminal_) Print(kPlain);
    Print(line_start_ ? "\n" : "\n\n");
  } else if (part_ != Part::kNone) {
    Print("\n");
  }
  part_ = part;
  line_start_ = true;
  if (part == Part::kThoughts && terminal_) Print(kDim);
}

void AnswerPrinter::Print(std::string_view text) {
  fmt::print("{}", text);
  std::fflush(stdout);
}

}  // namespace pioneer
