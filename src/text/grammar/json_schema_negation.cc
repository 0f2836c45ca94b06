// Why: what each keyword forbids (see json_schema_evaluator.h). The negation of a schema is the
// union of the negations of its keywords.
#include "base/error.h"
#include "text/grammar/json_schema_evaluator.h"

namespace pioneer::grammar {

Shape SchemaEvaluator::Negative(const Schema& schema) {
  if (schema.is_boolean()) return schema.boolean ? algebra_.Nothing() : algebra_.Any();
  if (!schema.is_object()) return Positive(schema);  // which says what is wrong
  if (const auto found = const_of_.find(&schema); found != const_of_.end()) {
    return NegativeConst(*found->second);
  }
  const bool replaces_siblings = ReplacesSiblings(schema);
  Shape shape;
  for (const Schema::Member& keyword : schema.members) {
    const KeywordKind kind = KindOf(keyword.first);
    if (kind == KeywordKind::kAnnotation) continue;
    if (replaces_siblings && keyword.first != "$ref") continue;
    shape = algebra_.Union(std::move(shape), NegativeKeyword(schema, keyword));
  }
  // What a negated schema has seen does not count for unevaluatedProperties and its like.
  for (ArrayShape& array : shape.arrays) array.evaluated = 0;
  for (ObjectShape& object : shape.objects) {
    for (ObjectShape::Property& property : object.properties) property.evaluated = false;
    for (ObjectShape::KeyClass& other : object.others) other.evaluated = false;
  }
  return shape;
}

Shape SchemaEvaluator::NegativeKeyword(const Schema& schema, const Schema::Member& keyword) {
  const auto& [name, value] = keyword;
  Shape shape;
  switch (KindOf(name)) {
    case KeywordKind::kReference:
      return ShapeOf(Target(schema, keyword), true);
    case KeywordKind::kType:
      return TypeShape(value, true);
    case KeywordKind::kConst:
      return NegativeConst(value);
    case KeywordKind::kEnum:
      return NegativeEnum(List(schema, keyword));
    case KeywordKind::kAllOf:
      for (const Schema& part : List(schema, keyword).items) {
        shape = algebra_.Union(std::move(shape), ShapeOf(part, true));
      }
      return shape;
    case KeywordKind::kAnyOf:
      shape = algebra_.Any();
      for (const Schema& part : List(schema, keyword).items) {
        shape = algebra_.Intersect(shape, ShapeOf(part, true));
      }
      return shape;
    case KeywordKind::kOneOf:
      return NegativeOneOf(List(schema, keyword));
    case KeywordKind::kNot:
      return ShapeOf(value);
    case KeywordKind::kConditional:
      return NegativeConditional(schema);
    case KeywordKind::kDependent:
      if (!value.is_object()) FailKeyword(schema, name, "must be an object");
      for (const auto& [property, dependency] : value.members) {
        shape = algebra_.Union(std::move(shape), NegativeDependent(property, dependency));
      }
      return shape;
    case KeywordKind::kNumber:
      return NumberKeyword(schema, keyword, true);
    case KeywordKind::kString:
      return StringKeyword(schema, keyword, true);
    case KeywordKind::kArray:
      return NegativeArrayKeyword(schema, keyword);
    case KeywordKind::kObject:
      return NegativeObjectKeyword(schema, keyword);
    default:
      Fail(ErrorCode::kUnsupported,
           "\"{}\" at {} cannot be held where it is negated (not, oneOf, if)", name,
           document_.PathOf(schema));
  }
}

// None of them, or at least two.
Shape SchemaEvaluator::NegativeOneOf(const Schema& list) {
  Shape none = algebra_.Any();
  Shape shape;
  for (const Schema& part : list.items) none = algebra_.Intersect(none, ShapeOf(part, true));
  for (size_t i = 0; i < list.items.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (AreDisjoint(list.items[i], list.items[j])) continue;
      const TermId both = terms_.And(Term(list.items[i]), Term(list.items[j]));
      shape = algebra_.Union(std::move(shape), ShapeOf(both));
    }
  }
  return algebra_.Union(std::move(none), std::move(shape));
}

Shape SchemaEvaluator::NegativeConditional(const Schema& schema) {
  const Schema& condition = *schema.Find("if");
  Shape shape;
  if (const Schema* then_schema = schema.Find("then")) {
    shape = algebra_.Intersect(ShapeOf(condition), ShapeOf(*then_schema, true));
  }
  if (const Schema* else_schema = schema.Find("else")) {
    shape = algebra_.Union(std::move(shape), algebra_.Intersect(ShapeOf(condition, true),
                                                                ShapeOf(*else_schema, true)));
  }
  return shape;
}

Shape SchemaEvaluator::NegativeDependent(const std::string& name, const Schema& dependency) {
  const Shape present = WithObjects(ObjectWith(name, kAnyTerm, true), false);
  if (!dependency.is_array() && !dependency.is_string()) {
    return algebra_.Intersect(present, ShapeOf(dependency, true));
  }
  Shape shape;
  const auto lacks = [&](const Schema& item) {
    const std::string& other = Name(dependency, "dependencies", item);
    const Shape absent = WithObjects(ObjectWith(other, kNeverTerm, false), false);
    shape = algebra_.Union(std::move(shape), algebra_.Intersect(present, absent));
  };
  if (dependency.is_string()) lacks(dependency);
  for (const Schema& item : dependency.items) lacks(item);
  return shape;
}

// --------------------------------------------------------------------------------- constants

Shape SchemaEvaluator::NegativeConst(const Schema& value) {
  Shape shape = algebra_.Any();
  const Shape same = Const(value);
  if (same.null) shape.null = false;
  if (same.no) shape.no = false;
  if (same.yes) shape.yes = false;
  for (const NumberShape& number : same.numbers) {
    shape.numbers = {{text_.NotNumber(number.text), {}}};
  }
  if (value.is_string()) shape.strings = text_.NotText(same.strings);
  if (value.is_array()) {
    const int64_t size = static_cast<int64_t>(value.items.size());
    shape.arrays.clear();
    if (size > 0) shape.arrays.emplace_back().max = size - 1;
    shape.arrays.emplace_back().min = size + 1;
    for (const Schema& item : value.items) {
      ArrayShape& array = shape.arrays.emplace_back();
      array.prefix.resize(&item - value.items.data(), kAnyTerm);
      array.prefix.push_back(ConstTerm(item, true));
      array.min = static_cast<int64_t>(array.prefix.size());
    }
  }
  if (value.is_object()) {
    shape.objects.clear();
    std::vector<std::string> names;
    for (const auto& [name, member] : value.members) {
      names.push_back(name);
      shape.objects.push_back(ObjectWith(name, kNeverTerm, false));
      shape.objects.push_back(ObjectWith(name, ConstTerm(member, true), true));
    }
    ObjectShape more = AnyObject();
    more.existing.push_back({text_.NotText(text_.Texts(names)), kAnyTerm});
    shape.objects.push_back(std::move(more));
  }
  return shape;
}

Shape SchemaEvaluator::NegativeEnum(const Schema& list) {
  Shape shape = algebra_.Any();
  const Shape same = Enum(list);
  std::vector<Regex> numbers;
  for (const NumberShape& number : same.numbers) numbers.push_back(number.text);
  if (!numbers.empty()) {
    shape.numbers = {{text_.NotNumber(text_.store().Or(std::move(numbers))), {}}};
  }
  shape.strings = text_.NotText(same.strings);
  for (const Schema& value : list.items) {
    if (value.is_string() || value.is(SchemaValue::Kind::kNumber)) continue;
    shape = algebra_.Intersect(shape, NegativeConst(value));
  }
  return shape;
}

// -------------------------------------------------------------------------------- containers

Shape SchemaEvaluator::NegativeArrayKeyword(const Schema& schema, const Schema::Member& keyword) {
  const auto& [name, value] = keyword;
  Shape shape;
  ArrayShape array;
  if (name == "minItems") {
    array.max = Count(schema, keyword) - 1;
    if (array.max < 0) return shape;
  } else if (name == "maxItems") {
    array.min = Count(schema, keyword) + 1;
  } else if (name == "contains") {
    const Shape positive = Arrays(schema);
    for (const ArrayShape& with : positive.arrays) {
      for (const Containing& containing : with.containing) {
        if (containing.min > 0) {
          shape.arrays.emplace_back().containing = {{containing.value, 0, containing.min - 1, 0}};
        }
        if (containing.max >= 0) {
          shape.arrays.emplace_back().containing = {{containing.value, containing.max + 1, -1, 0}};
        }
      }
    }
    return shape;
  } else if (&value == PrefixItems(schema)) {
    for (size_t i = 0; i < value.items.size(); ++i) {
      ArrayShape& wrong = shape.arrays.emplace_back();
      wrong.prefix.resize(i, kAnyTerm);
      wrong.prefix.push_back(Term(value.items[i], true));
      wrong.min = static_cast<int64_t>(i) + 1;
    }
    return shape;
  } else if (&value == RestItems(schema)) {
    const int64_t from = static_cast<int64_t>(PrefixSize(schema));
    array.containing = {{Term(value, true), 1, -1, from}};
  } else if (name == "uniqueItems" && (!value.is_boolean() || value.boolean)) {
    Fail(ErrorCode::kUnsupported,
         "\"uniqueItems\" at {} cannot be held where it is negated (not, oneOf, if)",
         document_.PathOf(schema));
  } else {
    return shape;
  }
  return WithArrays(std::move(array), false);
}

// The keys that "properties" and "patternProperties" are about.
Regex SchemaEvaluator::NamesAndPatterns(const Schema& schema) {
  std::vector<Regex> keys;
  std::vector<std::string> names;
  if (const Schema* properties = FindObject(schema, "properties")) {
    for (const auto& [name, value] : properties->members) names.push_back(name);
  }
  if (!names.empty()) keys.push_back(text_.Texts(names));
  if (const Schema* patterns = FindObject(schema, "patternProperties")) {
    for (const auto& [pattern, value] : patterns->members) keys.push_back(text_.Pattern(pattern));
  }
  return text_.store().Or(std::move(keys));
}

Shape SchemaEvaluator::NegativeObjectKeyword(const Schema& schema, const Schema::Member& keyword) {
  const auto& [name, value] = keyword;
  Shape shape;
  const auto existing = [&](Regex keys, TermId term) {
    ObjectShape& object = shape.objects.emplace_back(AnyObject());
    object.existing.push_back({keys, term});
  };
  if (name == "minProperties" || name == "maxProperties") {
    const int64_t count = Count(schema, keyword);
    ObjectShape object = AnyObject();
    (name == "minProperties" ? object.max : object.min) =
        count + (name == "minProperties" ? -1 : 1);
    if (name == "maxProperties" || count > 0) shape.objects.push_back(std::move(object));
  } else if (name == "required") {
    for (const Schema& item : FindArray(schema, "required")->items) {
      shape.objects.push_back(ObjectWith(Name(schema, "required", item), kNeverTerm, false));
    }
  } else if (name == "properties") {
    for (const auto& [property, member] : FindObject(schema, "properties")->members) {
      const TermId term = Term(member, true);
      if (term != kNeverTerm) shape.objects.push_back(ObjectWith(property, term, true));
    }
  } else if (name == "patternProperties") {
    for (const auto& [pattern, member] : FindObject(schema, "patternProperties")->members) {
      const TermId term = Term(member, true);
      if (term != kNeverTerm) existing(text_.Pattern(pattern), term);
    }
  } else if (name == "additionalProperties") {
    const TermId term = Term(value, true);
    if (term != kNeverTerm) existing(text_.NotText(NamesAndPatterns(schema)), term);
  } else if (name == "propertyNames") {
    const Regex forbidden = text_.NotText(ShapeOf(value).strings);
    if (!text_.IsEmpty(forbidden)) existing(forbidden, kAnyTerm);
  }
  return shape;
}

}  // namespace pioneer::grammar
