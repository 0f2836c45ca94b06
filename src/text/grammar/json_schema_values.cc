// Why: constants, numbers and strings in schemas (see json_schema_evaluator.h).
#include "base/error.h"
#include "text/grammar/json_formats.h"
#include "text/grammar/json_schema_evaluator.h"

namespace pioneer::grammar {

using Kind = SchemaValue::Kind;

// --------------------------------------------------------------------------------- constants

// A part of a constant, as a schema of its own.
TermId SchemaEvaluator::ConstTerm(const Schema& value, bool negated) {
  Schema& made = made_.emplace_back();
  made.kind = Kind::kObject;
  made.members.emplace_back("const", Schema());
  const_of_[&made] = &value;
  return Term(made, negated);
}

Shape SchemaEvaluator::Const(const Schema& value) {
  Shape shape;
  switch (value.kind) {
    case Kind::kNull:
      shape.null = true;
      break;
    case Kind::kBoolean:
      (value.boolean ? shape.yes : shape.no) = true;
      break;
    case Kind::kNumber:
      shape.numbers = {{text_.Equal(Decimal::Parse(value.text)), {}}};
      break;
    case Kind::kString:
      shape.strings = text_.Texts({value.text});
      break;
    case Kind::kArray: {
      ArrayShape& array = shape.arrays.emplace_back();
      for (const Schema& item : value.items) array.prefix.push_back(ConstTerm(item));
      array.rest = kNeverTerm;
      array.min = array.max = static_cast<int64_t>(value.items.size());
      array.evaluated = 0;
      break;
    }
    case Kind::kObject: {
      ObjectShape& object = shape.objects.emplace_back();
      for (const auto& [name, member] : value.members) {
        object.properties.push_back({name, ConstTerm(member), true, true, false});
      }
      break;
    }
  }
  return shape;
}

Shape SchemaEvaluator::Enum(const Schema& list) {
  Shape shape;
  std::vector<std::string> strings;
  std::vector<Regex> numbers;
  for (const Schema& value : list.items) {
    if (value.is_string()) {
      strings.push_back(value.text);
    } else if (value.is(Kind::kNumber)) {
      numbers.push_back(text_.Equal(Decimal::Parse(value.text)));
    } else {
      shape = algebra_.Union(std::move(shape), Const(value));
    }
  }
  if (!strings.empty()) shape.strings = text_.Texts(strings);
  if (!numbers.empty()) shape.numbers = {{text_.store().Or(std::move(numbers)), {}}};
  return shape;
}

// ----------------------------------------------------------------------------------- numbers

Shape SchemaEvaluator::WithNumbers(NumberShape numbers, bool others) const {
  Shape shape = others ? algebra_.Any() : algebra_.Nothing();
  shape.numbers = {std::move(numbers)};
  return shape;
}

Shape SchemaEvaluator::NumberKeyword(const Schema& schema, const Schema::Member& keyword,
                                     bool negated) {
  const auto& [name, value] = keyword;
  const bool is_bound = name != "multipleOf";
  const bool is_minimum = name == "minimum" || name == "exclusiveMinimum";
  const bool is_exclusive = name.starts_with("exclusive");
  if (is_exclusive && value.is_boolean()) {
    // Draft 4: a mark on the bound beside it, which reads it.
    return negated ? algebra_.Nothing() : algebra_.Any();
  }
  if (!value.is(Kind::kNumber)) FailKeyword(schema, name, "must be a number");
  const Decimal number = Decimal::Parse(value.text);
  if (!is_bound) return MultipleOf(number, negated);
  const Schema* mark =
      is_exclusive ? nullptr : schema.Find(is_minimum ? "exclusiveMinimum" : "exclusiveMaximum");
  const bool marked = mark && mark->is_boolean() && mark->boolean;
  const bool inclusive = !is_exclusive && !marked;
  // Not at least 3 is below 3.
  const Regex text = is_minimum != negated ? text_.Above(number, inclusive != negated)
                                           : text_.Below(number, inclusive != negated);
  return WithNumbers({text, {}}, !negated);
}

Shape SchemaEvaluator::MultipleOf(const Decimal& divisor, bool negated) {
  if (divisor.negative || divisor.is_zero()) {
    Fail(ErrorCode::kInvalidArgument, "multipleOf must be above 0");
  }
  const bool is_one = divisor.whole == "1" && divisor.fraction.empty();
  const bool is_part = divisor.whole == "0" &&
                       divisor.fraction.find_first_not_of('0') == divisor.fraction.size() - 1 &&
                       divisor.fraction.back() == '1';
  if (is_one || is_part) {
    const Regex text = text_.FractionDigits(static_cast<int>(divisor.fraction.size()));
    return WithNumbers({negated ? text_.NotNumber(text) : text, {}}, !negated);
  }
  return WithNumbers({text_.PlainNumber(), {{divisor, negated}}}, !negated);
}

// ----------------------------------------------------------------------------------- strings

Shape SchemaEvaluator::WithStrings(Regex strings, bool others) const {
  Shape shape = others ? algebra_.Any() : algebra_.Nothing();
  shape.strings = strings;
  return shape;
}

Shape SchemaEvaluator::StringKeyword(const Schema& schema, const Schema::Member& keyword,
                                     bool negated) {
  const std::string& name = keyword.first;
  const Schema& value = keyword.second;
  const auto text_of = [&]() -> const std::string& {
    if (!value.is_string()) FailKeyword(schema, name, "must be a string");
    return value.text;
  };
  Regex strings = text_.FullText();
  if (name == "minLength" || name == "maxLength") {
    const int64_t count = Count(schema, keyword);
    // Lengths are complemented among themselves: that keeps every spelling of a character.
    if (name == "minLength" && negated) {
      strings = count == 0 ? text_.store().Nothing() : text_.Length(0, count - 1);
    } else if (name == "minLength") {
      if (count > 0) strings = text_.Length(count, -1);
    } else {
      strings = negated ? text_.Length(count + 1, -1) : text_.Length(0, count);
    }
    return WithStrings(strings, !negated);
  }
  if (name == "pattern") {
    try {
      strings = text_.Pattern(text_of());
    } catch (const Error& error) {
      Fail(error.code(), "\"pattern\" at {}: {}", document_.PathOf(schema), error.what());
    }
  } else {
    const std::optional<Regex> format = FormatRegex(text_, text_of());
    if (!format) return negated ? algebra_.Nothing() : algebra_.Any();
    strings = *format;
  }
  return WithStrings(negated ? text_.NotText(strings) : strings, !negated);
}

}  // namespace pioneer::grammar
