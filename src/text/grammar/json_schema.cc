#include "text/grammar/json_schema.h"

#include "base/error.h"
#include "text/grammar/json_schema_lowering.h"

namespace pioneer::grammar {
namespace {

Regex Space(RegexStore& store, const JsonSchemaOptions& options) {
  if (options.compact) return store.Epsilon();
  const Regex indent = store.Repeat(store.Chars(CharSet{{' ', ' '}, {'\t', '\t'}}), 0, kMaxIndent);
  const Regex line =
      store.Concat({store.Optional(store.Literal("\r")), store.Literal("\n"), indent});
  return store.Optional(store.Or({store.Literal(" "), line}));
}

}  // namespace

Expr AddJsonSchema(Grammar& grammar, std::string_view schema, const JsonSchemaOptions& options) {
  JsonText text(grammar.regexes());
  SchemaDocument document(schema);
  SchemaEvaluator evaluator(document, text);
  const TermId root = evaluator.Root();
  if (evaluator.algebra().IsNothing(evaluator.ShapeOf(root))) {
    Fail(ErrorCode::kInvalidArgument, "no JSON value can satisfy the schema");
  }
  SchemaLowering lowering(grammar, text, evaluator, Space(grammar.regexes(), options),
                          options.notation);
  const Expr value = lowering.Value(root);
  lowering.Finish();
  return value;
}

Grammar JsonSchemaGrammar(std::string_view schema, const JsonSchemaOptions& options) {
  Grammar grammar;
  grammar.SetStart(AddJsonSchema(grammar, schema, options));
  return grammar;
}

Grammar JsonObjectGrammar(const JsonSchemaOptions& options) {
  return JsonSchemaGrammar(R"({"type": "object"})", options);
}

}  // namespace pioneer::grammar
