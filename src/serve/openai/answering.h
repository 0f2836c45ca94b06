// Why: chat and completions answer alike: gather everything, or stream it. They differ in their
// JSON, which an AnswerFormat makes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "serve/api_error.h"
#include "serve/openai/common_fields.h"
#include "serve/openai/responses.h"
#include "serve/service.h"

namespace pioneer::serve::openai {

// How one endpoint writes its answers; the functions of responses.h with the call's options bound.
struct AnswerFormat {
  std::function<OrderedJson(const std::vector<Answer>&, const Usage&)> whole;
  std::function<OrderedJson(int index)> first_chunk;  // may be empty
  std::function<OrderedJson(const TextEvent&)> text_chunk;
  std::function<OrderedJson(const ReasoningEvent&)> reasoning_chunk;  // empty: completions have
  std::function<OrderedJson(const ToolCallEvent&)> tool_call_chunk;   // neither
  std::function<OrderedJson(const FinishEvent&)> finish_chunk;
  std::function<OrderedJson(const Usage&)> usage_chunk;
};

struct AnswerJob {
  std::vector<std::unique_ptr<Generation>> generations;  // one a prompt
  int answers_per_generation = 1;
  // Of each generation's answers so many are sent, those whose tokens are likeliest on average
  // (their logprobs must be there); 0 = all. Not with streams.
  int best = 0;
  WireOptions wire;
  AnswerFormat format;
  int64_t start_ns = 0;  // when the request came in
};

// Runs `start`; what the engine finds wrong with the prompt's length names the field it came from,
// and what it finds wrong with a tool begins with its field.
template <typename Start>
auto StartNaming(const char* param, const Start& start) {
  try {
    return start();
  } catch (const Error& error) {
    const std::string message = error.what();
    const bool is_tool = message.starts_with("tools");
    if (error.code() != ErrorCode::kContextLength && !is_tool) throw;
    ApiError api_error = ToApiError(error);
    api_error.param = is_tool ? message.substr(0, message.find(": ")) : param;
    throw api_error;
  }
}

// Throws ApiError when the generation did not come to its end.
void ThrowIfFailed(const FinishEvent& finish);

// What a stream says of an event; nullopt where that is nothing. Throws as ThrowIfFailed does.
std::optional<OrderedJson> EventChunk(const AnswerFormat& format, const GenerationEvent& event);

// One more piece of an answer that is gathered. For events with an index below answers.size().
void AddToAnswers(const GenerationEvent& event, std::vector<Answer>& answers);

// Answers the request; returns when all is sent or the client is gone, which cancels the
// generations. Throws ApiError when a generation fails before anything was sent.
void AnswerRequest(Service& service, AnswerJob job, ServeWriter& writer);

}  // namespace pioneer::serve::openai
