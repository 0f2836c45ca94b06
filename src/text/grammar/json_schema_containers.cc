// Why: arrays and objects in schemas (see json_schema_evaluator.h).
#include <algorithm>

#include "base/error.h"
#include "text/grammar/json_schema_evaluator.h"

namespace pioneer::grammar {

// ------------------------------------------------------------------------------------ arrays

Shape SchemaEvaluator::WithArrays(ArrayShape array, bool others) const {
  Shape shape = others ? algebra_.Any() : algebra_.Nothing();
  shape.arrays = {std::move(array)};
  return shape;
}

// Before 2020-12, a list in "items" was what "prefixItems" is now. It means the same in any draft.
const SchemaValue* SchemaEvaluator::PrefixItems(const Schema& schema) const {
  const Schema* items = schema.Find("items");
  return items && items->is_array() ? items : FindArray(schema, "prefixItems");
}

const SchemaValue* SchemaEvaluator::RestItems(const Schema& schema) const {
  const Schema* items = schema.Find("items");
  return items && items->is_array() ? schema.Find("additionalItems") : items;
}

size_t SchemaEvaluator::PrefixSize(const Schema& schema) const {
  const Schema* prefix = PrefixItems(schema);
  return prefix ? prefix->items.size() : 0;
}

Shape SchemaEvaluator::Arrays(const Schema& schema) {
  ArrayShape array;
  if (const Schema* prefix = PrefixItems(schema)) {
    for (const Schema& item : prefix->items) array.prefix.push_back(Term(item));
    array.evaluated = static_cast<int64_t>(array.prefix.size());
  }
  if (const Schema* rest = RestItems(schema)) {
    array.rest = Term(*rest);
    array.evaluated = -1;
  }
  array.min = FindCount(schema, "minItems").value_or(0);
  array.max = FindCount(schema, "maxItems").value_or(-1);
  if (const Schema* unique = schema.Find("uniqueItems")) {
    if (!unique->is_boolean()) FailKeyword(schema, "uniqueItems", "must be true or false");
    array.unique = unique->boolean;
  }
  AddContains(schema, array);
  if (array.max >= 0 && array.min > array.max) {
    Shape shape = algebra_.Any();
    shape.arrays.clear();
    return shape;
  }
  return WithArrays(std::move(array), true);
}

void SchemaEvaluator::AddContains(const Schema& schema, ArrayShape& array) {
  const Schema* contains = schema.Find("contains");
  if (!contains) return;
  Containing containing{Term(*contains), 1, -1, 0};
  if (document_.dialect() >= SchemaDialect::kDraft2019) {
    containing.min = FindCount(schema, "minContains").value_or(1);
    containing.max = FindCount(schema, "maxContains").value_or(-1);
  }
  if (containing.min > 0 || containing.max >= 0) array.containing.push_back(containing);
}

// ----------------------------------------------------------------------------------- objects

Shape SchemaEvaluator::WithObjects(ObjectShape object, bool others) const {
  Shape shape = others ? algebra_.Any() : algebra_.Nothing();
  shape.objects = {std::move(object)};
  return shape;
}

ObjectShape SchemaEvaluator::AnyObject() const { return algebra_.Any().objects[0]; }

ObjectShape SchemaEvaluator::ObjectWith(const std::string& name, TermId value,
                                        bool required) const {
  ObjectShape object = AnyObject();
  object.properties.push_back({name, value, required, false, false});
  return object;
}

Shape SchemaEvaluator::Objects(const Schema& schema) {
  ObjectShape object = AnyObject();
  if (const Schema* patterns = FindObject(schema, "patternProperties")) {
    for (const auto& [pattern, value] : patterns->members) {
      algebra_.SplitClasses(object.others, text_.Pattern(pattern), Term(value));
    }
  }
  // A class that a pattern touched is marked as evaluated: the others are additional.
  const ObjectShape patterned = object;
  if (const Schema* additional = schema.Find("additionalProperties")) {
    const TermId value = Term(*additional);
    for (ObjectShape::KeyClass& other : object.others) {
      if (other.evaluated) continue;
      other.value = value;
      other.evaluated = true;
    }
  }
  AddProperties(schema, object);
  for (ObjectShape::Property& property : object.properties) {
    const ObjectShape::KeyClass other = algebra_.ClassOf(patterned, property.name);
    property.value = terms_.And(property.value, other.value);
  }
  AddRequired(schema, object);
  std::erase_if(object.others,
                [](const ObjectShape::KeyClass& other) { return other.value == kNeverTerm; });
  object.min = FindCount(schema, "minProperties").value_or(0);
  object.max = FindCount(schema, "maxProperties").value_or(-1);
  if (const Schema* names = schema.Find("propertyNames")) ApplyPropertyNames(*names, object);
  return WithObjects(std::move(object), true);
}

void SchemaEvaluator::AddProperties(const Schema& schema, ObjectShape& object) {
  const Schema* properties = FindObject(schema, "properties");
  if (!properties) return;
  for (const auto& [name, value] : properties->members) {
    object.properties.push_back({name, Term(value), false, true, true});
  }
}

// A required name that "properties" does not have stands behind them.
void SchemaEvaluator::AddRequired(const Schema& schema, ObjectShape& object) {
  const Schema* required = FindArray(schema, "required");
  if (!required) return;
  std::unordered_map<std::string, size_t> place;
  for (size_t i = 0; i < object.properties.size(); ++i) place[object.properties[i].name] = i;
  for (const Schema& item : required->items) {
    const std::string& name = Name(schema, "required", item);
    const auto [found, added] = place.try_emplace(name, object.properties.size());
    if (added) {
      const ObjectShape::KeyClass other = algebra_.ClassOf(object, name);
      object.properties.push_back({name, other.value, true, false, other.evaluated});
    }
    object.properties[found->second].required = true;
  }
}

void SchemaEvaluator::ApplyPropertyNames(const Schema& names, ObjectShape& object) {
  const Regex allowed = ShapeOf(names).strings;
  if (allowed == text_.FullText()) return;
  for (ObjectShape::Property& property : object.properties) {
    if (!text_.Matches(allowed, JsonText::Encode(property.name))) property.value = kNeverTerm;
  }
  for (ObjectShape::KeyClass& other : object.others) {
    other.keys =
        other.keys == text_.FullText() ? allowed : text_.store().And({other.keys, allowed});
  }
  std::erase_if(object.others,
                [&](const ObjectShape::KeyClass& other) { return text_.IsEmpty(other.keys); });
}

// ------------------------------------------------------------------------------- unevaluated

Shape SchemaEvaluator::ApplyUnevaluated(const Schema& schema, Shape shape) {
  if (const Schema* value = schema.Find("unevaluatedProperties")) {
    const TermId term = Term(*value);
    for (ObjectShape& object : shape.objects) {
      for (ObjectShape::Property& property : object.properties) {
        if (!property.evaluated) property.value = terms_.And(property.value, term);
        property.evaluated = true;
      }
      for (ObjectShape::KeyClass& other : object.others) {
        if (!other.evaluated) other.value = terms_.And(other.value, term);
        other.evaluated = true;
      }
      std::erase_if(object.others,
                    [](const ObjectShape::KeyClass& other) { return other.value == kNeverTerm; });
    }
  }
  if (const Schema* value = schema.Find("unevaluatedItems")) {
    const TermId term = Term(*value);
    for (ArrayShape& array : shape.arrays) {
      if (array.evaluated < 0) continue;
      const size_t seen = static_cast<size_t>(array.evaluated);
      while (array.prefix.size() < seen) array.prefix.push_back(array.rest);
      for (size_t i = seen; i < array.prefix.size(); ++i) {
        array.prefix[i] = terms_.And(array.prefix[i], term);
      }
      array.rest = terms_.And(array.rest, term);
      array.evaluated = -1;
    }
  }
  // Dead alternatives fall out when they are intersected.
  return algebra_.Intersect(shape, algebra_.Any());
}

}  // namespace pioneer::grammar
