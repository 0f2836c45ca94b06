// Why: shapes over terms become a grammar: a rule for each term, a terminal for each kind of text.
#pragma once

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/grammar/grammar.h"
#include "text/grammar/json_multiples.h"
#include "text/grammar/json_schema.h"
#include "text/grammar/json_schema_evaluator.h"

namespace pioneer::grammar {

// The terminals that all of a grammar's values share.
struct JsonPunctuation {
  Expr open_object, close_object, end_object;  // "{" space, space "}", "}"
  Expr open_array, close_array, end_array;
  Expr comma;   // with space on both sides
  Regex colon;  // the same
};

class SchemaLowering {
 public:
  // `space`: what may stand between the parts of a value.
  SchemaLowering(Grammar& grammar, JsonText& text, SchemaEvaluator& evaluator, Regex space,
                 JsonNotation notation);

  // A value of the term. The grammar is complete after Finish.
  Expr Value(TermId term);
  void Finish();

 private:
  // The needs of an object that other members than the named ones must meet.
  struct Needs {
    ObjectShape object;  // without the properties that must be absent
    std::vector<ObjectShape::Existing> open;
    ObjectShape all;  // with them
  };

  Expr Body(const Shape& shape);
  std::vector<Expr> Scalars(const Shape& shape);
  std::vector<Regex> Words(const Shape& shape);  // null, false, true
  Regex Without(const CharSet& characters, Regex texts);
  Regex String(Regex texts);
  Expr OwnQuotes(Regex texts);
  Regex Key(Regex keys);

  Expr Array(const ArrayShape& array);
  Expr ArrayItems(const ArrayShape& array);
  Expr CountedItems(const ArrayShape& array);
  Expr UniqueItems(const ArrayShape& array);
  std::vector<std::string> TextsOf(TermId term);

  void ResolveExisting(ObjectShape object, size_t from, std::vector<ObjectShape::Existing> open,
                       std::vector<Needs>& out);
  Expr Object(const Needs& needs);
  Expr PlainMembers(const ObjectShape& object, const std::vector<Expr>& pairs,
                    const std::vector<Expr>& others);
  Expr OptionalMembers(const std::vector<Expr>& pairs, const std::vector<Expr>& others);
  Expr CountedMembers(const Needs& needs, const std::vector<Expr>& pairs);
  Expr Pair(Regex keys, TermId value);
  Regex OtherKeys(Regex keys, const ObjectShape& object);
  std::vector<Expr> OtherPairs(const ObjectShape& object);
  std::vector<std::pair<Expr, unsigned>> NeededPairs(const Needs& needs);
  void CountStates(int64_t n, const char* what);

  Grammar& grammar_;
  JsonText& text_;
  SchemaEvaluator& evaluator_;
  const JsonNotation notation_;
  JsonPunctuation punctuation_;
  JsonMultiples multiples_;
  std::unordered_map<TermId, Expr> values_;
  std::vector<std::pair<TermId, RuleId>> pending_;
  int64_t states_ = 0;
};

}  // namespace pioneer::grammar
