// Why: a document becomes token ids, with a mark on each token that says whether predicting it
// counts. Conversations are written in ChatML, exactly as the exported chat template writes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "text/tokenizer.h"
#include "train/document_reader.h"

namespace pioneer {

// Jinja, goes into the exported file: "<|im_start|>role\ncontent<|im_end|>\n" for each message.
// Between an assistant's header and content is a space, except before what begins with "<": so the
// first word of an answer is the token that the same word is within a text, and copying it needs no
// table from words at a beginning to words after a space.
extern const char* const kTrainChatTemplate;

struct EncodedDocument {
  std::vector<int32_t> tokens;
  std::vector<uint8_t> counted;  // as long as tokens
};

// Immutable after construction; any thread may use it. The tokenizer must outlive it.
class DocumentEncoder {
 public:
  // Throws Error{kInvalidArgument} when the vocabulary has no end-of-text token ("<|endoftext|>" or
  // its EOS), or needs_chat and it lacks "<|im_start|>" or "<|im_end|>".
  DocumentEncoder(const Tokenizer& tokenizer, bool needs_chat);

  // Begins and ends with the end-of-text token. Text: all tokens count. Conversations: only the
  // assistant's words and the <|im_end|> behind them count. Words that look like control tokens
  // stay words. Pairs: each text begins with the end-of-text token, the second one's tokens count.
  EncodedDocument Encode(const Document& document) const;

 private:
  void AddPair(const Document& document, EncodedDocument& out) const;
  void AddTurn(const ChatTurn& turn, EncodedDocument& out) const;
  void Add(int32_t token, bool counted, EncodedDocument& out) const;
  void AddText(const std::string& text, bool counted, EncodedDocument& out) const;

  const Tokenizer& tokenizer_;
  int32_t end_of_text_, turn_start_, turn_end_;
};

}  // namespace pioneer
