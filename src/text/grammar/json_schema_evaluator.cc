#include "text/grammar/json_schema_evaluator.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace pioneer::grammar {
namespace {

constexpr int kDisjointDepth = 6;
constexpr size_t kMaxInPlaceDepth = 400;

using Kind = SchemaValue::Kind;

}  // namespace

KeywordKind KindOf(std::string_view keyword) {
  using enum KeywordKind;
  static const std::unordered_map<std::string_view, KeywordKind> kKinds = {
      {"$ref", kReference},
      {"$dynamicRef", kReference},
      {"$recursiveRef", kReference},
      {"type", kType},
      {"const", kConst},
      {"enum", kEnum},
      {"allOf", kAllOf},
      {"anyOf", kAnyOf},
      {"oneOf", kOneOf},
      {"not", kNot},
      {"if", kConditional},
      {"dependencies", kDependent},
      {"dependentRequired", kDependent},
      {"dependentSchemas", kDependent},
      {"minimum", kNumber},
      {"maximum", kNumber},
      {"exclusiveMinimum", kNumber},
      {"exclusiveMaximum", kNumber},
      {"multipleOf", kNumber},
      {"minLength", kString},
      {"maxLength", kString},
      {"pattern", kString},
      {"format", kString},
      {"items", kArray},
      {"prefixItems", kArray},
      {"additionalItems", kArray},
      {"minItems", kArray},
      {"maxItems", kArray},
      {"uniqueItems", kArray},
      {"contains", kArray},
      {"properties", kObject},
      {"patternProperties", kObject},
      {"additionalProperties", kObject},
      {"propertyNames", kObject},
      {"required", kObject},
      {"minProperties", kObject},
      {"maxProperties", kObject},
      {"unevaluatedProperties", kUnevaluated},
      {"unevaluatedItems", kUnevaluated},
      {"extends", kUnsupported},     // draft 3
      {"disallow", kUnsupported},    // draft 3
      {"divisibleBy", kUnsupported}  // draft 3
  };
  const auto found = kKinds.find(keyword);
  return found == kKinds.end() ? kAnnotation : found->second;
}

SchemaEvaluator::SchemaEvaluator(SchemaDocument& document, JsonText& text)
    : document_(document), text_(text), algebra_(text, terms_) {}

// ------------------------------------------------------------------------------------- terms

TermId SchemaEvaluator::Term(const Schema& schema, bool negated) {
  if (schema.is_boolean()) return schema.boolean != negated ? kAnyTerm : kNeverTerm;
  if (schema.is_object() && schema.members.empty()) return negated ? kNeverTerm : kAnyTerm;
  const auto [found, added] =
      literal_of_.try_emplace(&schema, static_cast<SchemaLiteral>(schemas_.size() * 2));
  if (added) schemas_.push_back(&schema);
  return terms_.Make({found->second + (negated ? 1 : 0)});
}

const Shape& SchemaEvaluator::ShapeOf(TermId term) {
  if (const auto found = shapes_.find(term); found != shapes_.end()) return found->second;
  Shape shape = term == kNeverTerm ? algebra_.Nothing() : algebra_.Any();
  if (term != kNeverTerm) {
    const std::vector<SchemaLiteral> literals = terms_.literals(term);
    for (size_t i = 0; i < literals.size(); ++i) {
      const Shape& next = LiteralShape(literals[i]);
      shape = i == 0 ? next : algebra_.Intersect(shape, next);
    }
  }
  return shapes_.emplace(term, std::move(shape)).first->second;
}

TermId SchemaEvaluator::Not(TermId term) {
  if (term == kAnyTerm) return kNeverTerm;
  if (term == kNeverTerm) return kAnyTerm;
  const std::vector<SchemaLiteral>& literals = terms_.literals(term);
  if (literals.size() != 1) {
    Fail(ErrorCode::kUnsupported, "maxContains cannot be held for a combination of schemas");
  }
  return terms_.Make({literals[0] ^ 1});
}

const Shape& SchemaEvaluator::LiteralShape(SchemaLiteral literal) {
  if (const auto found = literal_shapes_.find(literal); found != literal_shapes_.end()) {
    return found->second;
  }
  const Schema& schema = *schemas_[literal / 2];
  if (!in_progress_.insert(literal).second || in_progress_.size() > kMaxInPlaceDepth) {
    Fail(ErrorCode::kUnsupported, "the schema at {} refers to itself without end",
         document_.PathOf(schema));
  }
  struct Leave {
    std::set<SchemaLiteral>& set;
    SchemaLiteral literal;
    ~Leave() { set.erase(literal); }
  } leave{in_progress_, literal};
  Shape shape = literal % 2 == 0 ? Positive(schema) : Negative(schema);
  return literal_shapes_.emplace(literal, std::move(shape)).first->second;
}

// Looks only as deep as it takes for the usual marks: types, constants, required names. What is not
// found out counts as "may overlap".
bool SchemaEvaluator::AreDisjoint(const Schema& a, const Schema& b) {
  return IsSurelyNothing(terms_.And(Term(a), Term(b)), kDisjointDepth);
}

bool SchemaEvaluator::IsSurelyNothing(TermId term, int depth) {
  if (term == kNeverTerm) return true;
  if (term == kAnyTerm || depth == 0) return false;
  for (const SchemaLiteral literal : terms_.literals(term)) {
    if (in_progress_.contains(literal)) return false;
  }
  const Shape* shape = nullptr;
  try {
    shape = &ShapeOf(term);
  } catch (const Error&) {
    return false;  // met again, with its message, when the term itself is needed
  }
  if (shape->null || shape->no || shape->yes || !shape->numbers.empty() ||
      !text_.IsEmpty(shape->strings)) {
    return false;
  }
  for (const ArrayShape& array : shape->arrays) {
    const size_t n_needed = static_cast<size_t>(std::min<int64_t>(array.min, 8));
    bool dead = false;
    for (size_t i = 0; i < n_needed && !dead; ++i) dead = IsSurelyNothing(array.At(i), depth - 1);
    if (!dead) return false;
  }
  return std::all_of(shape->objects.begin(), shape->objects.end(),
                     [&](const ObjectShape& object) { return IsSurelyNothing(object, depth - 1); });
}

bool SchemaEvaluator::IsSurelyNothing(const ObjectShape& object, int depth) {
  return std::any_of(object.properties.begin(), object.properties.end(),
                     [&](const ObjectShape::Property& property) {
                       return property.required && IsSurelyNothing(property.value, depth);
                     });
}

// ----------------------------------------------------------------------------- every type

bool SchemaEvaluator::ReplacesSiblings(const Schema& schema) const {
  return document_.dialect() <= SchemaDialect::kDraft7 && schema.Find("$ref");
}

const SchemaValue& SchemaEvaluator::Target(const Schema& schema, const Schema::Member& keyword) {
  const auto& [name, value] = keyword;
  if (!value.is_string()) FailKeyword(schema, name, "must be a string");
  return name == "$ref" ? document_.Resolve(schema, value.text)
                        : document_.ResolveDynamic(schema, value.text);
}

Shape SchemaEvaluator::Positive(const Schema& schema) {
  if (schema.is_boolean()) return schema.boolean ? algebra_.Any() : algebra_.Nothing();
  if (!schema.is_object()) {
    Fail(ErrorCode::kInvalidArgument, "{} must be a schema (an object or a boolean), not {}",
         document_.PathOf(schema), Excerpt(schema));
  }
  if (const auto found = const_of_.find(&schema); found != const_of_.end()) {
    return Const(*found->second);
  }
  if (ReplacesSiblings(schema)) {
    for (const Schema::Member& keyword : schema.members) {
      if (keyword.first == "$ref") return ShapeOf(Target(schema, keyword));
    }
  }
  const Schema* type = schema.Find("type");
  Shape shape = type ? TypeShape(*type, false) : algebra_.Any();
  bool arrays_done = false, objects_done = false, unevaluated = false;
  for (const Schema::Member& keyword : schema.members) {
    const KeywordKind kind = KindOf(keyword.first);
    if (kind == KeywordKind::kAnnotation || kind == KeywordKind::kType) continue;
    if (kind == KeywordKind::kUnevaluated) {
      unevaluated = true;
    } else if (kind == KeywordKind::kArray) {
      if (!arrays_done) shape = algebra_.Intersect(shape, Arrays(schema));
      arrays_done = true;
    } else if (kind == KeywordKind::kObject) {
      // All at once, where "properties" stands: their order is that of the document.
      const bool here = keyword.first == "properties" || !schema.Find("properties");
      if (!objects_done && here) shape = algebra_.Intersect(shape, Objects(schema));
      objects_done |= here;
    } else {
      shape = algebra_.Intersect(shape, PositiveKeyword(schema, keyword));
    }
  }
  return unevaluated ? ApplyUnevaluated(schema, std::move(shape)) : shape;
}

Shape SchemaEvaluator::PositiveKeyword(const Schema& schema, const Schema::Member& keyword) {
  const auto& [name, value] = keyword;
  Shape shape = algebra_.Any();
  switch (KindOf(name)) {
    case KeywordKind::kReference:
      return ShapeOf(Target(schema, keyword));
    case KeywordKind::kConst:
      return Const(value);
    case KeywordKind::kEnum:
      return Enum(List(schema, keyword));
    case KeywordKind::kAllOf:
      for (const Schema& part : List(schema, keyword).items) {
        shape = algebra_.Intersect(shape, ShapeOf(part));
      }
      return shape;
    case KeywordKind::kAnyOf:
      return AnyOf(List(schema, keyword));
    case KeywordKind::kOneOf:
      return OneOf(List(schema, keyword));
    case KeywordKind::kNot:
      return ShapeOf(value, true);
    case KeywordKind::kConditional:
      return Conditional(schema);
    case KeywordKind::kDependent:
      if (!value.is_object()) FailKeyword(schema, name, "must be an object");
      for (const auto& [property, dependency] : value.members) {
        shape = algebra_.Intersect(shape, Dependent(property, dependency));
      }
      return shape;
    case KeywordKind::kNumber:
      return NumberKeyword(schema, keyword, false);
    case KeywordKind::kString:
      return StringKeyword(schema, keyword, false);
    default:
      FailKeyword(schema, name, "is not supported");
  }
}

Shape SchemaEvaluator::TypeShape(const Schema& type, bool negated) {
  const Shape any = algebra_.Any();
  Shape shape;
  const auto allow = [&](const std::string& name) {
    if (name == "null") return (shape.null = true);
    if (name == "boolean") return (shape.no = shape.yes = true);
    if (name == "number") return (shape.numbers = any.numbers, true);
    if (name == "integer") {
      if (shape.numbers.empty()) shape.numbers = {{text_.Integer(), {}}};
      return true;
    }
    if (name == "string") return (shape.strings = any.strings, true);
    if (name == "array") return (shape.arrays = any.arrays, true);
    if (name == "object") return (shape.objects = any.objects, true);
    return false;
  };
  const auto check = [&](const Schema& name) {
    if (!name.is_string() || !allow(name.text)) {
      Fail(ErrorCode::kInvalidArgument,
           "type {} at {} is none of null, boolean, integer, number, string, array, object",
           Excerpt(name), document_.PathOf(type));
    }
  };
  if (type.is_array()) {
    for (const Schema& name : type.items) check(name);
  } else {
    check(type);
  }
  if (!negated) return shape;
  Shape others = any;
  others.null = !shape.null;
  others.no = others.yes = !shape.no;
  if (!shape.numbers.empty()) others.numbers.clear();
  if (shape.numbers == std::vector<NumberShape>{{text_.Integer(), {}}}) {
    others.numbers = {{text_.NotInteger(), {}}};
  }
  if (shape.strings == any.strings) others.strings = text_.store().Nothing();
  if (!shape.arrays.empty()) others.arrays.clear();
  if (!shape.objects.empty()) others.objects.clear();
  return others;
}

// Where unevaluatedProperties looks on, a value that fits two branches has been seen by both.
Shape SchemaEvaluator::AnyOf(const Schema& list) {
  constexpr size_t kMaxOverlaps = 4;
  Shape shape;
  std::vector<Shape> branches;
  for (const Schema& part : list.items) {
    branches.push_back(ShapeOf(part));
    shape = algebra_.Union(std::move(shape), branches.back());
  }
  if (!document_.uses_unevaluated() || branches.size() > kMaxOverlaps) return shape;
  for (unsigned subset = 1; subset < 1u << branches.size(); ++subset) {
    Shape overlap = algebra_.Any();
    for (size_t i = 0; i < branches.size(); ++i) {
      if (subset >> i & 1) overlap = algebra_.Intersect(overlap, branches[i]);
    }
    shape = algebra_.Union(std::move(shape), std::move(overlap));
  }
  return shape;
}

Shape SchemaEvaluator::OneOf(const Schema& list) {
  Shape shape;
  for (const Schema& part : list.items) {
    TermId term = Term(part);
    for (const Schema& other : list.items) {
      if (&other == &part || AreDisjoint(part, other)) continue;
      term = terms_.And(term, Term(other, true));
    }
    shape = algebra_.Union(std::move(shape), ShapeOf(term));
  }
  return shape;
}

Shape SchemaEvaluator::Conditional(const Schema& schema) {
  const Schema* then_schema = schema.Find("then");
  const Schema* else_schema = schema.Find("else");
  if (!then_schema && !else_schema) return algebra_.Any();
  const Schema& condition = *schema.Find("if");
  Shape yes = ShapeOf(condition);
  if (then_schema) yes = algebra_.Intersect(yes, ShapeOf(*then_schema));
  Shape no = ShapeOf(condition, true);
  if (else_schema) no = algebra_.Intersect(no, ShapeOf(*else_schema));
  return algebra_.Union(std::move(yes), std::move(no));
}

// Without the property, or with it and what depends on it.
Shape SchemaEvaluator::Dependent(const std::string& name, const Schema& dependency) {
  Shape absent = WithObjects(ObjectWith(name, kNeverTerm, false), true);
  Shape present = WithObjects(ObjectWith(name, kAnyTerm, true), false);
  if (dependency.is_array() || dependency.is_string()) {
    ObjectShape& object = present.objects[0];
    const auto require = [&](const Schema& item) {
      const std::string& other = Name(dependency, "dependencies", item);
      const bool known = std::any_of(
          object.properties.begin(), object.properties.end(),
          [&](const ObjectShape::Property& property) { return property.name == other; });
      if (!known) object.properties.push_back({other, kAnyTerm, true, false, false});
    };
    if (dependency.is_string()) require(dependency);
    for (const Schema& item : dependency.items) require(item);
  } else {
    present = algebra_.Intersect(present, ShapeOf(dependency));
  }
  return algebra_.Union(std::move(absent), std::move(present));
}

// ---------------------------------------------------------------------------------- reading

void SchemaEvaluator::FailKeyword(const Schema& schema, std::string_view keyword,
                                  std::string_view what) const {
  Fail(ErrorCode::kInvalidArgument, "\"{}\" at {} {}", keyword, document_.PathOf(schema), what);
}

const SchemaValue* SchemaEvaluator::FindObject(const Schema& schema, const char* keyword) const {
  const Schema* value = schema.Find(keyword);
  if (value && !value->is_object()) FailKeyword(schema, keyword, "must be an object");
  return value;
}

const SchemaValue* SchemaEvaluator::FindArray(const Schema& schema, const char* keyword) const {
  const Schema* value = schema.Find(keyword);
  if (value && !value->is_array()) FailKeyword(schema, keyword, "must be an array");
  return value;
}

const SchemaValue& SchemaEvaluator::List(const Schema& schema,
                                         const Schema::Member& keyword) const {
  if (!keyword.second.is_array()) FailKeyword(schema, keyword.first, "must be an array");
  return keyword.second;
}

std::optional<int64_t> SchemaEvaluator::FindCount(const Schema& schema, const char* keyword) const {
  for (const Schema::Member& member : schema.members) {
    if (member.first == keyword) return Count(schema, member);
  }
  return std::nullopt;
}

int64_t SchemaEvaluator::Count(const Schema& schema, const Schema::Member& keyword) const {
  constexpr size_t kMaxDigits = 15;
  const Schema& value = keyword.second;
  const bool number = value.is(Kind::kNumber);
  const Decimal count = number ? Decimal::Parse(value.text) : Decimal();
  if (!number || count.negative || !count.is_integer() || count.whole.size() > kMaxDigits) {
    FailKeyword(schema, keyword.first, "must be a whole number that is not negative");
  }
  return std::stoll(count.whole);
}

const std::string& SchemaEvaluator::Name(const Schema& schema, const char* keyword,
                                         const Schema& item) const {
  if (!item.is_string()) FailKeyword(schema, keyword, "must hold strings");
  return item.text;
}

}  // namespace pioneer::grammar
