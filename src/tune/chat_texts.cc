#include "tune/chat_texts.h"

#include <algorithm>

#include "base/error.h"

namespace pioneer::tune {
namespace {

size_t CommonLength(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  return static_cast<size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first -
                             a.begin());
}

void Mark(size_t begin, size_t end, TokenText& text) {
  std::fill(text.counted.begin() + static_cast<int64_t>(begin),
            text.counted.begin() + static_cast<int64_t>(end), uint8_t{1});
}

}  // namespace

ChatTexts::ChatTexts(const Tokenizer& tokenizer, const std::string& chat_template)
    : tokenizer_(tokenizer), prompt_(tokenizer, chat_template), end_token_(FindEndToken()) {}

std::vector<int32_t> ChatTexts::Render(const std::vector<ChatMessage>& messages, size_t n,
                                       const std::string& tools_json, bool ask) const {
  ChatRequest request;
  request.messages.assign(messages.begin(), messages.begin() + static_cast<int64_t>(n));
  request.tools_json = tools_json;
  request.add_generation_prompt = ask;
  return prompt_.Tokens(request);
}

// The one that the template itself writes behind an answer, else the vocabulary's.
int32_t ChatTexts::FindEndToken() const {
  ChatMessage question, answer;
  question.role = "user";
  answer.role = "assistant";
  question.content = answer.content = "a";
  try {
    const std::vector<int32_t> tokens = Render({question, answer}, 2, "", false);
    const size_t begin = CommonLength(tokens, Render({question}, 1, "", true));
    const auto end =
        std::find_if(tokens.rbegin(), tokens.rend() - static_cast<int64_t>(begin),
                     [&](int32_t token) { return tokenizer_.IsEndOfGeneration(token); });
    if (end != tokens.rend() - static_cast<int64_t>(begin)) return *end;
  } catch (const Error&) {
    // A template that refuses this refuses the data's conversations in its own words.
  }
  return tokenizer_.vocabulary().eos_id;
}

std::vector<int32_t> ChatTexts::Prompt(const std::vector<ChatMessage>& messages,
                                       const std::string& tools_json) const {
  return Render(messages, messages.size(), tools_json, true);
}

std::vector<TokenText> ChatTexts::Learned(const std::vector<ChatMessage>& messages,
                                          const std::string& tools_json, size_t first) const {
  std::vector<TokenText> texts;
  for (size_t i = messages.size(); i-- > first;) {
    if (messages[i].role != "assistant") continue;
    std::vector<int32_t> said = Render(messages, i + 1, tools_json, false);
    const size_t begin = CommonLength(said, Render(messages, i, tools_json, true));
    // What the template writes behind the end of the turn is not the assistant's.
    size_t end = said.size();
    while (end > begin && !tokenizer_.IsEndOfGeneration(said[end - 1])) --end;
    const bool has_end = end > begin;
    said.resize(has_end ? end : said.size());
    auto place = std::find_if(texts.begin(), texts.end(), [&](const TokenText& text) {
      return CommonLength(said, text.tokens) == said.size();
    });
    const size_t n_said = said.size();
    if (place == texts.end()) {
      if (!has_end && end_token_ >= 0) said.push_back(end_token_);
      TokenText text{std::move(said), {}};
      text.counted.assign(text.tokens.size(), 0);
      Mark(n_said, text.tokens.size(), text);
      place = texts.insert(texts.end(), std::move(text));
    }
    Mark(std::max<size_t>(begin, 1), n_said, *place);
  }
  return texts;
}

}  // namespace pioneer::tune
