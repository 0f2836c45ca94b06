#include "model/architecture_keys.h"

#include <algorithm>
#include <cmath>
#include <variant>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr int64_t kMaxInt = int64_t{1} << 30;

// The numbers of a list, if it is one.
template <typename Sink>
bool ForEachNumber(const GgufValue& value, const Sink& sink) {
  const auto visit = [&](const auto* list) {
    if (list == nullptr) return false;
    for (const auto number : *list) {
      sink(number > 0 && static_cast<uint64_t>(number) > static_cast<uint64_t>(kMaxInt)
               ? kMaxInt + 1
               : static_cast<int64_t>(number));
    }
    return true;
  };
  return visit(std::get_if<std::vector<uint64_t>>(&value)) ||
         visit(std::get_if<std::vector<int64_t>>(&value)) ||
         visit(std::get_if<std::vector<bool>>(&value));
}

}  // namespace

std::string ArchitectureKeys::Name(std::string_view key) const {
  return fmt::format("{}.{}", architecture_, key);
}

void ArchitectureKeys::Refuse(std::string_view key, const std::string& why) const {
  Fail(ErrorCode::kCorruptFile, "{}: key \"{}\" {}", file_.name(), Name(key), why);
}

int ArchitectureKeys::Int(std::string_view key, int default_value) const {
  const auto found = file_.metadata().find(Name(key));
  if (found == file_.metadata().end()) return default_value;
  if (ForEachNumber(found->second, [](int64_t) {})) return default_value;
  const int64_t value = file_.Int(Name(key));
  if (value < 0 || value > kMaxInt) Refuse(key, fmt::format("is {}, which is out of range", value));
  return static_cast<int>(value);
}

int ArchitectureKeys::Most(std::string_view key, int default_value) const {
  const auto found = file_.metadata().find(Name(key));
  if (found == file_.metadata().end()) return default_value;
  int64_t most = 0;
  if (!ForEachNumber(found->second, [&](int64_t value) { most = std::max(most, value); })) {
    return Int(key, default_value);
  }
  if (most > kMaxInt) Refuse(key, "is out of range");
  return static_cast<int>(most);
}

int ArchitectureKeys::IntIn(std::string_view key, int low, int high) const {
  const int value = Int(key, -1);
  if (value < low || value > high) {
    Refuse(key, fmt::format("is missing or {}, not in {}..{}", value, low, high));
  }
  return value;
}

std::vector<int> ArchitectureKeys::IntOfLayers(std::string_view key, int n_layers,
                                               int default_value, int high) const {
  std::vector<int> values;
  const auto found = file_.metadata().find(Name(key));
  const auto add = [&](int64_t value) {
    if (value < 0 || value > high) {
      Refuse(key, fmt::format("has {}, which is not in 0..{}", value, high));
    }
    values.push_back(static_cast<int>(value));
  };
  if (found != file_.metadata().end() && ForEachNumber(found->second, add)) {
    // Layers beyond the last (of parts that this program does not run) may have values too.
    if (static_cast<int>(values.size()) < n_layers) {
      Refuse(key, fmt::format("has {} values for {} layers", values.size(), n_layers));
    }
    values.resize(static_cast<size_t>(n_layers));
    return values;
  }
  add(Int(key, default_value));
  values.resize(static_cast<size_t>(n_layers), values.front());
  return values;
}

float ArchitectureKeys::Float(std::string_view key, float default_value, float low,
                              float high) const {
  const double value = file_.Float(Name(key), default_value);
  if (!std::isfinite(value) || value < low || value > high) {
    Refuse(key, fmt::format("is {}, which is out of range", value));
  }
  return static_cast<float>(value);
}

bool ArchitectureKeys::Bool(std::string_view key, bool default_value) const {
  return file_.Bool(Name(key), default_value);
}

std::vector<bool> WindowLayers(const ArchitectureKeys& keys, int n_layers, int default_period) {
  constexpr const char* kKey = "attention.sliding_window_pattern";
  const auto found = keys.file().metadata().find(keys.Name(kKey));
  const bool is_list =
      found != keys.file().metadata().end() && ForEachNumber(found->second, [](int64_t) {});
  const std::vector<int> list =
      is_list ? keys.IntOfLayers(kKey, n_layers, 0, 1) : std::vector<int>();
  const int period = keys.Int(kKey, default_period);
  std::vector<bool> layers(static_cast<size_t>(n_layers));
  for (int i = 0; i < n_layers; ++i) {
    layers[i] = is_list ? list[i] != 0 : period == 0 || i % period < period - 1;
  }
  return layers;
}

}  // namespace pioneer
