// Why: answers become OpenAI's JSON here, and nowhere else. Pure functions of plain structs, so
// that the wire format is tested as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "engine/generator.h"
#include "serve/served_model.h"

namespace pioneer::serve::openai {

// What all pieces of one response have in common.
struct ResponseHead {
  std::string id;     // "chatcmpl-..." or "cmpl-..."
  std::string model;  // the model's id, even when the request left it out
  int64_t created_unix_s = 0;
};

// Random, 24 characters behind the prefix.
std::string NewResponseId(const char* prefix);

// One finished answer, gathered from its events.
struct Answer {
  std::string text;
  std::string reasoning;
  struct ToolCall {
    std::string id, name, arguments;
  };
  std::vector<ToolCall> tool_calls;
  std::vector<TokenInfo> tokens;
  FinishReason reason = FinishReason::kStop;
  std::string stop_sequence;
};

// Sums over the prompts of one request.
struct Usage {
  int64_t prompt_tokens = 0, completion_tokens = 0, cached_tokens = 0, reasoning_tokens = 0;
  int64_t accepted_tokens = 0, rejected_tokens = 0;  // of predictions
  void Add(const UsageEvent& event);
};
OrderedJson UsageJson(const Usage& usage);

// "stop", "length" or "tool_calls"; a failed or cancelled answer has no reason on the wire and must
// not get here.
const char* FinishReasonName(FinishReason reason);

// "state" says whether it is loaded, "error" why it could not be.
OrderedJson ModelJson(const ModelStatus& model);

// ---- /v1/chat/completions

OrderedJson ChatCompletion(const ResponseHead& head, const std::vector<Answer>& answers,
                           bool logprobs, const Usage& usage);

// The chunks of a stream. With `usage_follows` each carries "usage": null, as the last one, which
// ChatUsageChunk makes, carries the sums.
OrderedJson ChatRoleChunk(const ResponseHead& head, int index, bool usage_follows);
OrderedJson ChatDeltaChunk(const ResponseHead& head, const TextEvent& event, bool logprobs,
                           bool usage_follows);
OrderedJson ChatReasoningChunk(const ResponseHead& head, const ReasoningEvent& event,
                               bool usage_follows);
// Only for events that have something to say on the wire: a name or arguments.
OrderedJson ChatToolCallChunk(const ResponseHead& head, const ToolCallEvent& event,
                              bool usage_follows);
OrderedJson ChatFinishChunk(const ResponseHead& head, const FinishEvent& event, bool usage_follows);
OrderedJson ChatUsageChunk(const ResponseHead& head, const Usage& usage);

// A mark in the text and where it leads. Places count characters (code points) of the whole text.
struct UrlCitation {
  int64_t begin = 0, end = 0;
  std::string url, title;
};
// An answer that was searched for, and a piece of one.
OrderedJson ChatCitedCompletion(const ResponseHead& head, const Answer& answer,
                                const std::vector<UrlCitation>& citations, const Usage& usage);
OrderedJson ChatCitedChunk(const ResponseHead& head, const std::string& text,
                           const std::vector<UrlCitation>& citations, bool usage_follows);

// ---- /v1/completions

// Offsets of tokens in the text count characters (code points) of the text that is returned; a
// stream keeps its place in one of these for each choice.
using TextOffset = int64_t;

OrderedJson TextCompletion(const ResponseHead& head, const std::vector<Answer>& answers,
                           bool logprobs, const Usage& usage);
OrderedJson TextDeltaChunk(const ResponseHead& head, const TextEvent& event, bool logprobs,
                           bool usage_follows, TextOffset& offset);
OrderedJson TextFinishChunk(const ResponseHead& head, const FinishEvent& event, bool usage_follows);
OrderedJson TextUsageChunk(const ResponseHead& head, const Usage& usage);

}  // namespace pioneer::serve::openai
