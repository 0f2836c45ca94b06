// Why: a conversation becomes tokens exactly as the model's own chat template writes them when it
// is served, and only what the assistant says is learned.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/chat_prompt.h"
#include "text/tokenizer.h"
#include "tune/packed_texts.h"

namespace pioneer::tune {

// Immutable; any thread may use it.
class ChatTexts {
 public:
  // The tokenizer must outlive it; "" = the engine's default template.
  ChatTexts(const Tokenizer& tokenizer, const std::string& chat_template);

  // What the model is asked to continue.
  std::vector<int32_t> Prompt(const std::vector<ChatMessage>& messages,
                              const std::string& tools_json) const;

  // The assistant's messages from `first` on are learned, each with the token that ends it. Nearly
  // always that is one text; templates that write earlier turns otherwise than the last (thoughts
  // left out) give one text more for each turn that stands in no other as it was said.
  std::vector<TokenText> Learned(const std::vector<ChatMessage>& messages,
                                 const std::string& tools_json, size_t first) const;

  // What the assistant's messages end with.
  int32_t end_token() const { return end_token_; }

 private:
  std::vector<int32_t> Render(const std::vector<ChatMessage>& messages, size_t n,
                              const std::string& tools_json, bool ask) const;
  int32_t FindEndToken() const;

  const Tokenizer& tokenizer_;
  ChatPrompt prompt_;
  int32_t end_token_;
};

}  // namespace pioneer::tune
