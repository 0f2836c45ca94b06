// Why: the normal form of schemas. A Shape says, type by type, which values are allowed; how deep
// values may be is left open by naming the schemas of members as terms, so recursion needs no
// special care.
//
// A Term is a set of literals: schemas that must hold and schemas that must not. It stands for
// "all of them". Terms are the states of an alternating automaton over JSON values, Shapes are its
// transitions, and intersecting two schemas is the union of two sets.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "text/grammar/json_text.h"

namespace pioneer::grammar {

// Index of a schema times two, plus one where it must not hold.
using SchemaLiteral = int32_t;
using TermId = int32_t;

inline constexpr TermId kAnyTerm = 0;    // no literals: every value
inline constexpr TermId kNeverTerm = 1;  // no value

class TermTable {
 public:
  TermTable();
  TermId Make(std::vector<SchemaLiteral> literals);
  TermId And(TermId a, TermId b);
  const std::vector<SchemaLiteral>& literals(TermId id) const { return terms_[id]; }
  int size() const { return static_cast<int>(terms_.size()); }

 private:
  std::vector<std::vector<SchemaLiteral>> terms_;
  std::map<std::vector<SchemaLiteral>, TermId> ids_;
};

// value is a multiple of `divisor` (or is not).
struct Divisor {
  Decimal divisor;
  bool negated = false;
  bool operator==(const Divisor&) const = default;
};

struct NumberShape {
  Regex text;
  std::vector<Divisor> divisors;  // all of them; only where `text` cannot say it
  bool operator==(const NumberShape&) const = default;
};

// At least min and at most max (-1: any number) elements, from index `from` on, are of a term.
struct Containing {
  TermId value = kAnyTerm;
  int64_t min = 1, max = -1;
  int64_t from = 0;
  bool operator==(const Containing&) const = default;
};

struct ArrayShape {
  std::vector<TermId> prefix;  // of the first elements
  TermId rest = kAnyTerm;      // of the others
  int64_t min = 0, max = -1;   // elements; -1: no limit
  std::vector<Containing> containing;
  bool unique = false;
  int64_t evaluated = 0;  // elements that unevaluatedItems does not see; -1: all
  bool operator==(const ArrayShape&) const = default;

  TermId At(size_t i) const { return i < prefix.size() ? prefix[i] : rest; }
};

// Members that are named come first, in this order, then the others in any order.
struct ObjectShape {
  struct Property {
    std::string name;
    TermId value = kAnyTerm;  // kNeverTerm: must be absent
    bool required = false;
    bool declared = false;   // by "properties": those come before names that are only required
    bool evaluated = false;  // unevaluatedProperties does not see it
    bool operator==(const Property&) const = default;
  };
  struct KeyClass {
    Regex keys;  // between the quotes; the names of properties are to be taken out
    TermId value = kAnyTerm;
    bool evaluated = false;
    bool operator==(const KeyClass&) const = default;
  };
  // Some member whose key is of `keys` (a named one or another) has a value of the term.
  struct Existing {
    Regex keys;
    TermId value = kAnyTerm;
    bool operator==(const Existing&) const = default;
  };

  std::vector<Property> properties;
  std::vector<KeyClass> others;  // disjoint; a key of none of them is not allowed
  std::vector<Existing> existing;
  int64_t min = 0, max = -1;  // members
  bool operator==(const ObjectShape&) const = default;
};

struct Shape {
  bool null = false, no = false, yes = false;
  std::vector<NumberShape> numbers;  // any one of them, as in the lists below
  Regex strings;                     // between the quotes; Nothing = none
  std::vector<ArrayShape> arrays;
  std::vector<ObjectShape> objects;

  bool operator==(const Shape&) const = default;
};

inline constexpr size_t kMaxAlternatives = 512;  // arrays or objects of one shape
inline constexpr size_t kMaxKeyClasses = 64;
inline constexpr size_t kMaxDivisors = 12;
inline constexpr int64_t kMaxAlgebraWork = 4'000'000;  // properties and classes looked at

// Set operations on shapes. Throws Error{kUnsupported} beyond the limits above.
class ShapeAlgebra {
 public:
  ShapeAlgebra(JsonText& text, TermTable& terms) : text_(text), terms_(terms) {}

  Shape Any() const;
  Shape Nothing() const { return {}; }
  Shape Union(Shape a, Shape b) const;
  Shape Intersect(const Shape& a, const Shape& b);
  // The value of a key that no property names, kNeverTerm where it is not allowed.
  ObjectShape::KeyClass ClassOf(const ObjectShape& object, const std::string& name);
  // Splits `others` so that each class lies inside of `keys` or outside; those inside get `value`.
  void SplitClasses(std::vector<ObjectShape::KeyClass>& classes, Regex keys, TermId inside);
  bool IsNothing(const Shape& shape);

 private:
  std::vector<NumberShape> IntersectNumbers(const Shape& a, const Shape& b);
  ArrayShape IntersectArrays(const ArrayShape& a, const ArrayShape& b);
  ObjectShape IntersectObjects(const ObjectShape& a, const ObjectShape& b);
  ObjectShape::Property MergeProperty(const ObjectShape::Property& property,
                                      const ObjectShape::Property* same, const ObjectShape& other);
  void Spend(size_t work);
  std::vector<ObjectShape::KeyClass> IntersectClasses(const ObjectShape& a, const ObjectShape& b);
  bool IsDead(const ArrayShape& array) const;
  bool IsDead(const ObjectShape& object) const;

  JsonText& text_;
  TermTable& terms_;
  int64_t work_ = 0;
};

}  // namespace pioneer::grammar
