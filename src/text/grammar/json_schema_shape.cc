#include "text/grammar/json_schema_shape.h"

#include <algorithm>
#include <unordered_map>

#include "base/error.h"

namespace pioneer::grammar {
namespace {

constexpr SchemaLiteral kNeverLiteral = -1;

int64_t LeastMax(int64_t a, int64_t b) {
  if (a < 0 || b < 0) return std::max(a, b);
  return std::min(a, b);
}

template <typename T>
void Append(std::vector<T>& to, const std::vector<T>& from) {
  for (const T& item : from) {
    if (std::find(to.begin(), to.end(), item) == to.end()) to.push_back(item);
  }
}

void CheckAlternatives(size_t n) {
  if (n > kMaxAlternatives) {
    Fail(ErrorCode::kUnsupported,
         "the schema combines into more than {} different kinds of objects or arrays at one place "
         "(anyOf, oneOf, not, if, dependencies); state fewer combinations",
         kMaxAlternatives);
  }
}

}  // namespace

// ------------------------------------------------------------------------------------- terms

TermTable::TermTable() {
  terms_ = {{}, {kNeverLiteral}};
  ids_ = {{terms_[0], kAnyTerm}, {terms_[1], kNeverTerm}};
}

TermId TermTable::Make(std::vector<SchemaLiteral> literals) {
  std::sort(literals.begin(), literals.end());
  literals.erase(std::unique(literals.begin(), literals.end()), literals.end());
  for (size_t i = 0; i < literals.size(); ++i) {
    const bool both = i > 0 && literals[i] == (literals[i - 1] ^ 1) && (literals[i] & 1) == 1;
    if (literals[i] == kNeverLiteral || both) return kNeverTerm;
  }
  const auto [found, added] = ids_.try_emplace(literals, size());
  if (added) terms_.push_back(std::move(literals));
  return found->second;
}

TermId TermTable::And(TermId a, TermId b) {
  if (a == b || b == kAnyTerm) return a;
  if (a == kAnyTerm) return b;
  if (a == kNeverTerm || b == kNeverTerm) return kNeverTerm;
  std::vector<SchemaLiteral> all = terms_[a];
  all.insert(all.end(), terms_[b].begin(), terms_[b].end());
  return Make(std::move(all));
}

// ------------------------------------------------------------------------------------ shapes

Shape ShapeAlgebra::Any() const {
  Shape shape;
  shape.null = shape.no = shape.yes = true;
  shape.numbers = {{text_.AnyNumber(), {}}};
  shape.strings = text_.FullText();
  shape.arrays.emplace_back();
  shape.objects.emplace_back().others = {{text_.FullText(), kAnyTerm, false}};
  return shape;
}

Shape ShapeAlgebra::Union(Shape a, Shape b) const {
  a.null |= b.null;
  a.no |= b.no;
  a.yes |= b.yes;
  std::vector<Regex> plain;
  for (const auto* numbers : {&a.numbers, &b.numbers}) {
    for (const NumberShape& number : *numbers) {
      if (number.divisors.empty()) plain.push_back(number.text);
    }
  }
  std::erase_if(a.numbers, [](const NumberShape& n) { return n.divisors.empty(); });
  std::erase_if(b.numbers, [](const NumberShape& n) { return n.divisors.empty(); });
  Append(a.numbers, b.numbers);
  if (!plain.empty()) a.numbers.push_back({text_.store().Or(std::move(plain)), {}});
  a.strings = text_.store().Or({a.strings, b.strings});
  Append(a.arrays, b.arrays);
  Append(a.objects, b.objects);
  const Shape any = Any();
  if (std::count(a.arrays.begin(), a.arrays.end(), any.arrays[0])) a.arrays = any.arrays;
  if (std::count(a.objects.begin(), a.objects.end(), any.objects[0])) a.objects = any.objects;
  CheckAlternatives(std::max(a.arrays.size(), a.objects.size()));
  return a;
}

std::vector<NumberShape> ShapeAlgebra::IntersectNumbers(const Shape& a, const Shape& b) {
  std::vector<NumberShape> numbers;
  for (const NumberShape& x : a.numbers) {
    for (const NumberShape& y : b.numbers) {
      NumberShape both{text_.store().And({x.text, y.text}), x.divisors};
      if (x.text == text_.AnyNumber()) both.text = y.text;
      if (y.text == text_.AnyNumber()) both.text = x.text;
      Append(both.divisors, y.divisors);
      if (both.divisors.size() > kMaxDivisors) {
        Fail(ErrorCode::kUnsupported, "more than {} multipleOf hold at one place", kMaxDivisors);
      }
      if (!text_.IsEmpty(both.text)) numbers.push_back(std::move(both));
    }
  }
  CheckAlternatives(numbers.size());
  return numbers;
}

Shape ShapeAlgebra::Intersect(const Shape& a, const Shape& b) {
  Shape shape;
  shape.null = a.null && b.null;
  shape.no = a.no && b.no;
  shape.yes = a.yes && b.yes;
  shape.numbers = IntersectNumbers(a, b);
  shape.strings = a.strings == text_.FullText()   ? b.strings
                  : b.strings == text_.FullText() ? a.strings
                                                  : text_.store().And({a.strings, b.strings});
  for (const ArrayShape& x : a.arrays) {
    for (const ArrayShape& y : b.arrays) {
      ArrayShape both = IntersectArrays(x, y);
      if (!IsDead(both)) shape.arrays.push_back(std::move(both));
      CheckAlternatives(shape.arrays.size());
    }
  }
  for (const ObjectShape& x : a.objects) {
    for (const ObjectShape& y : b.objects) {
      ObjectShape both = IntersectObjects(x, y);
      if (!IsDead(both)) shape.objects.push_back(std::move(both));
      CheckAlternatives(shape.objects.size());
    }
  }
  return shape;
}

bool ShapeAlgebra::IsNothing(const Shape& shape) {
  return !shape.null && !shape.no && !shape.yes && shape.numbers.empty() && shape.arrays.empty() &&
         shape.objects.empty() && text_.IsEmpty(shape.strings);
}

// ------------------------------------------------------------------------------------ arrays

ArrayShape ShapeAlgebra::IntersectArrays(const ArrayShape& a, const ArrayShape& b) {
  ArrayShape both;
  const size_t n_prefix = std::max(a.prefix.size(), b.prefix.size());
  for (size_t i = 0; i < n_prefix; ++i) both.prefix.push_back(terms_.And(a.At(i), b.At(i)));
  both.rest = terms_.And(a.rest, b.rest);
  both.min = std::max(a.min, b.min);
  both.max = LeastMax(a.max, b.max);
  both.containing = a.containing;
  Append(both.containing, b.containing);
  both.unique = a.unique || b.unique;
  both.evaluated = a.evaluated < 0 || b.evaluated < 0 ? -1 : std::max(a.evaluated, b.evaluated);
  return both;
}

bool ShapeAlgebra::IsDead(const ArrayShape& array) const {
  if (array.max >= 0 && array.min > array.max) return true;
  for (size_t i = 0; i < array.prefix.size(); ++i) {
    if (array.prefix[i] == kNeverTerm && array.min > static_cast<int64_t>(i)) return true;
  }
  return array.rest == kNeverTerm && array.min > static_cast<int64_t>(array.prefix.size());
}

// ----------------------------------------------------------------------------------- objects

ObjectShape::KeyClass ShapeAlgebra::ClassOf(const ObjectShape& object, const std::string& name) {
  for (const ObjectShape::KeyClass& other : object.others) {
    const bool any = other.keys == text_.FullText() || other.keys == text_.PlainText();
    if (any || text_.Matches(other.keys, JsonText::Encode(name))) return other;
  }
  return {text_.store().Nothing(), kNeverTerm, false};
}

void ShapeAlgebra::SplitClasses(std::vector<ObjectShape::KeyClass>& classes, Regex keys,
                                TermId inside) {
  std::vector<ObjectShape::KeyClass> split;
  for (const ObjectShape::KeyClass& old : classes) {
    ObjectShape::KeyClass in = old, out = old;
    in.keys = old.keys == text_.FullText() ? keys : text_.store().And({old.keys, keys});
    in.value = terms_.And(old.value, inside);
    in.evaluated = true;
    out.keys = text_.store().And({old.keys, text_.NotText(keys)});
    for (ObjectShape::KeyClass* part : {&in, &out}) {
      if (!text_.IsEmpty(part->keys)) split.push_back(*part);
    }
  }
  if (split.size() > kMaxKeyClasses) {
    Fail(ErrorCode::kUnsupported, "patternProperties overlap in more than {} ways", kMaxKeyClasses);
  }
  classes = std::move(split);
}

std::vector<ObjectShape::KeyClass> ShapeAlgebra::IntersectClasses(const ObjectShape& a,
                                                                  const ObjectShape& b) {
  std::vector<ObjectShape::KeyClass> classes;
  for (const ObjectShape::KeyClass& x : a.others) {
    for (const ObjectShape::KeyClass& y : b.others) {
      ObjectShape::KeyClass both;
      both.keys = x.keys == text_.FullText() || x.keys == y.keys ? y.keys
                  : y.keys == text_.FullText()                   ? x.keys
                                               : text_.store().And({x.keys, y.keys});
      both.value = terms_.And(x.value, y.value);
      both.evaluated = x.evaluated || y.evaluated;
      if (both.value == kNeverTerm || text_.IsEmpty(both.keys)) continue;
      classes.push_back(both);
      if (classes.size() > kMaxKeyClasses) {
        Fail(ErrorCode::kUnsupported, "patternProperties overlap in more than {} ways",
             kMaxKeyClasses);
      }
    }
  }
  return classes;
}

ObjectShape::Property ShapeAlgebra::MergeProperty(const ObjectShape::Property& property,
                                                  const ObjectShape::Property* same,
                                                  const ObjectShape& other) {
  ObjectShape::Property merged = property;
  if (same) {
    merged.value = terms_.And(property.value, same->value);
    merged.required |= same->required;
    merged.declared |= same->declared;
    merged.evaluated |= same->evaluated;
  } else {
    const ObjectShape::KeyClass key_class = ClassOf(other, property.name);
    merged.value = terms_.And(property.value, key_class.value);
    merged.evaluated |= key_class.evaluated;
  }
  return merged;
}

void ShapeAlgebra::Spend(size_t work) {
  work_ += static_cast<int64_t>(work) + 1;
  if (work_ > kMaxAlgebraWork) {
    Fail(ErrorCode::kUnsupported,
         "the schema combines (allOf, anyOf, oneOf, not) into too many objects; state fewer "
         "combinations");
  }
}

// The order of properties: those that a declares, those that b declares, names that are only
// required, in a and in b.
ObjectShape ShapeAlgebra::IntersectObjects(const ObjectShape& a, const ObjectShape& b) {
  Spend(a.properties.size() + b.properties.size());
  ObjectShape both;
  both.min = std::max(a.min, b.min);
  both.max = LeastMax(a.max, b.max);
  both.existing = a.existing;
  Append(both.existing, b.existing);
  both.others = IntersectClasses(a, b);
  std::unordered_map<std::string_view, const ObjectShape::Property*> in_a, in_b;
  for (const ObjectShape::Property& property : a.properties) in_a[property.name] = &property;
  for (const ObjectShape::Property& property : b.properties) in_b[property.name] = &property;
  std::vector<ObjectShape::Property> undeclared;
  const auto add = [&](ObjectShape::Property property) {
    (property.declared ? both.properties : undeclared).push_back(std::move(property));
  };
  // A property that b alone declares stands among those of b.
  const auto belongs_to_b = [&](const ObjectShape::Property& in_first,
                                const ObjectShape::Property* in_second) {
    return in_second && !in_first.declared && in_second->declared;
  };
  for (const ObjectShape::Property& property : a.properties) {
    const auto found = in_b.find(property.name);
    const ObjectShape::Property* same = found == in_b.end() ? nullptr : found->second;
    if (!belongs_to_b(property, same)) add(MergeProperty(property, same, b));
  }
  for (const ObjectShape::Property& property : b.properties) {
    const auto found = in_a.find(property.name);
    const ObjectShape::Property* same = found == in_a.end() ? nullptr : found->second;
    if (!same || belongs_to_b(*same, &property)) add(MergeProperty(property, same, a));
  }
  both.properties.insert(both.properties.end(), undeclared.begin(), undeclared.end());
  return both;
}

bool ShapeAlgebra::IsDead(const ObjectShape& object) const {
  if (object.max >= 0 && object.min > object.max) return true;
  int64_t n_required = 0;
  for (const ObjectShape::Property& property : object.properties) {
    if (property.required && property.value == kNeverTerm) return true;
    if (property.required) ++n_required;
  }
  return object.max >= 0 && n_required > object.max;
}

}  // namespace pioneer::grammar
