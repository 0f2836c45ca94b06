// Why: an architecture's sizes are metadata keys that begin with its name ("llama.block_count"); a
// file may lie about them, so each is read with the range that makes sense.
#pragma once

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "model/gguf.h"

namespace pioneer {

// Values of wrong type or out of range throw Error{kCorruptFile} that names the key. The file must
// outlive the object.
class ArchitectureKeys {
 public:
  explicit ArchitectureKeys(const GgufFile& file)
      : ArchitectureKeys(file, file.String("general.architecture")) {}
  ArchitectureKeys(const GgufFile& file, std::string architecture)
      : file_(file), architecture_(std::move(architecture)) {}

  const GgufFile& file() const { return file_; }
  const std::string& architecture() const { return architecture_; }
  std::string Name(std::string_view key) const;
  bool Has(std::string_view key) const { return file_.Has(Name(key)); }

  // A whole number of at least 0. A list with a value for each layer counts as not there.
  int Int(std::string_view key, int default_value = 0) const;
  // The same, and the largest of a list.
  int Most(std::string_view key, int default_value = 0) const;
  // One that the file must have, in low..high.
  int IntIn(std::string_view key, int low, int high) const;
  // For each layer: one number for all, or a list of n_layers; true and false count as 1 and 0.
  std::vector<int> IntOfLayers(std::string_view key, int n_layers, int default_value,
                               int high = 1 << 30) const;
  // Finite, in low..high where the file has it.
  float Float(std::string_view key, float default_value, float low = 0.0f,
              float high = 1e30f) const;
  bool Bool(std::string_view key, bool default_value) const;

  [[noreturn]] void Refuse(std::string_view key, const std::string& why) const;

 private:
  const GgufFile& file_;
  std::string architecture_;
};

// Which layers look only at a window of the past: the list ARCH.attention.sliding_window_pattern,
// or all but every n-th layer, n being that key's number or default_period.
std::vector<bool> WindowLayers(const ArchitectureKeys& keys, int n_layers, int default_period);

}  // namespace pioneer
