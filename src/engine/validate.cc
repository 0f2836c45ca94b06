#include "engine/validate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "base/utf8.h"

namespace pioneer {
namespace {

void CheckRange(std::string_view field, double value, double low, double high) {
  // Written so that NaN fails.
  if (value >= low && value <= high) return;
  Fail(ErrorCode::kInvalidArgument, "{} is {}; it must be from {} to {}", field, value, low, high);
}

void ValidateDry(const DryParams& dry) {
  CheckRange("dry_multiplier", dry.multiplier, 0, 100);
  CheckRange("dry_base", dry.base, 1, 8);
  CheckRange("dry_allowed_length", dry.allowed_length, 0, 1000);
  CheckRange("dry_penalty_last_n", dry.window, -1, 1 << 30);
  if (dry.sequence_breakers.size() > kMaxStopStrings) {
    Fail(ErrorCode::kInvalidArgument,
         "dry_sequence_breakers has {} strings; at most {} are allowed",
         dry.sequence_breakers.size(), kMaxStopStrings);
  }
  for (const std::string& breaker : dry.sequence_breakers) {
    if (!breaker.empty() && breaker.size() <= kMaxStopBytes) continue;
    Fail(ErrorCode::kInvalidArgument,
         "a string of dry_sequence_breakers has {} bytes; it must have 1 to {}", breaker.size(),
         kMaxStopBytes);
  }
}

void ValidateSampling(const SamplingParams& sampling, int vocab_size) {
  CheckRange("temperature", sampling.temperature, 0, 100);
  if (sampling.top_k < 0) {
    Fail(ErrorCode::kInvalidArgument, "top_k is {}; it must be 0 (off) or more", sampling.top_k);
  }
  if (!(sampling.top_p > 0 && sampling.top_p <= 1)) {
    Fail(ErrorCode::kInvalidArgument, "top_p is {}; it must be above 0 and at most 1",
         sampling.top_p);
  }
  CheckRange("min_p", sampling.min_p, 0, 1);
  if (!(sampling.typical_p > 0 && sampling.typical_p <= 1)) {
    Fail(ErrorCode::kInvalidArgument, "typical_p is {}; it must be above 0 and at most 1",
         sampling.typical_p);
  }
  ValidateDry(sampling.dry);
  if (!(sampling.repetition_penalty > 0 && sampling.repetition_penalty <= 100)) {
    Fail(ErrorCode::kInvalidArgument,
         "repetition_penalty is {}; it must be above 0 and at most 100 (1 = off)",
         sampling.repetition_penalty);
  }
  if (sampling.repetition_window < -1) {
    Fail(ErrorCode::kInvalidArgument,
         "repetition_window is {}; it must be -1 (all tokens), 0 (off) or more",
         sampling.repetition_window);
  }
  CheckRange("presence_penalty", sampling.presence_penalty, -2, 2);
  CheckRange("frequency_penalty", sampling.frequency_penalty, -2, 2);
  if (sampling.logit_bias.size() > kMaxLogitBiases) {
    Fail(ErrorCode::kInvalidArgument, "logit_bias has {} entries; at most {} are allowed",
         sampling.logit_bias.size(), kMaxLogitBiases);
  }
  for (const auto& [id, bias] : sampling.logit_bias) {
    if (id < 0 || id >= vocab_size) {
      Fail(ErrorCode::kInvalidArgument,
           "logit_bias names token {}; this model's tokens are 0 to {}", id, vocab_size - 1);
    }
    CheckRange(fmt::format("logit_bias of token {}", id), bias, -100, 100);
  }
}

void ValidateLimits(const GenerationLimits& limits) {
  if (limits.max_tokens < -1) {
    Fail(ErrorCode::kInvalidArgument,
         "max_tokens is {}; it must be 0 or more, or -1 (until the context is full)",
         limits.max_tokens);
  }
  if (limits.stop.size() > kMaxStopStrings) {
    Fail(ErrorCode::kInvalidArgument, "stop has {} strings; at most {} are allowed",
         limits.stop.size(), kMaxStopStrings);
  }
  for (const std::string& stop : limits.stop) {
    if (stop.empty() || stop.size() > kMaxStopBytes) {
      Fail(ErrorCode::kInvalidArgument, "a stop string has {} bytes; it must have 1 to {}",
           stop.size(), kMaxStopBytes);
    }
    if (!IsValidUtf8(stop)) {
      Fail(ErrorCode::kInvalidArgument, "a stop string is not valid UTF-8");
    }
  }
}

void CheckIds(const std::string& what, const std::vector<int32_t>& ids, int vocab_size) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= 0 && ids[i] < vocab_size) continue;
    Fail(ErrorCode::kInvalidArgument, "{}[{}] is token {}; this model's tokens are 0 to {}", what,
         i, ids[i], vocab_size - 1);
  }
}

void ValidateMessage(const ChatMessage& message, size_t number) {
  constexpr std::array<std::string_view, 5> kRoles = {"system", "user", "assistant", "tool",
                                                      "developer"};
  // Templates paste the role into control tokens ("<|" + role + "|>"), so only known ones pass.
  if (std::find(kRoles.begin(), kRoles.end(), message.role) == kRoles.end()) {
    Fail(ErrorCode::kInvalidArgument,
         "messages[{}].role is \"{}\"; it must be system, user, assistant, tool or developer",
         number, RepairUtf8(message.role.substr(0, 40)));
  }
  if (!message.tool_calls.empty() && message.role != "assistant") {
    Fail(ErrorCode::kInvalidArgument,
         "messages[{}].tool_calls belongs to the role assistant, not to {}", number, message.role);
  }
}

}  // namespace

void ValidateOptions(const GenerationOptions& options, int vocab_size) {
  ValidateSampling(options.sampling, vocab_size);
  ValidateLimits(options.limits);
  CheckRange("n", options.n, 1, kMaxAnswers);
  CheckRange("top_logprobs", options.top_logprobs, 0, kMaxTopLogprobs);
  if (options.cache_salt.size() > kMaxSaltBytes) {
    Fail(ErrorCode::kInvalidArgument, "cache_salt has {} bytes; at most {} are allowed",
         options.cache_salt.size(), kMaxSaltBytes);
  }
  ValidateAdapters(options.adapters);
}

void ValidateAdapters(const std::vector<AdapterUse>& adapters) {
  CheckRange("adapters (how many)", static_cast<int>(adapters.size()), 0, kMaxAdapters);
  for (const AdapterUse& use : adapters) CheckRange("adapters.scale", use.scale, -100.0, 100.0);
}

void ValidateChat(const ChatRequest& request, int vocab_size) {
  ValidateOptions(request.options, vocab_size);
  if (request.messages.empty()) {
    Fail(ErrorCode::kInvalidArgument, "messages is empty; at least one message is needed");
  }
  for (size_t i = 0; i < request.messages.size(); ++i) ValidateMessage(request.messages[i], i);
}

void ValidateCompletion(const CompletionRequest& request, int vocab_size) {
  ValidateOptions(request.options, vocab_size);
  if (const auto* ids = std::get_if<std::vector<int32_t>>(&request.prompt)) {
    CheckIds("prompt", *ids, vocab_size);
  }
}

void ValidateEmbedding(const EmbeddingRequest& request, int vocab_size) {
  if (request.texts.empty()) {
    Fail(ErrorCode::kInvalidArgument, "input is empty; at least one text is needed");
  }
  for (size_t i = 0; i < request.texts.size(); ++i) {
    if (const auto* ids = std::get_if<std::vector<int32_t>>(&request.texts[i])) {
      CheckIds(fmt::format("input[{}]", i), *ids, vocab_size);
    }
  }
}

void CheckTextLength(const std::string& what, int64_t n_tokens, int context_length) {
  if (n_tokens == 0) Fail(ErrorCode::kInvalidArgument, "{} is empty", what);
  if (n_tokens <= context_length) return;
  Fail(ErrorCode::kContextLength, "{} has {} tokens, but the context holds {}; cut the text", what,
       n_tokens, context_length);
}

void CheckPromptLength(int64_t n_prompt, int context_length) {
  if (n_prompt < context_length) return;
  Fail(ErrorCode::kContextLength,
       "the prompt has {} tokens, but the context holds {} tokens, prompt and answer together; "
       "shorten the prompt",
       n_prompt, context_length);
}

}  // namespace pioneer
