#include "serve/openai/output_grammar.h"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "serve/api_error.h"
#include "text/grammar/json_schema_value.h"

namespace pioneer::serve::openai {
namespace {

using Kind = OutputGrammar::Kind;

// What a field's value is.
enum class Form { kObject, kSchema, kRegex, kChoice, kGbnf, kLark };

struct Spelling {
  std::vector<const char*> path;  // of the value
  Form form;
};

// The fields that say a form by being there.
const std::vector<Spelling>& Fields() {
  static const std::vector<Spelling> fields = {
      {{"json_schema"}, Form::kSchema},  // llama.cpp
      {{"grammar"}, Form::kGbnf},        // llama.cpp
      {{"guided_json"}, Form::kSchema},  // vLLM
      {{"guided_regex"}, Form::kRegex},
      {{"guided_choice"}, Form::kChoice},
      {{"guided_grammar"}, Form::kGbnf},
      {{"structured_outputs", "json"}, Form::kSchema},  // vLLM, newer
      {{"structured_outputs", "regex"}, Form::kRegex},
      {{"structured_outputs", "choice"}, Form::kChoice},
      {{"structured_outputs", "grammar"}, Form::kGbnf},
      {{"structured_outputs", "json_object"}, Form::kObject},
  };
  return fields;
}

// The types of response_format and where each has its value.
struct FormatType {
  const char* type;
  Spelling spelling;
};
const std::vector<FormatType>& FormatTypes() {
  static const std::vector<FormatType> types = {
      {"json_object", {{"response_format"}, Form::kObject}},
      {"json_schema", {{"response_format", "json_schema", "schema"}, Form::kSchema}},
      {"regex", {{"response_format", "pattern"}, Form::kRegex}},
      {"gbnf", {{"response_format", "grammar"}, Form::kGbnf}},
      {"grammar", {{"response_format", "grammar"}, Form::kGbnf}},
      {"lark", {{"response_format", "grammar"}, Form::kLark}},
  };
  return types;
}

std::string Join(const std::vector<const char*>& path) {
  return fmt::format("{}", fmt::join(path, "."));
}

const Json* FindPath(const FieldReader& body, const std::vector<const char*>& path) {
  const Json* value = body.Find(path[0]);
  std::string name = path[0];
  for (size_t i = 1; value && i < path.size(); ++i) {
    if (!value->is_object()) {
      throw InvalidField(name, "must be an object, not " + DescribeType(*value));
    }
    const auto found = value->find(path[i]);
    value = found == value->end() || found->is_null() ? nullptr : &*found;
    name += std::string(".") + path[i];
  }
  return value;
}

// The schema with its keys in the caller's order, numbers as written.
std::string SchemaText(const std::vector<const char*>& path, const Json& value,
                       std::string_view text) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object() && !value.is_boolean()) {
    throw InvalidField(Join(path), "must be a JSON Schema, not " + DescribeType(value));
  }
  const grammar::SchemaValue request = grammar::ParseSchemaValue(text);
  const grammar::SchemaValue* schema = &request;
  for (const char* key : path) schema = schema->Find(key);
  return grammar::WriteJson(*schema);
}

// The choices as one regular expression.
std::string ChoicePattern(const std::string& path, const Json& value) {
  if (!value.is_array() || value.empty() || value.size() > kMaxChoices) {
    throw InvalidField(path, fmt::format("must be an array of 1 to {} strings", kMaxChoices));
  }
  std::string pattern;
  for (size_t i = 0; i < value.size(); ++i) {
    if (i > 0) pattern += '|';
    for (const char c : RequireString(value[i], fmt::format("{}[{}]", path, i))) {
      if (std::string_view("\\^$.|?*+()[]{}/-").find(c) != std::string_view::npos) pattern += '\\';
      pattern += c;
    }
  }
  return pattern;
}

OutputGrammar Read(const Spelling& spelling, const Json& value, std::string_view text) {
  const std::string path = Join(spelling.path);
  switch (spelling.form) {
    case Form::kObject:
      return {Kind::kJsonObject, ""};
    case Form::kSchema:
      return {Kind::kJsonSchema, SchemaText(spelling.path, value, text)};
    case Form::kRegex:
      return {Kind::kRegex, RequireString(value, path)};
    case Form::kChoice:
      return {Kind::kRegex, ChoicePattern(path, value)};
    case Form::kGbnf:
      return {Kind::kGbnf, RequireString(value, path)};
    case Form::kLark:
      return {Kind::kLark, RequireString(value, path)};
  }
  return {};
}

// nullopt for text and for no response_format at all.
std::optional<Spelling> FormatSpelling(const FieldReader& body) {
  const Json* format = body.Object("response_format");
  if (!format) return std::nullopt;
  const FieldReader fields(*format, "response_format");
  const auto type = fields.String("type");
  if (!type) throw InvalidField("response_format.type", "is missing");
  if (*type == "text") return std::nullopt;
  // llama.cpp takes a schema beside json_object.
  if (*type == "json_object" && fields.Has("schema")) {
    return Spelling{{"response_format", "schema"}, Form::kSchema};
  }
  std::vector<std::string> known = {"\"text\""};
  for (const FormatType& entry : FormatTypes()) {
    if (*type == entry.type) return entry.spelling;
    known.push_back(fmt::format("\"{}\"", entry.type));
  }
  throw InvalidField("response_format.type",
                     fmt::format("must be one of {}", fmt::join(known, ", ")));
}

}  // namespace

OutputGrammar ReadOutputGrammar(const FieldReader& body, std::string_view text) {
  std::vector<Spelling> asked;
  if (auto format = FormatSpelling(body)) {
    if (!FindPath(body, format->path)) throw InvalidField(Join(format->path), "is missing");
    asked.push_back(*format);
  }
  for (const Spelling& field : Fields()) {
    const Json* value = FindPath(body, field.path);
    const bool off = !value || (field.form == Form::kObject && *value == false);
    if (!off) asked.push_back(field);
  }
  if (asked.empty()) return {};
  if (asked.size() > 1) {
    throw InvalidField(Join(asked[1].path),
                       "and " + Join(asked[0].path) + " cannot hold at the same time");
  }
  return Read(asked[0], *FindPath(body, asked[0].path), text);
}

}  // namespace pioneer::serve::openai
