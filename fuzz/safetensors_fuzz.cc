// Why: safetensors files come from strangers; whatever the bytes, parsing ends in tensors that lie
// inside the bytes or an Error, and so does rearranging them for GGUF.
// room: model
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "model/huggingface/safetensors.h"
#include "model/huggingface/tensor_layout.h"
#include "safetensors_mutator.h"

namespace pioneer {
namespace {

void CheckTensorsLieIn(std::span<const std::byte> bytes, const Safetensors& file) {
  for (const auto& [name, tensor] : file.tensors()) {
    if (tensor.bytes > bytes.size() || tensor.data < bytes.data() ||
        tensor.data > bytes.data() + (bytes.size() - tensor.bytes) || tensor.elements() < 0) {
      std::abort();
    }
  }
}

void Rearrange(const Safetensors& file, TensorLayout layout, bool all_at_once) {
  TensorPlan plan{.name = "t",
                  .layout = layout,
                  .sources = {},
                  .n_heads = 2,
                  .key_rows = 1,
                  .n_key_heads = 1,
                  .first_row = 1};
  for (const auto& [name, tensor] : file.tensors()) {
    plan.sources.push_back(tensor);
    if (!all_at_once) break;
  }
  if (plan.sources.empty()) return;
  const bool has_scales = layout >= TensorLayout::kMxfp4 && layout <= TensorLayout::kMxfp4OddRows;
  if (has_scales) plan.sources = {plan.sources.front(), plan.sources.back()};
  try {
    GgufWriter writer;
    AddPlannedTensor(plan, writer);
    writer.Build("fuzz");
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace pioneer

// Keeps the header's length true most of the time: no random change hits it.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 8 != 0) pioneer::MendHeaderLength(data, size, 0);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pioneer;
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  try {
    const Safetensors file = Safetensors::Parse(bytes, nullptr);
    CheckTensorsLieIn(bytes, file);
    for (int layout = 0; layout <= static_cast<int>(TensorLayout::kLatentValues); ++layout) {
      Rearrange(file, static_cast<TensorLayout>(layout), false);
      Rearrange(file, static_cast<TensorLayout>(layout), true);
    }
  } catch (const Error&) {
    // The expected end of a broken file.
  }
  return 0;
}
