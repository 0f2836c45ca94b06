// Why: a schema comes from a stranger. Whatever it says, it becomes a grammar or an error, in
// bounded time and memory.
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "text/grammar/json_schema_test_support.h"

namespace pioneer::grammar {
namespace {

// False where it is refused.
bool Compiles(const std::string& schema) {
  try {
    const SchemaChecker checker(schema);
    return true;
  } catch (const Error& error) {
    EXPECT_NE(error.code(), ErrorCode::kInternal) << error.what();
    return false;
  }
}

std::string Times(const std::string& text, int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += text;
  return out;
}

std::string List(int n, const std::function<std::string(int)>& item) {
  std::string out = "[";
  for (int i = 0; i < n; ++i) out += (i > 0 ? "," : "") + item(i);
  return out + "]";
}

TEST(JsonSchemaHostile, DeepNestingIsRefused) {
  EXPECT_FALSE(Compiles(Times("{\"not\":", 5000) + "{}" + Times("}", 5000)));
  EXPECT_FALSE(Compiles(Times("{\"a\":[", 100'000)));
  EXPECT_TRUE(Compiles(Times("{\"items\":", 200) + "{}" + Times("}", 200)));
  Compiles(Times("{\"not\":", 200) + "{\"type\":\"null\"}" + Times("}", 200));
}

TEST(JsonSchemaHostile, HugeCountsAreRefused) {
  for (const char* keyword : {"minLength", "minItems", "minProperties"}) {
    EXPECT_FALSE(Compiles(std::string("{\"") + keyword + "\": 1000000000}")) << keyword;
  }
  EXPECT_FALSE(Compiles(R"({"minContains": 1000000000, "contains": {}})"));
  EXPECT_FALSE(Compiles(R"({"minLength": 1e400})"));
  EXPECT_FALSE(Compiles(R"({"type": "number", "multipleOf": 0.123456789123, "minimum": 5})"));
}

TEST(JsonSchemaHostile, HugeEnumsAreFine) {
  EXPECT_TRUE(Compiles(
      "{\"enum\":" + List(20'000, [](int i) { return "\"" + std::to_string(i * 7919) + "\""; }) +
      "}"));
}

TEST(JsonSchemaHostile, ExponentialCombinationsEnd) {
  const auto either = [](int i) {
    const std::string name = std::to_string(i);
    return R"({"anyOf":[{"required":["a)" + name + R"("]},{"required":["b)" + name + R"("]}]})";
  };
  EXPECT_FALSE(Compiles("{\"type\":\"object\",\"allOf\":" + List(40, either) + "}"));
  const auto overlapping = [](int i) {
    return R"({"properties":{"p)" + std::to_string(i) + R"(":{"type":"string"}}})";
  };
  Compiles("{\"oneOf\":" + List(30, overlapping) + "}");
  // Each level refers twice to the next.
  std::string doubling = "{\"$defs\":{";
  for (int i = 0; i < 60; ++i) {
    const std::string next = "{\"$ref\":\"#/$defs/d" + std::to_string(i + 1) + "\"}";
    doubling += "\"d" + std::to_string(i) + "\":{\"allOf\":[" + next + "," + next + "]},";
  }
  EXPECT_TRUE(Compiles(doubling + "\"d60\":{\"type\":\"null\"}},\"$ref\":\"#/$defs/d0\"}"));
}

TEST(JsonSchemaHostile, OverlappingPatternsEnd) {
  std::string schema = "{\"patternProperties\":{";
  for (int i = 0; i < 20; ++i) {
    const std::string letter(1, static_cast<char>('a' + i));
    schema += (i > 0 ? ",\"" : "\"") + letter + "\":{\"minimum\":" + std::to_string(i) + "}";
  }
  EXPECT_FALSE(Compiles(schema + "}}"));
}

TEST(JsonSchemaHostile, CirclesAreRefused) {
  EXPECT_FALSE(Compiles(R"({"allOf":[{"$ref":"#"}]})"));
  EXPECT_FALSE(Compiles(R"({"not":{"$ref":"#"}})"));
  EXPECT_FALSE(Compiles(
      R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})"));
}

}  // namespace
}  // namespace pioneer::grammar
