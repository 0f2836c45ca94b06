#include "model/huggingface/config.h"

#include <cmath>

#include "base/error.h"

namespace pioneer {
namespace {

constexpr int64_t kMaxCount = int64_t{1} << 31;
constexpr int64_t kMaxHeadDim = 1 << 16;  // far above any model's

std::string FirstClass(const Json& json) {
  const auto found = json.find("architectures");
  if (found == json.end() || !found->is_array() || found->empty()) return "";
  const Json& first = found->front();
  return first.is_string() ? first.get<std::string>() : "";
}

}  // namespace

Json ReadAnyModelJson(const fs::path& path, size_t max_bytes) {
  const std::string text = ReadFile(path, max_bytes);
  try {
    return ParseJson(text);
  } catch (const Error& error) {
    Fail(ErrorCode::kCorruptFile, "{}: {}", path.string(), error.what());
  }
}

Json ReadModelJson(const fs::path& path, size_t max_bytes) {
  Json json = ReadAnyModelJson(path, max_bytes);
  if (!json.is_object()) Fail(ErrorCode::kCorruptFile, "{}: this is no object", path.string());
  return json;
}

HuggingFaceConfig HuggingFaceConfig::Read(const fs::path& folder) {
  const fs::path path = folder / "config.json";
  return HuggingFaceConfig(ReadModelJson(path), path.string());
}

HuggingFaceConfig::HuggingFaceConfig(Json json, std::string name)
    : json_(std::move(json)), name_(std::move(name)), class_name_(FirstClass(json_)) {
  const auto text = json_.find("text_config");
  if (text == json_.end() || !text->is_object()) return;
  // What the part leaves out stands above it.
  Json inner = *text;
  json_.erase("text_config");
  json_.update(inner);
}

const Json* HuggingFaceConfig::Find(std::string_view key) const {
  const auto found = json_.find(std::string(key));
  return found == json_.end() || found->is_null() ? nullptr : &*found;
}

void HuggingFaceConfig::FailType(std::string_view key, const char* wanted) const {
  Fail(ErrorCode::kCorruptFile, "{}: \"{}\" is not {}", name_, key, wanted);
}

std::optional<int64_t> HuggingFaceConfig::Count(
    std::initializer_list<std::string_view> keys) const {
  for (const std::string_view key : keys) {
    const Json* value = Find(key);
    if (value == nullptr) continue;
    if (!value->is_number_integer()) FailType(key, "a whole number");
    const auto count = value->get<int64_t>();
    if (count < 0 || count > kMaxCount) FailType(key, "a count of at most 2^31");
    return count;
  }
  return {};
}

std::optional<double> HuggingFaceConfig::Number(std::string_view key) const {
  const Json* value = Find(key);
  if (value == nullptr) return {};
  if (!value->is_number() || !std::isfinite(value->get<double>())) FailType(key, "a number");
  return value->get<double>();
}

bool HuggingFaceConfig::Flag(std::string_view key, bool default_value) const {
  const Json* value = Find(key);
  if (value == nullptr) return default_value;
  if (!value->is_boolean()) FailType(key, "true or false");
  return value->get<bool>();
}

std::string HuggingFaceConfig::Text(std::string_view key) const {
  const Json* value = Find(key);
  if (value == nullptr) return "";
  if (!value->is_string()) FailType(key, "a text");
  return value->get<std::string>();
}

int64_t HuggingFaceConfig::RequiredCount(std::initializer_list<std::string_view> keys) const {
  const std::optional<int64_t> count = Count(keys);
  if (!count) Fail(ErrorCode::kCorruptFile, "{}: \"{}\" is missing", name_, *keys.begin());
  return *count;
}

int64_t HuggingFaceConfig::CheckedHeadDim(int64_t dim) const {
  if (dim <= kMaxHeadDim) return dim;
  Fail(ErrorCode::kCorruptFile, "{}: heads of {} numbers are larger than any model's", name_, dim);
}

int64_t HuggingFaceConfig::head_dim() const {
  if (const auto stated = Count({"head_dim"})) return CheckedHeadDim(*stated);
  const int64_t heads = RequiredCount({"num_attention_heads", "n_head"});
  const int64_t width = RequiredCount({"hidden_size", "n_embd"});
  if (heads == 0 || width % heads != 0) {
    Fail(ErrorCode::kCorruptFile, "{}: a width of {} cannot be shared by {} heads", name_, width,
         heads);
  }
  return CheckedHeadDim(width / heads);
}

std::optional<int64_t> HuggingFaceConfig::CountOfFullAttention(std::string_view key,
                                                               std::string_view layer_key) const {
  if (const auto own = Count({key})) return own;
  const Json *layers = Find("per_layer_config"), *types = Find("layer_types");
  if (layers == nullptr || !layers->is_object() || types == nullptr || !types->is_array())
    return {};
  for (size_t i = 0; i < types->size(); ++i) {
    const auto layer = layers->find(std::to_string(i));
    if (types->at(i) != "full_attention" || layer == layers->end() || !layer->is_object()) continue;
    if (const auto count = HuggingFaceConfig(*layer, name_).Count({layer_key})) return count;
  }
  return {};
}

int64_t HuggingFaceConfig::full_head_dim() const {
  const auto own = CountOfFullAttention("global_head_dim", "head_dim");
  return own ? CheckedHeadDim(*own) : head_dim();
}

HuggingFaceConfig HuggingFaceConfig::Rope(const char* layer_kind) const {
  Json rope = json_;
  for (const char* key : {"rope_scaling", "rope_parameters"}) {
    const Json* part = Find(key);
    if (part == nullptr || !part->is_object()) continue;
    const auto own = part->find(layer_kind);
    const bool by_kind = own != part->end() && own->is_object();
    rope.update(by_kind ? *own : *part);
  }
  return HuggingFaceConfig(std::move(rope), name_);
}

}  // namespace pioneer
