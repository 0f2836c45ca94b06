// Why: any bytes must tokenize and come back, and any vocabulary must load or be refused.
// room: text
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/error.h"
#include "text/byte_alphabet.h"
#include "text/tokenizer.h"

namespace {

using namespace pioneer;

// Every line of `text` is a token, a merge or both; numbers come from its bytes.
Vocabulary VocabularyFrom(std::string_view text, uint8_t choices) {
  const std::string_view all = text;
  Vocabulary vocabulary;
  vocabulary.kind = static_cast<VocabularyKind>(choices & 3);
  vocabulary.pre_tokenizer = choices & 4 ? "deepseek-llm" : "llama-bpe";
  if (choices & 8) {
    for (int byte = 0; byte < 256; ++byte) {
      vocabulary.tokens.push_back(BytesToAlphabet(std::string(1, static_cast<char>(byte))));
    }
  }
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string line(text.substr(0, end));
    if (line.find(' ', 1) != std::string::npos)
      vocabulary.merges.push_back(line);
    else
      vocabulary.tokens.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  for (const std::string& token : vocabulary.tokens) {
    const int last = token.empty() ? 0 : static_cast<unsigned char>(token.back());
    vocabulary.scores.push_back(static_cast<float>(last % 7));
    if (choices & 16) vocabulary.types.push_back(static_cast<TokenType>(last % 8));
  }
  vocabulary.unknown_id = choices & 32 ? 0 : -1;
  vocabulary.add_space_prefix = (choices & 64) != 0;
  // A first line of the form "=EXPRESSION" is a pre-tokenizer of its own.
  if (!vocabulary.tokens.empty() && vocabulary.tokens[0].starts_with("=")) {
    vocabulary.split_expressions = {vocabulary.tokens[0].substr(1)};
  }
  if (choices & 128) vocabulary.charsmap.assign(all);
  return vocabulary;
}

void CheckIds(const Tokenizer& tokenizer, std::string_view text) {
  for (const bool parse_special : {false, true}) {
    const auto ids = tokenizer.Encode(text, {.parse_special = parse_special});
    for (const int32_t id : ids) {
      if (id < 0 || id >= tokenizer.size()) std::abort();
      tokenizer.TokenBytes(id, true);
    }
    tokenizer.Decode(ids);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const size_t cut = std::min(input.find('\0'), input.size());
  const std::string_view text = input.substr(std::min(cut + 1, input.size()));
  try {
    const auto tokenizer = MakeTokenizer(VocabularyFrom(input.substr(0, cut), data[0]));
    CheckIds(*tokenizer, text);
  } catch (const Error&) {
  }
  // All bytes, no merges, nothing special: what goes in must come out.
  static const auto plain = MakeTokenizer(VocabularyFrom("", 8));
  std::string bytes;
  for (const int32_t id : plain->Encode(text, {})) bytes += plain->TokenBytes(id);
  if (bytes != text) std::abort();
  return 0;
}
