#include "cli/grammar_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/clock.h"
#include "base/error.h"
#include "text/grammar/constraint.h"
#include "text/grammar/json_schema.h"
#include "text/grammar/json_schema_value.h"

namespace pioneer {
namespace {

using grammar::Constraint;
using grammar::ConstraintState;
using grammar::SchemaValue;

constexpr double kMicroseconds = 1e6;

const SchemaValue& Field(const SchemaValue& object, const char* key) {
  if (const SchemaValue* value = object.Find(key)) return *value;
  Fail(ErrorCode::kInvalidArgument, "a line of the set has no \"{}\"", key);
}

}  // namespace

GrammarCase ParseGrammarCase(std::string_view line) {
  const SchemaValue json = grammar::ParseSchemaValue(line);
  GrammarCase one;
  if (const SchemaValue* name = json.Find("name")) one.name = name->text;
  one.schema = grammar::WriteJson(Field(json, "schema"));
  for (const SchemaValue& test : Field(json, "tests").items) {
    one.instances.push_back(
        {Field(test, "valid").boolean, grammar::WriteJson(Field(test, "data"))});
  }
  return one;
}

const char* GrammarFailureName(GrammarFailure::Kind kind) {
  switch (kind) {
    case GrammarFailure::Kind::kCompile:
      return "compile error";
    case GrammarFailure::Kind::kValidation:
      return "valid instance refused";
    case GrammarFailure::Kind::kInvalidation:
      return "invalid instance accepted";
  }
  return "";
}

GrammarBench::GrammarBench(const Tokenizer& tokenizer)
    : tokenizer_(tokenizer), trie_(grammar::MakeTokenTrie(tokenizer)) {}

void GrammarBench::Record(const GrammarCase& one, GrammarFailure::Kind kind, std::string reason) {
  switch (kind) {
    case GrammarFailure::Kind::kCompile:
      ++result_.n_compile_errors;
      break;
    case GrammarFailure::Kind::kValidation:
      ++result_.n_validation_errors;
      break;
    case GrammarFailure::Kind::kInvalidation:
      ++result_.n_invalidation_errors;
      break;
  }
  result_.failures.push_back({kind, one.name, std::move(reason)});
}

bool GrammarBench::Accepts(const std::string& text,
                           const std::shared_ptr<const Constraint>& constraint) {
  ConstraintState state(constraint);
  grammar::TokenMask mask(trie_->n_tokens());
  for (const int32_t token : tokenizer_.Encode(text, {})) {
    const Stopwatch stopwatch;
    state.ComputeMask(mask);
    const bool accepted = mask.Has(token) && state.Accept(token);
    result_.between_masks_us.push_back(stopwatch.Seconds() * kMicroseconds);
    ++result_.n_tokens;
    if (!accepted) return false;
  }
  return state.CanEnd();
}

void GrammarBench::Run(const GrammarCase& one) {
  ++result_.n_schemas;
  std::shared_ptr<const Constraint> constraint;
  try {
    const Stopwatch stopwatch;
    constraint = Constraint::Compile(grammar::JsonSchemaGrammar(one.schema), trie_);
    grammar::TokenMask mask(trie_->n_tokens());
    ConstraintState(constraint).ComputeMask(mask);
    result_.first_mask_us.push_back(stopwatch.Seconds() * kMicroseconds);
  } catch (const Error& error) {
    Record(one, GrammarFailure::Kind::kCompile, error.what());
    return;
  }
  std::string refused, accepted;
  for (const GrammarCase::Instance& instance : one.instances) {
    std::string reason = instance.text;
    bool ok = false;
    try {
      ok = Accepts(instance.text, constraint);
    } catch (const Error& error) {
      reason = error.what();
    }
    if (ok && !instance.valid) accepted = reason;
    if (!ok && instance.valid) refused = reason;
  }
  if (!accepted.empty()) {
    Record(one, GrammarFailure::Kind::kInvalidation, accepted);
  } else if (!refused.empty()) {
    Record(one, GrammarFailure::Kind::kValidation, refused);
  } else {
    ++result_.n_passing;
  }
}

Quantiles QuantilesOf(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
  };
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return {sum / static_cast<double>(values.size()), at(0.5), at(0.9), at(0.99), values.back()};
}

}  // namespace pioneer
