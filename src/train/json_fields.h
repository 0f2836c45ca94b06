// Why: strict reading of a configuration object: every value has a range, every error names its
// key's full path, and a key that nobody asked for is an error.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace pioneer {

// One thread. Ask for each field once, then call Finish(). All functions throw
// Error{kInvalidArgument}.
class JsonFields {
 public:
  // `path` is where the object stands, e.g. "stages[0]"; "" for the root.
  JsonFields(const Json& object, std::string path);

  bool Has(const std::string& key) const { return object_.contains(key); }
  int64_t Int(const std::string& key, int64_t default_value, int64_t min, int64_t max);
  double Number(const std::string& key, double default_value, double min, double max);
  bool Bool(const std::string& key, bool default_value);
  std::string String(const std::string& key, const std::string& default_value);
  // One of `allowed`; returns its index.
  int Choice(const std::string& key, const std::vector<std::string>& allowed, int default_index);
  // The nested object or array, null when missing.
  const Json* Child(const std::string& key);

  // Refuses keys that were not asked for.
  void Finish() const;

  std::string PathOf(const std::string& key) const;

 private:
  const Json* Find(const std::string& key);

  const Json& object_;
  std::string path_;
  std::vector<std::string> known_;
};

}  // namespace pioneer
