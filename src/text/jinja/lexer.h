// Why: cuts a template into text and the tokens of its tags, and applies Jinja's rules on white
// space, with trim_blocks and lstrip_blocks on, as transformers has them.
//
// Source: https://jinja.palletsprojects.com/en/stable/templates/#whitespace-control
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer::jinja {

enum class TokenKind : uint8_t {
  kText,
  kBlockBegin,     // {%
  kBlockEnd,       // %}
  kVariableBegin,  // {{
  kVariableEnd,    // }}
  kName,
  kString,
  kInt,
  kFloat,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;  // strings without quotes and escapes
  int line = 0;
  int64_t integer = 0;
  double number = 0;

  bool Is(TokenKind k, std::string_view t) const { return kind == k && text == t; }
  bool IsOperator(std::string_view t) const { return Is(TokenKind::kOperator, t); }
  bool IsName(std::string_view t) const { return Is(TokenKind::kName, t); }
};

inline constexpr size_t kMaxTemplateBytes = size_t{4} << 20;

// The last token is kEnd. Throws Error{kInvalidArgument} with the line.
std::vector<Token> Tokenize(std::string_view source);

}  // namespace pioneer::jinja
