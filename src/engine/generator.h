// Why: the one face of a model for everything above the engine: serving, search, agents, judging.
// LocalGenerator runs a model in this process; RemoteGenerator (serve/openai/remote_generator.h) asks
// another server; FakeGenerator plays a script in tests.
//
// No JSON here: requests are plain structs, answers are a stream of events.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/cancel.h"
#include "base/error.h"
#include "engine/infill_prompt.h"

namespace pioneer {

// See engine/dry_penalty.h.
struct DryParams {
  double multiplier = 0;   // 0 = off, [0, 100]
  double base = 1.75;      // [1, 8]
  int allowed_length = 2;  // repeating so few tokens costs nothing; [0, 1000]
  int window = -1;         // of the last tokens of prompt and answer; -1 = all of them
  std::vector<std::string> sequence_breakers = {"\n", ":", "\"", "*"};  // no run goes beyond these
};

struct SamplingParams {
  double temperature = 1.0;         // 0 = greedy
  int top_k = 0;                    // 0 = off
  double top_p = 1.0;               // (0, 1]
  double min_p = 0.0;               // [0, 1]; relative to the likeliest token
  double typical_p = 1.0;           // (0, 1]; the share of the tokens whose surprise is typical
  double repetition_penalty = 1.0;  // > 0; divides positive, multiplies negative logits
  int repetition_window = 1024;     // of the last tokens of prompt and answer; -1 = all of them
  double presence_penalty = 0.0;    // [-2, 2]
  double frequency_penalty = 0.0;   // [-2, 2]
  DryParams dry;
  std::optional<uint64_t> seed;  // the same seed and request give the same tokens, whatever else
                                 // runs at the same time
  std::map<int32_t, double> logit_bias;  // added to the logits; [-100, 100]
};

struct GenerationLimits {
  int max_tokens = -1;            // -1 = until the context is full
  std::vector<std::string> stop;  // never part of the text that is returned
  bool ignore_eos = false;
};

// What the answer may be; see docs/structured-output.md.
struct OutputGrammar {
  enum class Kind { kNone, kJsonObject, kJsonSchema, kRegex, kGbnf, kLark };
  Kind kind = Kind::kNone;
  std::string source;  // the schema, the pattern (of the whole answer) or the grammar
};

// An adapter that the model has beside it (model/adapter.h), and how strongly it acts.
struct AdapterUse {
  std::string name;
  double scale = 1.0;  // [-100, 100]; times what the adapter's file says
};

// Who goes first where not all can: somebody waits for an interactive answer, a batch one is done
// with what is left.
enum class Priority { kInteractive, kBatch };

struct GenerationOptions {
  SamplingParams sampling;
  GenerationLimits limits;
  OutputGrammar grammar;
  std::vector<AdapterUse> adapters;  // all act together; none = the model as it is
  int n = 1;              // answers to the same prompt
  bool logprobs = false;  // report the chosen token's log probability
  int top_logprobs = 0;   // and those of this many likeliest tokens, 0..20
  Priority priority = Priority::kInteractive;
  // Only requests with the same salt share what was computed of equal beginnings; at most
  // kMaxSaltBytes bytes.
  std::string cache_salt = {};
  // What the answer will be for the most part, such as a file that is to be edited: guesses come
  // from here, too. Changes nothing but the time it takes.
  std::string prediction = {};
};

// One message of a conversation. Text parts are joined by the wire layer.
struct ChatMessage {
  std::string role;  // "system", "user", "assistant", "tool", "developer"
  std::string content;
  std::string name;          // of the speaker or tool, or ""
  std::string tool_call_id;  // role "tool"
  struct ToolCall {
    std::string id, name, arguments_json;
  };
  std::vector<ToolCall> tool_calls;  // role "assistant"
  std::string reasoning = {};        // role "assistant": the thoughts before the content, or ""
};

// Which tools the answer may or must call.
enum class ToolChoice { kAuto, kNone, kRequired, kNamed };

struct ChatRequest {
  std::vector<ChatMessage> messages;
  std::string tools_json;  // OpenAI's tools array as text, or ""
  ToolChoice tool_choice = ToolChoice::kAuto;
  std::string tool_name;                // kNamed
  bool parallel_tool_calls = true;      // several calls in one answer
  std::string reasoning_effort;         // "none", "low", ..., or "" = the template's own
  std::string template_variables_json;  // object with further template variables, or ""
  bool add_generation_prompt = true;
  // Calls in the model's own syntax are calls even where tools_json offers none: a conversation's
  // text may describe tools.
  bool read_all_calls = false;
  GenerationOptions options;
};

struct CompletionRequest {
  std::variant<std::string, std::vector<int32_t>> prompt;
  bool echo = false;  // return the prompt's text (and logprobs, when asked for) first
  // With echo and logprobs: prompt tokens before this one come without (has_logprob is false), and
  // what earlier requests had in common with them is not run again.
  int logprobs_from = 0;
  GenerationOptions options;
};

struct TokenLogprob {
  int32_t id = -1;
  std::string bytes;   // of the token; may be part of a character
  double logprob = 0;  // natural log, of the distribution before sampling filters
};

struct TokenInfo {
  TokenLogprob chosen;
  std::vector<TokenLogprob> top;  // likeliest first
  bool has_logprob = true;  // false for the first token of an echoed prompt, and before
                            // CompletionRequest::logprobs_from
};

enum class FinishReason { kStop, kLength, kCancelled, kError, kToolCalls };

// Pieces of the answers, in order for each index.
struct TextEvent {
  int index = 0;                  // which of n
  std::string text;               // whole UTF-8 characters; may be ""
  std::vector<TokenInfo> tokens;  // those that this text ends, when logprobs were asked for
};
struct ReasoningEvent {  // thoughts, which are no part of the text
  int index = 0;
  std::string text;
};
// A call of a tool, in pieces: the first has the name, the last has `finished`. The arguments of
// all pieces together are JSON.
struct ToolCallEvent {
  int index = 0;
  int call = 0;          // which call of this answer, from 0
  std::string id, name;  // of the first piece; else ""
  std::string arguments;
  bool finished = false;
};
struct FinishEvent {
  int index = 0;
  FinishReason reason = FinishReason::kStop;
  std::string stop_sequence;  // the stop string that ended it, or ""
  std::string error;          // kError: what happened
};
struct UsageEvent {  // the last event of every generation
  int prompt_tokens = 0, completion_tokens = 0;
  int cached_tokens = 0;     // of the prompt: were known from earlier requests
  int reasoning_tokens = 0;  // of the completion tokens
  // With a prediction: guessed tokens that were right, and that were wrong.
  int accepted_tokens = 0, rejected_tokens = 0;
  double prompt_seconds = 0, generation_seconds = 0, queue_seconds = 0;
};
using GenerationEvent =
    std::variant<TextEvent, ReasoningEvent, ToolCallEvent, FinishEvent, UsageEvent>;

// A running generation. Next() is called by one thread; Cancel() by any. Destroying it cancels: the
// engine drops the sequence and frees its memory within one step.
class Generation {
 public:
  virtual ~Generation() = default;
  // Blocks for the next event; nullopt after the UsageEvent.
  virtual std::optional<GenerationEvent> Next() = 0;
  virtual void Cancel() = 0;
};

// Texts that become vectors, one each.
struct EmbeddingRequest {
  std::vector<std::variant<std::string, std::vector<int32_t>>> texts;
  std::vector<AdapterUse> adapters;
};
struct EmbeddingAnswer {
  std::vector<std::vector<float>> vectors;  // of length 1
  int64_t prompt_tokens = 0;
};

// How well each document answers the query.
struct RerankRequest {
  std::string query;
  std::vector<std::string> documents;
  std::vector<AdapterUse> adapters;
};
struct RerankAnswer {
  std::vector<double> scores;  // of each document, 0 to 1
  int64_t prompt_tokens = 0;
};

// What a model is for.
struct Abilities {
  bool generate = true, embed = false, rerank = false;
};

// Whether the model thinks before it answers, and whether ChatRequest.reasoning_effort "none"
// switches that off and any other on.
enum class Thinking { kNever, kAlways, kOnByDefault, kOffByDefault };

struct GeneratorInfo {
  std::string id;           // the model's name on the wire
  std::string description;  // "llama, 3.9 M parameters, Q8_0"
  int context_length = 0;   // tokens, prompt and answer together
  int64_t n_parameters = 0;
  int64_t created_unix_s = 0;
  int32_t bos_token = -1, eos_token = -1;  // what a text begins and ends with; -1 = no such token
  Abilities abilities;
  std::vector<AdapterUse> adapters;  // that requests may name, with the scale that is usual
  std::string base;                  // of an adapter that is offered as a model: the model's id
  Thinking thinking = Thinking::kNever;
};

struct GeneratorStats {
  int running = 0, waiting = 0;
  int64_t kv_bytes_used = 0, kv_bytes_total = 0;
  int64_t kv_bytes_cached = 0;  // of those not used: kept for requests that begin alike
  int64_t prompt_tokens_total = 0, generated_tokens_total = 0, steps_total = 0;
  int64_t cached_tokens_total = 0;    // of the prompt tokens: were known
  int64_t guessed_tokens_total = 0;   // run before they were drawn
  int64_t accepted_tokens_total = 0;  // of these: were drawn then
  int64_t cancelled_total = 0, preemptions_total = 0;
};

// Thread-safe. Start functions check the request whole and throw before anything runs:
// Error{kInvalidArgument} (a value out of range: the message names the field and its range),
// kContextLength (prompt too long: the message gives both lengths), kOverloaded (queue full).
class Generator {
 public:
  virtual ~Generator() = default;
  virtual GeneratorInfo info() const = 0;
  virtual GeneratorStats stats() const = 0;
  virtual std::unique_ptr<Generation> Chat(const ChatRequest& request) = 0;
  virtual std::unique_ptr<Generation> Complete(const CompletionRequest& request) = 0;
  // These block until the answer is there; `cancel`, from any thread, makes them throw
  // Error{kCancelled} within a step. Error{kUnsupported}: info().abilities says no.
  virtual EmbeddingAnswer Embed(const EmbeddingRequest& request, CancelToken cancel) = 0;
  virtual RerankAnswer Rerank(const RerankRequest& request, CancelToken cancel) = 0;
  // Control tokens in the text are plain text unless parse_special.
  virtual std::vector<int32_t> Tokenize(const std::string& text, bool add_special,
                                        bool parse_special = false) const = 0;
  virtual std::string Detokenize(const std::vector<int32_t>& tokens) const = 0;
  // The bytes of one token, which may be part of a character; control tokens give their name.
  virtual std::string TokenBytes(int32_t token) const = 0;
  // See engine/infill_prompt.h; a model that cannot throws Error{kUnsupported}.
  virtual std::vector<int32_t> InfillPrompt(const InfillRequest& request, int max_tokens) const;
};

}  // namespace pioneer
