#include "train/json_fields.h"

#include <algorithm>

#include "base/error.h"

namespace pioneer {

JsonFields::JsonFields(const Json& object, std::string path)
    : object_(object), path_(std::move(path)) {
  if (!object.is_object()) {
    Fail(ErrorCode::kInvalidArgument, "{} must be an object", path_.empty() ? "the file" : path_);
  }
}

std::string JsonFields::PathOf(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

const Json* JsonFields::Find(const std::string& key) {
  known_.push_back(key);
  const auto found = object_.find(key);
  return found == object_.end() ? nullptr : &*found;
}

int64_t JsonFields::Int(const std::string& key, int64_t default_value, int64_t min, int64_t max) {
  const Json* value = Find(key);
  if (value == nullptr) return default_value;
  const bool fits = value->is_number_integer() &&
                    value->get<double>() >= static_cast<double>(min) &&
                    value->get<double>() <= static_cast<double>(max);
  if (!fits) {
    Fail(ErrorCode::kInvalidArgument, "{} must be a whole number from {} to {}, not {}",
         PathOf(key), min, max, DumpJson(*value));
  }
  return value->get<int64_t>();
}

double JsonFields::Number(const std::string& key, double default_value, double min, double max) {
  const Json* value = Find(key);
  if (value == nullptr) return default_value;
  if (!value->is_number() || !(value->get<double>() >= min && value->get<double>() <= max)) {
    Fail(ErrorCode::kInvalidArgument, "{} must be a number from {} to {}, not {}", PathOf(key), min,
         max, DumpJson(*value));
  }
  return value->get<double>();
}

bool JsonFields::Bool(const std::string& key, bool default_value) {
  const Json* value = Find(key);
  if (value == nullptr) return default_value;
  if (!value->is_boolean()) {
    Fail(ErrorCode::kInvalidArgument, "{} must be true or false", PathOf(key));
  }
  return value->get<bool>();
}

std::string JsonFields::String(const std::string& key, const std::string& default_value) {
  const Json* value = Find(key);
  if (value == nullptr) return default_value;
  if (!value->is_string()) Fail(ErrorCode::kInvalidArgument, "{} must be a text", PathOf(key));
  return value->get<std::string>();
}

int JsonFields::Choice(const std::string& key, const std::vector<std::string>& allowed,
                       int default_index) {
  const std::string value = String(key, allowed[static_cast<size_t>(default_index)]);
  const auto found = std::find(allowed.begin(), allowed.end(), value);
  if (found == allowed.end()) {
    Fail(ErrorCode::kInvalidArgument, "{} is \"{}\"; allowed are: {}", PathOf(key), value,
         fmt::join(allowed, ", "));
  }
  return static_cast<int>(found - allowed.begin());
}

const Json* JsonFields::Child(const std::string& key) { return Find(key); }

void JsonFields::Finish() const {
  for (const auto& [key, value] : object_.items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    Fail(ErrorCode::kInvalidArgument, "unknown key {}; known here are: {}", PathOf(key),
         fmt::join(known_, ", "));
  }
}

}  // namespace pioneer
