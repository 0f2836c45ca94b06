// Why: whether a grammar has a text, for tests of what becomes a grammar.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/grammar/constraint.h"

namespace pioneer::grammar {

inline constexpr int32_t kEndToken = 260;

// A vocabulary of the 256 bytes, spelled tokens 256 to 259, and an end token.
inline std::shared_ptr<const TokenTrie> ByteVocabulary() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  for (int id = 256; id < 260; ++id) tokens.push_back(SpecialTokenSpelling(id));
  tokens.emplace_back();
  return std::make_shared<TokenTrie>(std::move(tokens), std::vector<int32_t>{kEndToken});
}

class Matcher {
 public:
  explicit Matcher(Grammar grammar)
      : constraint_(Constraint::Compile(std::move(grammar), ByteVocabulary())) {}
  bool operator()(std::string_view text) const {
    ConstraintState state(constraint_);
    return state.AcceptBytes(text) && state.CanEnd();
  }
  ConstraintState Start() const { return ConstraintState(constraint_); }

 private:
  std::shared_ptr<const Constraint> constraint_;
};

template <typename Make>
std::string MessageOf(const Make& make) {
  try {
    Matcher matcher(make());
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace pioneer::grammar
