// Why: GGUF files come from strangers; whatever the bytes, they end in a model that answers or in
// an Error, and everything that the file offers lies inside the bytes.
// room: model
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "model/config.h"
#include "model/gguf.h"
#include "model/model.h"
#include "model/vocabulary.h"
#include "model/weight_loader.h"

namespace pioneer {
namespace {

// Mutations are worth more in the header than in weights, so seeds end where their weights begin.
constexpr size_t kZeroWeightBytes = size_t{1} << 20;
constexpr int64_t kPoolBytes = int64_t{8} << 20;

void CheckTensorsLieIn(std::span<const std::byte> bytes, const GgufFile& file) {
  for (const Tensor& tensor : file.tensors()) {
    const size_t size = tensor.bytes();
    if (tensor.data < bytes.data() || size > bytes.size() ||
        tensor.data > bytes.data() + (bytes.size() - size)) {
      std::abort();
    }
  }
}

// One step over a few tokens, as the scheduler would make it.
void RunModel(Model& model) {
  static ThreadPool threads(1);
  StepBatch batch;
  batch.tokens = model.tokenizer().Encode("ab 안\n<|bos|>", {.parse_special = true});
  const int64_t most = std::min<int64_t>(model.config().context_length, 6);
  batch.tokens.resize(std::min<size_t>(batch.tokens.size(), most));
  if (batch.tokens.empty()) return;
  const int n = static_cast<int>(batch.tokens.size());
  for (int i = 0; i < n; ++i) batch.positions.push_back(i);
  batch.output_rows = {n - 1};
  KvPagePool pages(model.memory(), kPoolBytes);
  KvSequence kv(pages);
  if (!kv.Reserve(n)) return;
  batch.sequences = {{&kv, 0, n, 0}};
  Matrix out;
  if (model.can_generate()) {
    model.Forward(threads, batch, out);
  } else {
    model.EmbedTexts(threads, batch, out);
  }
}

void UseEverything(std::span<const std::byte> bytes) {
  const auto file = GgufFile::Parse(bytes, nullptr);
  CheckTensorsLieIn(bytes, *file);
  CheckModelConfig(*file, ReadModelConfig(*file));
  LoadVocabulary(*file);
  WeightLoader load(*file);
  RunModel(*LoadModel(load));
}

}  // namespace
}  // namespace pioneer

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::byte> bytes(size);
  if (size > 0) std::memcpy(bytes.data(), data, size);
  for (const size_t zeros : {size_t{0}, pioneer::kZeroWeightBytes}) {
    bytes.resize(size + zeros);
    bytes.shrink_to_fit();
    try {
      pioneer::UseEverything(bytes);
    } catch (const pioneer::Error&) {
      // The expected end of a broken file.
    }
  }
  return 0;
}
