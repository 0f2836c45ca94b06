// Why: every generator refuses the same bad requests with the same words, before anything runs.
#pragma once

#include "engine/generator.h"

namespace pioneer {

inline constexpr int kMaxAnswers = 128;
inline constexpr int kMaxTopLogprobs = 20;
inline constexpr int kMaxStopStrings = 64;
inline constexpr int kMaxStopBytes = 4096;
inline constexpr int kMaxLogitBiases = 65536;
inline constexpr int kMaxAdapters = 16;  // of one request
inline constexpr int kMaxSaltBytes = 256;

// Throws Error{kInvalidArgument} that names the field, its value and the range allowed.
// vocab_size bounds the ids of logit_bias.
void ValidateOptions(const GenerationOptions& options, int vocab_size);

// At most kMaxAdapters, their scales in range.
void ValidateAdapters(const std::vector<AdapterUse>& adapters);

// The options, and: at least one message, known roles, roles where their fields belong.
void ValidateChat(const ChatRequest& request, int vocab_size);

// The options, and: token ids of the prompt are in the vocabulary.
void ValidateCompletion(const CompletionRequest& request, int vocab_size);

// At least one text; token ids in the vocabulary.
void ValidateEmbedding(const EmbeddingRequest& request, int vocab_size);

// Throws Error{kContextLength} for a text (named `what`) of more tokens than the context, and
// kInvalidArgument for one without any.
void CheckTextLength(const std::string& what, int64_t n_tokens, int context_length);

// Throws Error{kContextLength} with both lengths when n_prompt tokens leave no room for an answer.
void CheckPromptLength(int64_t n_prompt, int context_length);

}  // namespace pioneer
