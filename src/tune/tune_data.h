// Why: what people give to learn from: JSONL, one example a line, with the fields that the
// ecosystem uses.
//   sft:  {"messages": [{"role", "content"}, ...], "tools"?: [...]}
//   dpo:  {"prompt" | "messages", "chosen", "rejected"}, each a text or a list of messages
//   grpo: {"prompt" | "messages", "answer": text | number | list of texts, "match"?: KIND}
// The file is untrusted: every fault is an error that begins with FILE:LINE. Fields that a method
// does not use are passed over, so one file may serve several.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "engine/generator.h"
#include "eval/answer_rule.h"

namespace pioneer::tune {

enum class Method { kSft, kDpo, kGrpo };

// "sft", "dpo", "grpo".
const char* MethodName(Method method);
// Throws Error{kInvalidArgument}.
Method ParseMethod(const std::string& name);

struct TuneExample {
  int64_t line = 0;                           // from 1
  std::vector<ChatMessage> messages;          // sft: all; else what comes before the answer
  std::string tools_json;                     // as in ChatRequest
  std::vector<ChatMessage> chosen, rejected;  // dpo
  eval::AnswerRule answer;                    // grpo
};

inline constexpr size_t kMaxExampleBytes = size_t{16} << 20;
inline constexpr size_t kMaxExamples = 5'000'000;
inline constexpr size_t kMaxMessages = 10'000;  // of an example

// At least one example. The file may be compressed as those of `pioneer train`. Throws
// Error{kNotFound, kIo, kCorruptFile, kInvalidArgument}.
std::vector<TuneExample> ReadTuneData(const fs::path& path, Method method);

}  // namespace pioneer::tune
