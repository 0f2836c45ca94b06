// Why: any schema must become a grammar or be refused, in bounded time and memory, and what its
// grammar forces must be a text that it takes.
// room: text
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "text/grammar/constraint.h"
#include "text/grammar/json_schema.h"

namespace {

using namespace pioneer;
using namespace pioneer::grammar;

std::shared_ptr<const TokenTrie> Trie() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(std::string(1, static_cast<char>(byte)));
  for (const char* token : {"{\"", "\": ", ", ", "true", "null", "[]", "00", "}]"}) {
    tokens.push_back(token);
  }
  return std::make_shared<TokenTrie>(tokens, std::vector<int32_t>());
}

// Follows masks by the bytes of `choices`: no mask may be empty before the answer can end.
void Walk(const std::shared_ptr<const Constraint>& constraint, std::string_view choices) {
  ConstraintState state(constraint);
  TokenMask mask(constraint->trie().n_tokens());
  for (const char choice : choices) {
    state.ComputeMask(mask);
    const int n = mask.Count();
    if (n == 0) {
      if (!state.CanEnd()) std::abort();
      return;
    }
    int skip = static_cast<uint8_t>(choice) % n;
    int32_t token = 0;
    while (!mask.Has(token) || skip-- > 0) ++token;
    if (!state.Accept(token)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::shared_ptr<const TokenTrie> trie = Trie();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t cut = std::min(input.find('\0'), input.size());
  try {
    const auto constraint = Constraint::Compile(JsonSchemaGrammar(input.substr(0, cut)), trie);
    Walk(constraint, input.substr(std::min(cut + 1, input.size())).substr(0, 64));
  } catch (const Error&) {
  }
  return 0;
}
