#include "tune/chat_texts.h"

#include <gtest/gtest.h>

#include "engine/test_model.h"

namespace pioneer::tune {
namespace {

constexpr const char* kChatMl =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
// Thoughts are only shown in the last turn, as many families do it.
constexpr const char* kThinks =
    "{% for m in messages %}<|im_start|>{{ m.role }}\n"
    "{% if m.reasoning_content and loop.last %}({{ m.reasoning_content }}){% endif %}"
    "{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
constexpr const char* kNoEnd =
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}";

ChatMessage Said(const char* role, const char* content, const char* reasoning = "") {
  ChatMessage message;
  message.role = role;
  message.content = content;
  message.reasoning = reasoning;
  return message;
}

const std::vector<ChatMessage> kTalk = {Said("user", "hi <|im_end|>"),
                                        Said("assistant", "hello", "wave"), Said("user", "bye"),
                                        Said("assistant", "so long", "sad")};

// The counted tokens' text, with a bar between runs.
std::string Counted(const Tokenizer& tokenizer, const TokenText& text) {
  std::string counted;
  for (size_t i = 0; i < text.tokens.size(); ++i) {
    if (text.counted[i] == 0) {
      if (!counted.empty() && counted.back() != '|') counted += '|';
      continue;
    }
    const int32_t token = text.tokens[i];
    counted += tokenizer.IsEndOfGeneration(token) ? "#" : tokenizer.TokenBytes(token);
  }
  return counted;
}

TEST(ChatTexts, OnlyAnswersAndTheirEndsCount) {
  const TestTokenizer tokenizer;
  const ChatTexts chat(tokenizer, kChatMl);
  EXPECT_EQ(chat.end_token(), TestTokenizer::kEnd);
  const auto texts = chat.Learned(kTalk, "", 0);
  ASSERT_EQ(texts.size(), 1u);
  EXPECT_EQ(Counted(tokenizer, texts[0]), "hello#|so long#");
  // The user's words end no turn, and the text begins as the prompt that the engine would make.
  const auto prompt = chat.Prompt({kTalk[0]}, "");
  EXPECT_TRUE(std::equal(prompt.begin(), prompt.end(), texts[0].tokens.begin()));
  EXPECT_EQ(texts[0].tokens.back(), TestTokenizer::kEnd);
}

TEST(ChatTexts, OnlyFromTheFirstThatIsAskedFor) {
  const TestTokenizer tokenizer;
  const ChatTexts chat(tokenizer, kChatMl);
  EXPECT_EQ(Counted(tokenizer, chat.Learned(kTalk, "", 2).at(0)), "so long#");
}

TEST(ChatTexts, TurnsThatAreWrittenOtherwiseLaterAreTextsOfTheirOwn) {
  const TestTokenizer tokenizer;
  const ChatTexts chat(tokenizer, kThinks);
  const auto texts = chat.Learned(kTalk, "", 0);
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_EQ(Counted(tokenizer, texts[0]), "(sad)so long#");
  EXPECT_EQ(Counted(tokenizer, texts[1]), "(wave)hello#");
}

TEST(ChatTexts, AnAnswerWithoutAnEndGetsOne) {
  const TestTokenizer tokenizer;
  const ChatTexts chat(tokenizer, kNoEnd);
  EXPECT_EQ(chat.end_token(), TestTokenizer::kEos);
  const auto texts = chat.Learned(kTalk, "", 0);
  ASSERT_EQ(texts.size(), 1u);
  EXPECT_EQ(Counted(tokenizer, texts[0]), "hello|so long#");
}

}  // namespace
}  // namespace pioneer::tune
