// Why: requests are read field by field with the same strictness and the same words everywhere.
//
// A field that is missing or null is absent. A field of the wrong type or out of its range throws
// ApiError 400 whose param is the field's path ("stream_options.include_usage").
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace pioneer::serve {

// Parses a request body: an object, or ApiError 400.
Json ParseBody(std::string_view body);

// "a string", "an array", ... for messages.
std::string DescribeType(const Json& value);

// Reads single values; `path` is for the messages.
std::string RequireString(const Json& value, const std::string& path);
int64_t RequireInt(const Json& value, const std::string& path, int64_t low, int64_t high);
double RequireNumber(const Json& value, const std::string& path, double low, double high);

// Reads the fields of one object, which must outlive the reader.
class FieldReader {
 public:
  // Throws ApiError when `object` is no object. `path` = "" for the request itself.
  FieldReader(const Json& object, std::string path);

  // nullptr when absent.
  const Json* Find(const char* name) const;
  bool Has(const char* name) const { return Find(name) != nullptr; }
  std::string Path(const char* name) const;

  std::optional<std::string> String(const char* name) const;
  std::optional<bool> Bool(const char* name) const;
  std::optional<int64_t> Int(const char* name, int64_t low, int64_t high) const;
  std::optional<double> Number(const char* name, double low, double high) const;
  const Json* Array(const char* name) const;
  const Json* Object(const char* name) const;

 private:
  const Json& object_;
  std::string path_;
};

}  // namespace pioneer::serve
