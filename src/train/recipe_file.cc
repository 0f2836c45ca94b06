#include "train/recipe_file.h"

#include "base/error.h"

namespace pioneer {

// toml++ asserts what is not always so: that behind "[" comes a name.
[[noreturn]] void RefuseToml() {
  Fail(ErrorCode::kInvalidArgument, "a table's name must stand in one line with its brackets");
}

}  // namespace pioneer

#undef NDEBUG  // else the compiler would take it for granted
#define TOML_ASSERT(expression) ((expression) ? static_cast<void>(0) : ::pioneer::RefuseToml())
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace pioneer {
namespace {

constexpr size_t kMaxRecipeBytes = size_t{1} << 24;

Json JsonOf(const toml::node& node, int depth) {
  const toml::source_position& at = node.source().begin;
  if (depth > kMaxJsonDepth) {
    Fail(ErrorCode::kInvalidArgument, "line {}: nested too deeply", at.line);
  }
  if (const toml::table* table = node.as_table()) {
    Json json = Json::object();
    for (const auto& [key, value] : *table) json[std::string(key.str())] = JsonOf(value, depth + 1);
    return json;
  }
  if (const toml::array* array = node.as_array()) {
    Json json = Json::array();
    for (const toml::node& value : *array) json.push_back(JsonOf(value, depth + 1));
    return json;
  }
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* truth = node.as_boolean()) return truth->get();
  Fail(ErrorCode::kInvalidArgument, "line {}: a date or time means nothing here; write it as text",
       at.line);
}

}  // namespace

Json ParseToml(std::string_view text) {
  try {
    return JsonOf(toml::parse(text), 0);
  } catch (const toml::parse_error& error) {
    const toml::source_position& at = error.source().begin;
    Fail(ErrorCode::kInvalidArgument, "line {}, column {}: {}", at.line, at.column,
         std::string(error.description()));
  }
}

Json ReadRecipeFile(const fs::path& path) {
  const std::string text = ReadFile(path, kMaxRecipeBytes);
  return path.extension() == ".toml" ? ParseToml(text) : ParseJson(text);
}

}  // namespace pioneer
