// Why: config.json and its neighbours are untrusted JSON whose keys moved over the years; the rest
// of the room reads them through this.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/json.h"

namespace pioneer {

// A JSON file of a model's folder. Throws Error{kCorruptFile} when it is something else.
Json ReadAnyModelJson(const fs::path& path, size_t max_bytes = size_t{16} << 20);
// The same of a file that must hold an object.
Json ReadModelJson(const fs::path& path, size_t max_bytes = size_t{16} << 20);

// What config.json says of the language model: of a model with pictures or sound, the part named
// "text_config". Null counts as absent. Immutable.
class HuggingFaceConfig {
 public:
  // For a folder: its config.json.
  static HuggingFaceConfig Read(const fs::path& folder);
  HuggingFaceConfig(Json json, std::string name);

  // architectures[0]: "LlamaForCausalLM"; "" when it names none.
  const std::string& class_name() const { return class_name_; }
  const std::string& name() const { return name_; }  // of the file, for messages

  const Json* Find(std::string_view key) const;  // null when absent
  bool Has(std::string_view key) const { return Find(key) != nullptr; }
  // The first of the keys that is there. Throws Error{kCorruptFile} for a value of another type or
  // a count that is negative or above 2^31.
  std::optional<int64_t> Count(std::initializer_list<std::string_view> keys) const;
  std::optional<double> Number(std::string_view key) const;
  bool Flag(std::string_view key, bool default_value) const;
  std::string Text(std::string_view key) const;  // "" when absent
  // Throws Error{kCorruptFile} when none of the keys is there.
  int64_t RequiredCount(std::initializer_list<std::string_view> keys) const;

  // Sizes of a head: throw Error{kCorruptFile} also for one that no model has.
  int64_t head_dim() const;
  int64_t full_head_dim() const;  // of layers of full attention, where others look at windows

  // A count that those layers have for themselves: under a key of its own, or as `layer_key` in
  // "per_layer_config" (newer files).
  std::optional<int64_t> CountOfFullAttention(std::string_view key,
                                              std::string_view layer_key) const;

  // Of the rotation: keys of "rope_parameters" (newer files; where they differ by kind, of that
  // kind of layer), else of "rope_scaling", else of config.json itself.
  HuggingFaceConfig Rope(const char* layer_kind = "full_attention") const;

 private:
  int64_t CheckedHeadDim(int64_t dim) const;
  [[noreturn]] void FailType(std::string_view key, const char* wanted) const;

  Json json_;
  std::string name_;
  std::string class_name_;
};

}  // namespace pioneer
