#include "model/adapter_file.h"

#include <fmt/format.h>

#include "base/error.h"
#include "model/adapter.h"
#include "model/gguf.h"

namespace pioneer {
namespace {

constexpr std::string_view kEndA = ".lora_a";
constexpr std::string_view kEndB = ".lora_b";

void CheckKind(const GgufFile& file, const ModelConfig& model) {
  if (file.String("general.type", "model") != "adapter") {
    Fail(ErrorCode::kUnsupported, "{}: this is a model, not an adapter; give it with --model",
         file.name());
  }
  const std::string kind = file.String("adapter.type");
  if (kind != "lora") {
    Fail(ErrorCode::kUnsupported, "{}: adapters of type \"{}\" are not supported (lora is)",
         file.name(), kind.substr(0, 64));
  }
  const std::string architecture = file.String("general.architecture");
  if (architecture != model.architecture) {
    Fail(ErrorCode::kUnsupported, "{}: this adapter is for models of type {}; {} is of type {}",
         file.name(), architecture.substr(0, 64), model.name, model.architecture);
  }
  if (file.Has("adapter.alora.invocation_tokens")) {
    Fail(ErrorCode::kUnsupported,
         "{}: adapters that begin to act at certain words (aLoRA) are not supported", file.name());
  }
}

}  // namespace

AdapterFile ReadGgufAdapter(const fs::path& path, const ModelConfig& model) {
  const auto file = GgufFile::Open(path);
  CheckKind(*file, model);
  const auto alpha = static_cast<float>(file->Float("adapter.lora.alpha", 0));
  AdapterFile adapter{file->name(), {}};
  for (const Tensor& tensor : file->tensors()) {
    const std::string& name = tensor.name;
    const bool is_a = name.ends_with(kEndA);
    if (!is_a && !name.ends_with(kEndB)) {
      Fail(ErrorCode::kUnsupported,
           "{}: tensor \"{}\" is no part of a LoRA adapter; without it answers would be wrong",
           file->name(), name);
    }
    AdapterTensor& target = adapter.tensors[name.substr(0, name.size() - kEndA.size())];
    (is_a ? target.a : target.b) = tensor;
  }
  for (auto& [name, change] : adapter.tensors) {
    if (change.a.shape.empty() || change.b.shape.empty()) {
      Fail(ErrorCode::kCorruptFile, "{}: of tensor \"{}\" only one half is there", file->name(),
           name);
    }
    const int64_t rank = change.b.cols();
    if (alpha != 0 && rank > 0) change.scale = alpha / static_cast<float>(rank);
  }
  return adapter;
}

}  // namespace pioneer
