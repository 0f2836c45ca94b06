// Why: a request's grammar, made ready for this model's vocabulary once and kept: the same schema
// comes with every request of a program.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/generator.h"
#include "text/grammar/constraint.h"
#include "text/grammar/lark.h"
#include "text/grammar/token_trie.h"
#include "text/tokenizer.h"

namespace pioneer {

// The grammar as it is run. Throws Error{kInvalidArgument, kUnsupported}: what in `source` is wrong
// or cannot be held, and where. kind must not be kNone.
grammar::Grammar ParseOutputGrammar(const OutputGrammar& source,
                                    const grammar::FindSpecialToken& find_token = {});
// Throws the same; kNone is right.
void CheckOutputGrammar(const OutputGrammar& source);

// Thread-safe. `tokenizer` must outlive it; the vocabulary's tree is made when it is first needed.
class GrammarCompiler {
 public:
  explicit GrammarCompiler(const Tokenizer& tokenizer) : tokenizer_(tokenizer) {}

  // Null for kNone. Throws as ParseOutputGrammar does.
  std::shared_ptr<const grammar::Constraint> Compile(const OutputGrammar& source);
  // A grammar made by other means; `key` names it among all others of its maker.
  std::shared_ptr<const grammar::Constraint> Find(std::string_view key);
  std::shared_ptr<const grammar::Constraint> Compile(const std::string& key,
                                                     grammar::Grammar grammar);

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const grammar::Constraint> constraint;
  };
  std::shared_ptr<const grammar::TokenTrie> Trie();

  const Tokenizer& tokenizer_;
  std::mutex mutex_;
  std::shared_ptr<const grammar::TokenTrie> trie_;
  std::list<Entry> entries_;  // most recently used first
};

}  // namespace pioneer
