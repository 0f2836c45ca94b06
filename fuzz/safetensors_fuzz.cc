// room: model
// Why: safetensors files come from strangers; whatever the bytes, parsing ends in tensors that lie
// inside the bytes or an Error.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "model/huggingface/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  try {
    const auto file = pioneer::Safetensors::Parse(bytes, nullptr);
    for (const auto& [name, tensor] : file.tensors()) {
      if (tensor.bytes > size || tensor.data < bytes.data() ||
          tensor.data > bytes.data() + (size - tensor.bytes) || tensor.elements() < 0) {
        std::abort();
      }
    }
  } catch (const pioneer::Error&) {
    // The expected end of a broken file.
  }
  return 0;
}
