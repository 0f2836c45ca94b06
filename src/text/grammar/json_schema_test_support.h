// Why: the tests of JSON Schema ask the same of it: does this schema's grammar take this text?
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/grammar/constraint.h"
#include "text/grammar/json_schema.h"
#include "text/grammar/json_schema_value.h"

namespace pioneer::grammar {

// A vocabulary of all bytes.
inline std::shared_ptr<const TokenTrie> ByteTrie() {
  static const std::shared_ptr<const TokenTrie> trie = [] {
    std::vector<std::string> tokens;
    for (int byte = 0; byte < 256; ++byte)
      tokens.push_back(std::string(1, static_cast<char>(byte)));
    return std::make_shared<TokenTrie>(tokens, std::vector<int32_t>());
  }();
  return trie;
}

class SchemaChecker {
 public:
  // Throws Error where the schema cannot be held.
  explicit SchemaChecker(std::string_view schema)
      : constraint_(Constraint::Compile(JsonSchemaGrammar(schema), ByteTrie())) {}

  bool Accepts(std::string_view text) const {
    ConstraintState state(constraint_);
    return state.AcceptBytes(text) && state.CanEnd();
  }
  bool Accepts(const SchemaValue& instance) const { return Accepts(WriteJson(instance)); }

 private:
  std::shared_ptr<const Constraint> constraint_;
};

}  // namespace pioneer::grammar
