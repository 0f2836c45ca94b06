#include "serve/json_fields.h"

#include <fmt/format.h>

#include <cmath>

#include "serve/api_error.h"

namespace pioneer::serve {
namespace {

ApiError WrongType(const std::string& path, const char* wanted, const Json& value) {
  return InvalidField(path, fmt::format("must be {}, not {}", wanted, DescribeType(value)));
}

// JSON has one number type: 16.0 is the integer 16.
bool IsWhole(const Json& value) {
  if (value.is_number_integer()) return true;
  return value.is_number_float() && std::trunc(value.get<double>()) == value.get<double>();
}

bool InRange(const Json& value, int64_t low, int64_t high) {
  if (value.is_number_unsigned()) {
    const auto n = value.get<uint64_t>();
    return n <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) &&
           static_cast<int64_t>(n) >= low && static_cast<int64_t>(n) <= high;
  }
  if (value.is_number_integer()) return value.get<int64_t>() >= low && value.get<int64_t>() <= high;
  const double n = value.get<double>();
  return std::abs(n) < 0x1p53 && n >= static_cast<double>(low) && n <= static_cast<double>(high);
}

}  // namespace

Json ParseBody(std::string_view body) {
  Json json;
  try {
    json = ParseJson(body);
  } catch (const Error& error) {
    throw ApiError(400, "invalid_request_error", "invalid_json", "",
                   fmt::format("the request body is not usable JSON: {}", error.what()));
  }
  if (json.is_object()) return json;
  throw ApiError(400, "invalid_request_error", "invalid_json", "",
                 fmt::format("the request body must be a JSON object, not {}", DescribeType(json)));
}

std::string DescribeType(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "a boolean";
    case Json::value_t::number_float:
      return "a fractional number";
    default:
      return "an integer";
  }
}

std::string RequireString(const Json& value, const std::string& path) {
  if (!value.is_string()) throw WrongType(path, "a string", value);
  return value.get<std::string>();
}

int64_t RequireInt(const Json& value, const std::string& path, int64_t low, int64_t high) {
  if (!value.is_number() || !IsWhole(value)) throw WrongType(path, "an integer", value);
  if (!InRange(value, low, high)) {
    throw InvalidField(path, fmt::format("must be from {} to {}, not {}", low, high, value.dump()));
  }
  return value.get<int64_t>();
}

double RequireNumber(const Json& value, const std::string& path, double low, double high) {
  if (!value.is_number()) throw WrongType(path, "a number", value);
  const double number = value.get<double>();
  if (!(number >= low && number <= high)) {
    throw InvalidField(path, fmt::format("must be from {} to {}, not {}", low, high, value.dump()));
  }
  return number;
}

FieldReader::FieldReader(const Json& object, std::string path)
    : object_(object), path_(std::move(path)) {
  if (!object.is_object()) throw WrongType(path_, "an object", object);
}

const Json* FieldReader::Find(const char* name) const {
  const auto it = object_.find(name);
  return it == object_.end() || it->is_null() ? nullptr : &*it;
}

std::string FieldReader::Path(const char* name) const {
  return path_.empty() ? name : path_ + "." + name;
}

std::optional<std::string> FieldReader::String(const char* name) const {
  const Json* value = Find(name);
  if (!value) return std::nullopt;
  return RequireString(*value, Path(name));
}

std::optional<bool> FieldReader::Bool(const char* name) const {
  const Json* value = Find(name);
  if (!value) return std::nullopt;
  if (!value->is_boolean()) throw WrongType(Path(name), "a boolean", *value);
  return value->get<bool>();
}

std::optional<int64_t> FieldReader::Int(const char* name, int64_t low, int64_t high) const {
  const Json* value = Find(name);
  if (!value) return std::nullopt;
  return RequireInt(*value, Path(name), low, high);
}

std::optional<double> FieldReader::Number(const char* name, double low, double high) const {
  const Json* value = Find(name);
  if (!value) return std::nullopt;
  return RequireNumber(*value, Path(name), low, high);
}

const Json* FieldReader::Array(const char* name) const {
  const Json* value = Find(name);
  if (value && !value->is_array()) throw WrongType(Path(name), "an array", *value);
  return value;
}

const Json* FieldReader::Object(const char* name) const {
  const Json* value = Find(name);
  if (value && !value->is_object()) throw WrongType(Path(name), "an object", *value);
  return value;
}

}  // namespace pioneer::serve
