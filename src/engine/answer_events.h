// Why: an answer's text on its way to the client becomes events: text, thoughts, calls of tools.
// Local and fake generators share the way.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/answer_text.h"
#include "engine/generator.h"
#include "text/chat_format/answer_parser.h"

namespace pioneer {

// One answer; one thread.
class AnswerEvents {
 public:
  // Without a parser everything is text.
  AnswerEvents(int index, std::unique_ptr<chat_format::AnswerParser> parser)
      : index_(index), parser_(std::move(parser)) {}

  // The events that come of the next piece of the answer; none of them is a FinishEvent.
  std::vector<GenerationEvent> Push(AnswerText::Piece piece);
  // What is left at the end.
  std::vector<GenerationEvent> Finish();

  // How the answer ended, when the model ended it: with calls or without.
  FinishReason EndReason() const;
  // Whether what comes next belongs to the thoughts.
  bool reasoning() const { return parser_ && parser_->in_reasoning(); }

 private:
  std::vector<GenerationEvent> Convert(std::vector<chat_format::AnswerPiece> pieces);

  int index_;
  std::unique_ptr<chat_format::AnswerParser> parser_;
  std::vector<TokenInfo> tokens_;  // of text that is not given yet
};

}  // namespace pioneer
