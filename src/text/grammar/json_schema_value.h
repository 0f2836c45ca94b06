// Why: a JSON Schema is read once into a tree that keeps what a general JSON library loses: the
// order of keys (properties are written in the schema's order) and numbers exactly as written
// (bounds are compared as decimals, never as doubles).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pioneer::grammar {

struct SchemaValue {
  enum class Kind : uint8_t { kNull, kBoolean, kNumber, kString, kArray, kObject };
  using Member = std::pair<std::string, SchemaValue>;

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::string text;  // a string's characters (UTF-8), a number as written
  std::vector<SchemaValue> items;
  std::vector<Member> members;  // in the text's order; of equal keys only the last is kept

  bool is(Kind k) const { return kind == k; }
  bool is_object() const { return kind == Kind::kObject; }
  bool is_array() const { return kind == Kind::kArray; }
  bool is_string() const { return kind == Kind::kString; }
  bool is_boolean() const { return kind == Kind::kBoolean; }
  // nullptr where this is no object or has no such key.
  const SchemaValue* Find(std::string_view key) const;

 private:
  friend class SchemaValueBuilder;
  std::vector<uint32_t> sorted_;  // members by key; only of large objects
};

inline constexpr int kMaxSchemaDepth = 256;
inline constexpr size_t kMaxSchemaBytes = size_t{8} << 20;
inline constexpr size_t kMaxExcerptBytes = 80;

// Throws Error{kInvalidArgument}: not JSON, too deep or too long.
SchemaValue ParseSchemaValue(std::string_view text);
// As Python's json.dumps(value, ensure_ascii=False) writes it: ", " and ": " between the parts.
std::string WriteJson(const SchemaValue& value);
// Compact JSON, shortened to kMaxExcerptBytes: for messages.
std::string Excerpt(const SchemaValue& value);

}  // namespace pioneer::grammar
