// Why: random schemas against random values: the grammar must take exactly what a plain validator,
// written here straight from the standard's sentences, calls valid. Members are written in any
// order, so a value counts as taken when one order of its keys is.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"
#include "text/grammar/json_schema_test_support.h"

namespace pioneer::grammar {
namespace {

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  Json Schema(int depth) {
    if (Chance(12)) return Chance(2);
    Json schema = Json::object();
    const int n_keywords = 1 + Below(3);
    for (int i = 0; i < n_keywords; ++i) AddKeyword(schema, depth);
    return schema;
  }

  Json Value(int depth) {
    switch (Below(depth > 0 ? 8 : 5)) {
      case 0:
        return nullptr;
      case 1:
        return Chance(2);
      case 2:
        return Below(7) - 2;
      case 3:
        return (Below(13) - 4) * 0.5 + 0.25 * Below(2);
      case 4:
        return Text();
      case 5: {
        Json list = Json::array();
        for (int i = Below(4); i > 0; --i) list.push_back(Value(depth - 1));
        return list;
      }
      default: {
        Json object = Json::object();
        for (int i = Below(4); i > 0; --i) object[Key()] = Value(depth - 2);
        return object;
      }
    }
  }

 private:
  int Below(int n) { return static_cast<int>(random_.Below(static_cast<uint64_t>(n))); }
  bool Chance(int one_in) { return Below(one_in) == 0; }
  std::string Text() {
    static const char* const kTexts[] = {"", "a", "b", "ab", "ba", "abc", "é\"", "\n"};
    return kTexts[Below(8)];
  }
  std::string Key() { return std::string(1, static_cast<char>('a' + Below(4))); }
  std::string Pattern() {
    static const char* const kPatterns[] = {"^a", "b$", "^[a-b]$", "a|c", "^.?$"};
    return kPatterns[Below(5)];
  }
  Json Schemas(int depth) {
    Json list = Json::array();
    for (int i = 1 + Below(3); i > 0; --i) list.push_back(Schema(depth - 1));
    return list;
  }
  Json Keys() {
    Json list = Json::array();
    for (int i = 1 + Below(2); i > 0; --i) list.push_back(Key());
    return list;
  }
  Json KeyMap(int depth, bool patterns) {
    Json map = Json::object();
    for (int i = 1 + Below(2); i > 0; --i) map[patterns ? Pattern() : Key()] = Schema(depth - 1);
    return map;
  }

  void AddKeyword(Json& schema, int depth) {
    static const char* const kTypes[] = {"null",   "boolean", "integer", "number",
                                         "string", "array",   "object"};
    const int n_flat = 12;
    switch (Below(depth > 0 ? 27 : n_flat)) {
      case 0:
        schema["type"] = kTypes[Below(7)];
        break;
      case 1:
        schema["type"] = {kTypes[Below(7)], kTypes[Below(7)]};
        break;
      case 2:
        schema["const"] = Value(1);
        break;
      case 3:
        schema["enum"] = {Value(1), Value(1), Value(1)};
        break;
      case 4:
        schema["minimum"] = Below(5) - 1;
        break;
      case 5:
        schema["exclusiveMaximum"] = Below(5) * 0.5;
        break;
      case 6:
        schema["multipleOf"] = Chance(2) ? 0.5 : 1.0 + Below(3);
        break;
      case 7:
        schema["minLength"] = Below(3);
        break;
      case 8:
        schema["maxLength"] = Below(3);
        break;
      case 9:
        schema["pattern"] = Pattern();
        break;
      case 10:
        schema["required"] = Keys();
        break;
      case 11:
        schema[Chance(2) ? "minItems" : "minProperties"] = Below(3);
        break;
      case 12:
        schema[Chance(2) ? "maxItems" : "maxProperties"] = Below(3);
        break;
      case 13:
        schema["items"] = Schema(depth - 1);
        break;
      case 14:
        schema["prefixItems"] = Schemas(depth);
        break;
      case 15:
        schema["contains"] = Schema(depth - 1);
        break;
      case 16:
      case 17:
        schema["properties"] = KeyMap(depth, false);
        break;
      case 18:
        schema["patternProperties"] = KeyMap(depth, true);
        break;
      case 19:
        schema["additionalProperties"] = Schema(depth - 1);
        break;
      case 20:
        schema["propertyNames"] = {{"pattern", Pattern()}};
        break;
      case 21:
        schema["dependentRequired"] = {{Key(), Keys()}};
        break;
      case 22:
        schema["allOf"] = Schemas(depth);
        break;
      case 23:
        schema["anyOf"] = Schemas(depth);
        break;
      case 24:
        schema["oneOf"] = Schemas(depth);
        break;
      case 25:
        schema["not"] = Schema(depth - 1);
        break;
      case 26:
        schema["if"] = Schema(depth - 1);
        schema["then"] = Schema(depth - 1);
        if (Chance(2)) schema["else"] = Schema(depth - 1);
        break;
    }
  }

  Random random_;
};

// ------------------------------------------------------------------------ the plain validator

bool IsType(const Json& value, const std::string& type) {
  if (type == "integer") {
    return value.is_number() && value.get<double>() == std::floor(value.get<double>());
  }
  if (type == "number") return value.is_number();
  return type == value.type_name() || (type == "array" && value.is_array());
}

int Length(const std::string& text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// The few patterns of the generator.
bool Matches(const std::string& pattern, const std::string& text) {
  if (pattern == "^a") return text.starts_with("a");
  if (pattern == "b$") return text.ends_with("b");
  if (pattern == "^[a-b]$") return text == "a" || text == "b";
  if (pattern == "a|c") return text.find_first_of("ac") != text.npos;
  return Length(text) <= 1 && text != "\n";  // ^.?$
}

bool IsValid(const Json& schema, const Json& value);

int CountValid(const Json& schemas, const Json& value) {
  int n = 0;
  for (const Json& schema : schemas) n += IsValid(schema, value) ? 1 : 0;
  return n;
}

bool HoldsScalar(const std::string& key, const Json& rule, const Json& value) {
  if (key == "type") {
    if (rule.is_string()) return IsType(value, rule);
    return std::any_of(rule.begin(), rule.end(), [&](const Json& t) { return IsType(value, t); });
  }
  if (key == "const") return value == rule;
  if (key == "enum") return std::find(rule.begin(), rule.end(), value) != rule.end();
  if (value.is_number()) {
    const double number = value;
    if (key == "minimum") return number >= rule.get<double>();
    if (key == "exclusiveMaximum") return number < rule.get<double>();
    if (key == "multipleOf") return std::fmod(number, rule.get<double>()) == 0;
  }
  if (value.is_string()) {
    if (key == "minLength") return Length(value) >= rule.get<int>();
    if (key == "maxLength") return Length(value) <= rule.get<int>();
    if (key == "pattern") return Matches(rule, value);
  }
  return true;
}

bool HoldsArray(const std::string& key, const Json& schema, const Json& rule, const Json& value) {
  if (key == "minItems") return value.size() >= rule.get<size_t>();
  if (key == "maxItems") return value.size() <= rule.get<size_t>();
  if (key == "contains") {
    return std::any_of(value.begin(), value.end(), [&](const Json& v) { return IsValid(rule, v); });
  }
  const size_t n_prefix = schema.contains("prefixItems") ? schema["prefixItems"].size() : 0;
  for (size_t i = 0; i < value.size(); ++i) {
    if (key == "prefixItems" && i < n_prefix && !IsValid(rule[i], value[i])) return false;
    if (key == "items" && i >= n_prefix && !IsValid(rule, value[i])) return false;
  }
  return true;
}

bool HoldsObject(const std::string& key, const Json& schema, const Json& rule, const Json& value) {
  if (key == "minProperties") return value.size() >= rule.get<size_t>();
  if (key == "maxProperties") return value.size() <= rule.get<size_t>();
  if (key == "required") {
    return std::all_of(rule.begin(), rule.end(), [&](const Json& k) { return value.contains(k); });
  }
  if (key == "dependentRequired") {
    for (const auto& [name, others] : rule.items()) {
      if (value.contains(name) && !HoldsObject("required", schema, others, value)) return false;
    }
    return true;
  }
  for (const auto& [name, member] : value.items()) {
    if (key == "properties" && rule.contains(name) && !IsValid(rule[name], member)) return false;
    if (key == "propertyNames" && !IsValid(rule, name)) return false;
    bool matched = schema.contains("properties") && schema["properties"].contains(name);
    if (schema.contains("patternProperties")) {
      for (const auto& [pattern, inner] : schema["patternProperties"].items()) {
        if (!Matches(pattern, name)) continue;
        matched = true;
        if (key == "patternProperties" && !IsValid(inner, member)) return false;
      }
    }
    if (key == "additionalProperties" && !matched && !IsValid(rule, member)) return false;
  }
  return true;
}

bool IsValid(const Json& schema, const Json& value) {
  if (schema.is_boolean()) return schema;
  for (const auto& [key, rule] : schema.items()) {
    if (!HoldsScalar(key, rule, value)) return false;
    if (value.is_array() && !HoldsArray(key, schema, rule, value)) return false;
    if (value.is_object() && !HoldsObject(key, schema, rule, value)) return false;
    if (key == "allOf" && CountValid(rule, value) != static_cast<int>(rule.size())) return false;
    if (key == "anyOf" && CountValid(rule, value) == 0) return false;
    if (key == "oneOf" && CountValid(rule, value) != 1) return false;
    if (key == "not" && IsValid(rule, value)) return false;
    if (key == "if") {
      const char* branch = IsValid(rule, value) ? "then" : "else";
      if (schema.contains(branch) && !IsValid(schema[branch], value)) return false;
    }
  }
  return true;
}

// ------------------------------------------------------------------------------- orders of keys

std::vector<std::string> Texts(const Json& value);

void Combine(const std::vector<std::vector<std::string>>& parts, size_t at, const std::string& text,
             std::vector<std::string>& out) {
  constexpr size_t kMostOrders = 400;
  if (out.size() > kMostOrders) return;
  if (at == parts.size()) {
    out.push_back(text);
    return;
  }
  for (const std::string& part : parts[at]) {
    Combine(parts, at + 1, text + (at > 0 ? ", " : "") + part, out);
  }
}

// Every way to write the value.
std::vector<std::string> Texts(const Json& value) {
  std::vector<std::string> inner, out;
  if (value.is_array()) {
    std::vector<std::vector<std::string>> parts;
    for (const Json& item : value) parts.push_back(Texts(item));
    Combine(parts, 0, "", inner);
    for (const std::string& text : inner) out.push_back("[" + text + "]");
    return out;
  }
  if (!value.is_object()) return {DumpJson(value)};
  std::vector<std::string> keys;
  for (const auto& [key, member] : value.items()) keys.push_back(key);
  do {
    std::vector<std::vector<std::string>> parts;
    for (const std::string& key : keys) {
      std::vector<std::string>& pairs = parts.emplace_back();
      for (const std::string& text : Texts(value[key])) pairs.push_back("\"" + key + "\": " + text);
    }
    Combine(parts, 0, "", inner);
  } while (std::next_permutation(keys.begin(), keys.end()));
  for (const std::string& text : inner) out.push_back("{" + text + "}");
  return out;
}

// Whole numbers may come as 2.0, which "integer" does not write.
bool HasWholeFloat(const Json& value) {
  if (value.is_number_float()) return value.get<double>() == std::floor(value.get<double>());
  return value.is_structured() && std::any_of(value.begin(), value.end(), HasWholeFloat);
}

TEST(JsonSchemaProperty, TakesExactlyWhatIsValid) {
  constexpr int kSchemas = 1500, kValues = 12;
  int n_checked = 0, n_valid = 0, n_unheld = 0;
  for (int i = 0; i < kSchemas; ++i) {
    Generator generator(static_cast<uint64_t>(i) + 1);
    const Json schema = generator.Schema(3);
    std::unique_ptr<SchemaChecker> checker;
    bool nothing = false;
    try {
      checker = std::make_unique<SchemaChecker>(DumpJson(schema));
    } catch (const Error& error) {
      const std::string_view what = error.what();
      nothing = what.find("satisfy") != what.npos || what.find("matches nothing") != what.npos;
      if (!nothing) {
        ++n_unheld;
        continue;
      }
    }
    for (int k = 0; k < kValues; ++k) {
      const Json value = generator.Value(3);
      if (HasWholeFloat(value)) continue;
      const bool valid = IsValid(schema, value);
      const std::vector<std::string> texts = Texts(value);
      const bool taken =
          !nothing && std::any_of(texts.begin(), texts.end(),
                                  [&](const std::string& text) { return checker->Accepts(text); });
      ASSERT_EQ(taken, valid) << DumpJson(schema) << "\n" << DumpJson(value);
      ++n_checked;
      n_valid += valid ? 1 : 0;
    }
  }
  EXPECT_GT(n_checked, kSchemas * 5);
  EXPECT_GT(n_valid, n_checked / 10);
  EXPECT_LT(n_unheld, kSchemas / 20);
}

}  // namespace
}  // namespace pioneer::grammar
