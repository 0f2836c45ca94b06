#include "train/document_encoder.h"

#include "base/error.h"

namespace pioneer {

const char* const kTrainChatTemplate =
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['role'] == 'assistant' and message['content'][:1] != '<' %}{{ ' ' }}{% endif %}"
    "{{ message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

DocumentEncoder::DocumentEncoder(const Tokenizer& tokenizer, bool needs_chat)
    : tokenizer_(tokenizer),
      end_of_text_(tokenizer.FindToken("<|endoftext|>")),
      turn_start_(tokenizer.FindToken("<|im_start|>")),
      turn_end_(tokenizer.FindToken("<|im_end|>")) {
  if (end_of_text_ < 0) end_of_text_ = tokenizer.vocabulary().eos_id;
  if (end_of_text_ < 0) {
    Fail(ErrorCode::kInvalidArgument,
         "the tokenizer has no end-of-text token; it needs \"<|endoftext|>\"");
  }
  if (needs_chat && (turn_start_ < 0 || turn_end_ < 0)) {
    Fail(ErrorCode::kInvalidArgument,
         "dialogues need a tokenizer with \"<|im_start|>\" and \"<|im_end|>\"");
  }
}

EncodedDocument DocumentEncoder::Encode(const Document& document) const {
  EncodedDocument out;
  const bool is_chat = !document.turns.empty();
  if (is_chat && document.turns[0].role.empty()) {
    AddPair(document, out);
    return out;
  }
  Add(end_of_text_, false, out);
  if (is_chat) {
    for (const ChatTurn& turn : document.turns) AddTurn(turn, out);
  } else {
    AddText(document.text, true, out);
  }
  Add(end_of_text_, !is_chat, out);
  return out;
}

void DocumentEncoder::AddPair(const Document& document, EncodedDocument& out) const {
  for (const bool second : {false, true}) {
    Add(end_of_text_, second, out);
    AddText(document.turns[second ? 1 : 0].content, second, out);
  }
}

// An answer is encoded apart from its header: when the model answers, the header is all there is.
void DocumentEncoder::AddTurn(const ChatTurn& turn, EncodedDocument& out) const {
  const bool answer = turn.role == "assistant";
  Add(turn_start_, false, out);
  if (answer) {
    AddText(turn.role + "\n", false, out);
    AddText((turn.content.starts_with('<') ? "" : " ") + turn.content, true, out);
  } else {
    AddText(turn.role + "\n" + turn.content, false, out);
  }
  Add(turn_end_, answer, out);
  AddText("\n", false, out);
}

void DocumentEncoder::Add(int32_t token, bool counted, EncodedDocument& out) const {
  out.tokens.push_back(token);
  out.counted.push_back(counted);
}

void DocumentEncoder::AddText(const std::string& text, bool counted, EncodedDocument& out) const {
  const std::vector<int32_t> ids = tokenizer_.Encode(text, {});
  out.tokens.insert(out.tokens.end(), ids.begin(), ids.end());
  out.counted.resize(out.tokens.size(), counted);
}

}  // namespace pioneer
