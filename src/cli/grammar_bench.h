// Why: runs sets of schemas with valid and invalid instances in the form of MaskBench, token by
// token as an answer would be, and counts what was wrong and how long each mask took.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/grammar/constraint.h"
#include "text/grammar/token_trie.h"
#include "text/tokenizer.h"

namespace pioneer {

struct GrammarCase {
  struct Instance {
    bool valid = false;
    std::string text;  // as Python's json.dumps(value, ensure_ascii=False) writes it
  };
  std::string name, schema;
  std::vector<Instance> instances;
};

// One line: {"name", "schema", "tests": [{"valid", "data"}]}. Throws Error{kInvalidArgument}.
GrammarCase ParseGrammarCase(std::string_view line);

struct GrammarFailure {
  enum class Kind { kCompile, kValidation, kInvalidation };
  Kind kind;
  std::string name, reason;
};
const char* GrammarFailureName(GrammarFailure::Kind kind);

struct GrammarResult {
  int n_schemas = 0, n_passing = 0;
  int n_compile_errors = 0, n_validation_errors = 0, n_invalidation_errors = 0;
  int64_t n_tokens = 0;
  std::vector<double> first_mask_us;     // of each schema that compiles: its compilation, a mask
  std::vector<double> between_masks_us;  // of each token: a mask, and going on with the token
  std::vector<GrammarFailure> failures;  // one a schema, the worst that happened
};

// Keeps nothing between schemas but what the service keeps: the vocabulary's tree and its cache.
class GrammarBench {
 public:
  explicit GrammarBench(const Tokenizer& tokenizer);
  void Run(const GrammarCase& one);
  const GrammarResult& result() const { return result_; }

 private:
  bool Accepts(const std::string& text,
               const std::shared_ptr<const grammar::Constraint>& constraint);
  void Record(const GrammarCase& one, GrammarFailure::Kind kind, std::string reason);

  const Tokenizer& tokenizer_;
  std::shared_ptr<const grammar::TokenTrie> trie_;
  GrammarResult result_;
};

struct Quantiles {
  double average = 0, p50 = 0, p90 = 0, p99 = 0, most = 0;
};
Quantiles QuantilesOf(std::vector<double> values);

}  // namespace pioneer
