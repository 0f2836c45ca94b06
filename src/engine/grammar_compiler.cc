#include "engine/grammar_compiler.h"

#include <algorithm>
#include <utility>

#include "text/grammar/gbnf.h"
#include "text/grammar/json_schema.h"
#include "text/grammar/regex_parser.h"

namespace pioneer {
namespace {

constexpr size_t kMaxKept = 32;

grammar::Grammar RegexGrammar(const std::string& pattern) {
  grammar::Grammar grammar;
  grammar.SetStart(grammar.Terminal(grammar::ParseRegex(grammar.regexes(), pattern)));
  return grammar;
}

}  // namespace

grammar::Grammar ParseOutputGrammar(const OutputGrammar& source,
                                    const grammar::FindSpecialToken& find_token) {
  switch (source.kind) {
    case OutputGrammar::Kind::kJsonObject:
      return grammar::JsonObjectGrammar();
    case OutputGrammar::Kind::kJsonSchema:
      return grammar::JsonSchemaGrammar(source.source);
    case OutputGrammar::Kind::kRegex:
      return RegexGrammar(source.source);
    case OutputGrammar::Kind::kGbnf:
      return grammar::ParseGbnf(source.source);
    case OutputGrammar::Kind::kLark:
      return grammar::ParseLark(source.source, find_token);
    case OutputGrammar::Kind::kNone:
      break;
  }
  Fail(ErrorCode::kInternal, "no grammar to parse");
}

void CheckOutputGrammar(const OutputGrammar& source) {
  if (source.kind != OutputGrammar::Kind::kNone) ParseOutputGrammar(source);
}

std::shared_ptr<const grammar::Constraint> GrammarCompiler::Compile(const OutputGrammar& source) {
  if (source.kind == OutputGrammar::Kind::kNone) return nullptr;
  const std::string key = fmt::format("{}:{}", static_cast<int>(source.kind), source.source);
  if (auto known = Find(key)) return known;
  const auto find_token = [this](std::string_view name) {
    const int32_t token = tokenizer_.FindToken(name);
    const bool special = token >= 0 && tokenizer_.TokenBytes(token).empty();
    return special && !tokenizer_.IsEndOfGeneration(token) ? token : -1;
  };
  return Compile(key, ParseOutputGrammar(source, find_token));
}

std::shared_ptr<const grammar::Constraint> GrammarCompiler::Find(std::string_view key) {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  if (found == entries_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found);
  return found->constraint;
}

std::shared_ptr<const grammar::Constraint> GrammarCompiler::Compile(const std::string& key,
                                                                    grammar::Grammar grammar) {
  auto made = grammar::Constraint::Compile(std::move(grammar), Trie());
  const std::lock_guard lock(mutex_);
  entries_.push_front({key, made});
  if (entries_.size() > kMaxKept) entries_.pop_back();
  return made;
}

std::shared_ptr<const grammar::TokenTrie> GrammarCompiler::Trie() {
  const std::lock_guard lock(mutex_);
  if (trie_ == nullptr) trie_ = grammar::MakeTokenTrie(tokenizer_);
  return trie_;
}

}  // namespace pioneer
