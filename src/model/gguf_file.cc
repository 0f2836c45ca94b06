// Why: typed access to an open file's metadata, with messages that name the file and the key.
#include <limits>

#include "base/error.h"
#include "model/gguf.h"

namespace pioneer {

const Tensor* GgufFile::FindTensor(std::string_view name) const {
  cancel_.Check();
  const auto found = tensor_index_.find(name);
  return found == tensor_index_.end() ? nullptr : &tensors_[found->second];
}

const GgufValue* GgufFile::Find(const std::string& key) const {
  const auto found = metadata_.find(key);
  return found == metadata_.end() ? nullptr : &found->second;
}

void GgufFile::FailMissing(const std::string& key) const {
  Fail(ErrorCode::kCorruptFile, "{}: key \"{}\" is missing", name_, key);
}

void GgufFile::FailType(const std::string& key, const char* wanted) const {
  Fail(ErrorCode::kCorruptFile, "{}: key \"{}\" is not {}", name_, key, wanted);
}

int64_t GgufFile::Int(const std::string& key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) FailMissing(key);
  if (const auto* number = std::get_if<int64_t>(value)) return *number;
  const auto* number = std::get_if<uint64_t>(value);
  if (number == nullptr) FailType(key, "an integer");
  if (*number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    FailType(key, "an integer of less than 2^63");
  }
  return static_cast<int64_t>(*number);
}

int64_t GgufFile::Int(const std::string& key, int64_t default_value) const {
  return Has(key) ? Int(key) : default_value;
}

double GgufFile::Float(const std::string& key, double default_value) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return default_value;
  if (const auto* number = std::get_if<double>(value)) return *number;
  if (const auto* number = std::get_if<uint64_t>(value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<int64_t>(value)) return static_cast<double>(*number);
  FailType(key, "a number");
}

bool GgufFile::Bool(const std::string& key, bool default_value) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return default_value;
  if (const auto* flag = std::get_if<bool>(value)) return *flag;
  FailType(key, "a boolean");
}

std::string GgufFile::String(const std::string& key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) FailMissing(key);
  if (const auto* text = std::get_if<std::string>(value)) return *text;
  FailType(key, "a string");
}

std::string GgufFile::String(const std::string& key, const std::string& default_value) const {
  return Has(key) ? String(key) : default_value;
}

const std::vector<std::string>* GgufFile::Strings(const std::string& key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return nullptr;
  if (const auto* list = std::get_if<std::vector<std::string>>(value)) return list;
  FailType(key, "an array of strings");
}

const std::vector<double>* GgufFile::Floats(const std::string& key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return nullptr;
  if (const auto* list = std::get_if<std::vector<double>>(value)) return list;
  FailType(key, "an array of floats");
}

const std::vector<int64_t>* GgufFile::Ints(const std::string& key) const {
  const GgufValue* value = Find(key);
  if (value == nullptr) return nullptr;
  if (const auto* list = std::get_if<std::vector<int64_t>>(value)) return list;
  FailType(key, "an array of signed integers");
}

}  // namespace pioneer
