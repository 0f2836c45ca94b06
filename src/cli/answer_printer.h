// Why: what a model thinks, says and calls must be told apart on a terminal, and a script that
// reads the answer must not be handed the thoughts.
#pragma once

#include <string>
#include <string_view>

#include "engine/generator.h"

namespace pioneer {

// Prints one answer to stdout while it comes: thoughts dimmed on a terminal, elsewhere with "> " in
// front of each line; each call of a tool on a line of its own. One thread.
class AnswerPrinter {
 public:
  AnswerPrinter(bool show_thoughts, bool terminal)
      : show_thoughts_(show_thoughts), terminal_(terminal) {}

  void Thoughts(std::string_view text);
  void Text(std::string_view text);
  void Call(const ChatMessage::ToolCall& call);
  // Ends the last line.
  void End();

 private:
  enum class Part { kNone, kThoughts, kText, kCall };
  void Begin(Part part);
  static void Print(std::string_view text);

  const bool show_thoughts_, terminal_;
  Part part_ = Part::kNone;
  bool line_start_ = true;  // of thoughts
};

}  // namespace pioneer
