// room: model
// Why: GGUF files come from strangers; whatever the bytes, parsing ends in a file or an Error, and
// everything that the file then offers lies inside the bytes.
#include <cstdint>
#include <cstdlib>

#include "base/error.h"
#include "model/config.h"
#include "model/gguf.h"
#include "model/vocabulary.h"

namespace pioneer {
namespace {

void UseEverything(const GgufFile& file, std::span<const std::byte> bytes) {
  for (const Tensor& tensor : file.tensors()) {
    const size_t size = tensor.bytes();
    if (tensor.data < bytes.data() || size > bytes.size() ||
        tensor.data > bytes.data() + (bytes.size() - size)) {
      std::abort();
    }
  }
  CheckModelConfig(file, ReadModelConfig(file));
  LoadVocabulary(file);
}

}  // namespace
}  // namespace pioneer

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  try {
    pioneer::UseEverything(*pioneer::GgufFile::Parse(bytes, nullptr), bytes);
  } catch (const pioneer::Error&) {
    // The expected end of a broken file.
  }
  return 0;
}
