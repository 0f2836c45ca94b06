#include "engine/answer_events.h"

#include <iterator>
#include <utility>

namespace pioneer {

using chat_format::AnswerPiece;

std::vector<GenerationEvent> AnswerEvents::Push(AnswerText::Piece piece) {
  if (piece.empty()) return {};
  if (!parser_) {
    return {TextEvent{index_, std::move(piece.text), std::move(piece.tokens)}};
  }
  std::move(piece.tokens.begin(), piece.tokens.end(), std::back_inserter(tokens_));
  return Convert(parser_->Push(piece.text));
}

std::vector<GenerationEvent> AnswerEvents::Finish() {
  return parser_ ? Convert(parser_->Finish()) : std::vector<GenerationEvent>();
}

FinishReason AnswerEvents::EndReason() const {
  return parser_ && parser_->has_calls() ? FinishReason::kToolCalls : FinishReason::kStop;
}

// Log probabilities belong to the text alone; tokens of thoughts, calls and markers are dropped.
std::vector<GenerationEvent> AnswerEvents::Convert(std::vector<AnswerPiece> pieces) {
  std::vector<GenerationEvent> events;
  for (AnswerPiece& piece : pieces) {
    switch (piece.kind) {
      case AnswerPiece::Kind::kText:
        events.push_back(TextEvent{index_, std::move(piece.text), std::exchange(tokens_, {})});
        continue;
      case AnswerPiece::Kind::kReasoning:
        events.push_back(ReasoningEvent{index_, std::move(piece.text)});
        break;
      case AnswerPiece::Kind::kCallBegin:
        events.push_back(ToolCallEvent{index_, piece.call, std::move(piece.id),
                                       std::move(piece.name), "", false});
        break;
      case AnswerPiece::Kind::kCallArguments:
        events.push_back(ToolCallEvent{index_, piece.call, "", "", std::move(piece.text), false});
        break;
      case AnswerPiece::Kind::kCallEnd:
        events.push_back(ToolCallEvent{index_, piece.call, "", "", "", true});
        break;
    }
    tokens_.clear();
  }
  return events;
}

}  // namespace pioneer
