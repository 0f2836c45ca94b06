#include "serve/openai/formats.h"

namespace pioneer::serve::openai {

AnswerFormat ChatFormat(ResponseHead head, bool logprobs, bool usage_follows) {
  AnswerFormat format;
  format.whole = [=](const std::vector<Answer>& answers, const Usage& usage) {
    return ChatCompletion(head, answers, logprobs, usage);
  };
  format.first_chunk = [=](int index) { return ChatRoleChunk(head, index, usage_follows); };
  format.text_chunk = [=](const TextEvent& event) {
    return ChatDeltaChunk(head, event, logprobs, usage_follows);
  };
  format.reasoning_chunk = [=](const ReasoningEvent& event) {
    return ChatReasoningChunk(head, event, usage_follows);
  };
  format.tool_call_chunk = [=](const ToolCallEvent& event) {
    return ChatToolCallChunk(head, event, usage_follows);
  };
  format.finish_chunk = [=](const FinishEvent& event) {
    return ChatFinishChunk(head, event, usage_follows);
  };
  format.usage_chunk = [=](const Usage& usage) { return ChatUsageChunk(head, usage); };
  return format;
}

AnswerFormat CompletionFormat(ResponseHead head, bool logprobs, bool usage_follows, int n_choices) {
  AnswerFormat format;
  format.whole = [=](const std::vector<Answer>& answers, const Usage& usage) {
    return TextCompletion(head, answers, logprobs, usage);
  };
  format.text_chunk = [=, offsets =
                              std::vector<TextOffset>(n_choices)](const TextEvent& event) mutable {
    return TextDeltaChunk(head, event, logprobs, usage_follows, offsets.at(event.index));
  };
  format.finish_chunk = [=](const FinishEvent& event) {
    return TextFinishChunk(head, event, usage_follows);
  };
  format.usage_chunk = [=](const Usage& usage) { return TextUsageChunk(head, usage); };
  return format;
}

}  // namespace pioneer::serve::openai
