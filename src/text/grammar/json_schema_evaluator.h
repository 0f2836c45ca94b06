// Why: the meaning of each keyword, said once: what a schema allows (Positive) and what it forbids
// (Negative), as shapes over terms. Negation is what makes "not", "oneOf" and "if" exact.
//
// Sources: JSON Schema validation, drafts 4 to 2020-12. A keyword that cannot be held exactly
// throws Error{kUnsupported} with its name and place. Unknown keywords and unknown formats are
// annotations, as the standard says; the known formats are held (json_formats.h).
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "text/grammar/json_schema_document.h"
#include "text/grammar/json_schema_shape.h"

namespace pioneer::grammar {

// Not thread-safe. References to shapes stay valid.
class SchemaEvaluator {
 public:
  SchemaEvaluator(SchemaDocument& document, JsonText& text);

  TermTable& terms() { return terms_; }
  ShapeAlgebra& algebra() { return algebra_; }
  TermId Root() { return Term(document_.root()); }
  const Shape& ShapeOf(TermId term);
  // The values that are not of a term with at most one literal.
  TermId Not(TermId term);

 private:
  using Schema = SchemaValue;

  TermId Term(const Schema& schema, bool negated = false);
  const Shape& LiteralShape(SchemaLiteral literal);
  Shape ShapeOf(const Schema& schema, bool negated = false) {
    return ShapeOf(Term(schema, negated));
  }
  bool AreDisjoint(const Schema& a, const Schema& b);
  bool IsSurelyNothing(TermId term, int depth);
  bool IsSurelyNothing(const ObjectShape& object, int depth);

  // json_schema_evaluator.cc: keywords for every type
  Shape Positive(const Schema& schema);
  Shape PositiveKeyword(const Schema& schema, const Schema::Member& keyword);
  Shape TypeShape(const Schema& type, bool negated);
  Shape AnyOf(const Schema& list);
  Shape OneOf(const Schema& list);
  Shape Conditional(const Schema& schema);
  Shape Dependent(const std::string& name, const Schema& dependency);
  const Schema& Target(const Schema& schema, const Schema::Member& keyword);
  bool ReplacesSiblings(const Schema& schema) const;

  // json_schema_negation.cc
  Shape Negative(const Schema& schema);
  Shape NegativeKeyword(const Schema& schema, const Schema::Member& keyword);
  Shape NegativeOneOf(const Schema& list);
  Shape NegativeConditional(const Schema& schema);
  Shape NegativeDependent(const std::string& name, const Schema& dependency);
  Shape NegativeConst(const Schema& value);
  Shape NegativeEnum(const Schema& list);
  Shape NegativeObjectKeyword(const Schema& schema, const Schema::Member& keyword);
  Shape NegativeArrayKeyword(const Schema& schema, const Schema::Member& keyword);

  // json_schema_values.cc: constants, numbers, strings
  Shape Const(const Schema& value);
  Shape Enum(const Schema& list);
  Shape NumberKeyword(const Schema& schema, const Schema::Member& keyword, bool negated);
  Shape StringKeyword(const Schema& schema, const Schema::Member& keyword, bool negated);
  Shape MultipleOf(const Decimal& divisor, bool negated);
  TermId ConstTerm(const Schema& value, bool negated = false);

  // json_schema_containers.cc: arrays and objects
  Shape Arrays(const Schema& schema);
  void AddContains(const Schema& schema, ArrayShape& array);
  Shape Objects(const Schema& schema);
  void AddProperties(const Schema& schema, ObjectShape& object);
  void AddRequired(const Schema& schema, ObjectShape& object);
  void ApplyPropertyNames(const Schema& names, ObjectShape& object);
  Shape ApplyUnevaluated(const Schema& schema, Shape shape);
  Regex NamesAndPatterns(const Schema& schema);
  size_t PrefixSize(const Schema& schema) const;
  const Schema* PrefixItems(const Schema& schema) const;
  const Schema* RestItems(const Schema& schema) const;

  // Shapes of one type with all of the others.
  Shape WithNumbers(NumberShape numbers, bool others) const;
  Shape WithStrings(Regex strings, bool others) const;
  Shape WithArrays(ArrayShape array, bool others) const;
  Shape WithObjects(ObjectShape object, bool others) const;
  ObjectShape AnyObject() const;
  ObjectShape ObjectWith(const std::string& name, TermId value, bool required) const;

  // Reading keywords. They throw Error{kInvalidArgument} where the value has the wrong type.
  [[noreturn]] void FailKeyword(const Schema& schema, std::string_view keyword,
                                std::string_view what) const;
  const Schema* FindObject(const Schema& schema, const char* keyword) const;
  const Schema* FindArray(const Schema& schema, const char* keyword) const;
  std::optional<int64_t> FindCount(const Schema& schema, const char* keyword) const;
  int64_t Count(const Schema& schema, const Schema::Member& keyword) const;
  const Schema& List(const Schema& schema, const Schema::Member& keyword) const;
  const std::string& Name(const Schema& schema, const char* keyword, const Schema& item) const;

  SchemaDocument& document_;
  JsonText& text_;
  TermTable terms_;
  ShapeAlgebra algebra_;
  std::deque<Schema> made_;  // {"const": ...} of parts of constants
  std::unordered_map<const Schema*, SchemaLiteral> literal_of_;
  std::unordered_map<const Schema*, const Schema*> const_of_;
  std::vector<const Schema*> schemas_;
  std::unordered_map<SchemaLiteral, Shape> literal_shapes_;
  std::unordered_map<TermId, Shape> shapes_;
  std::set<SchemaLiteral> in_progress_;
};

// Which keywords belong together: those of one type are read at once, at the place of the first.
enum class KeywordKind : uint8_t {
  kAnnotation,  // says nothing about values
  kReference,   // $ref, $dynamicRef, $recursiveRef
  kType,
  kConst,
  kEnum,
  kAllOf,
  kAnyOf,
  kOneOf,
  kNot,
  kConditional,  // if; then and else are read with it
  kDependent,
  kNumber,
  kString,
  kArray,
  kObject,
  kUnevaluated,
  kUnsupported,
};
KeywordKind KindOf(std::string_view keyword);

}  // namespace pioneer::grammar
