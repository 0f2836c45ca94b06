// Why: adapters of Hugging Face's PEFT come from strangers; whatever the two files hold, they end
// in an adapter that acts in a step of the model, or in an Error. Input: adapter_config.json, a
// zero byte, adapter_model.safetensors.
// room: model
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/error.h"
#include "model/huggingface/adapter_folder.h"
#include "model/random_presets.h"
#include "safetensors_mutator.h"

namespace pioneer {
namespace {

// A small llama with experts: its queries and keys are rearranged, its experts stacked.
std::unique_ptr<Model> MakeModel() {
  RandomModelOptions options = RandomPreset("llama");
  options.n_layers = 1;
  options.d_model = options.d_ff = 32;
  options.keys = {{"expert_count", uint64_t{2}}, {"expert_used_count", uint64_t{2}}};
  options.vocabulary = MakeByteVocabulary(260);
  std::string pattern = (fs::temp_directory_path() / "pioneer_fuzz_XXXXXX").string();
  const fs::path folder = ::mkdtemp(pattern.data());
  WriteRandomModel(folder / "model.gguf", options);
  std::unique_ptr<Model> model = LoadModel(folder / "model.gguf");
  fs::remove_all(folder);  // the mapping stays
  return model;
}

void RunStep(Model& model, std::shared_ptr<const Adapter> adapter) {
  static ThreadPool threads(1);
  static KvPagePool pages(model.memory(), int64_t{1} << 20);
  const AdapterMix mix{{{std::move(adapter), 1.0f}}};
  KvSequence kv(pages);
  if (!kv.Reserve(3)) std::abort();
  StepBatch batch;
  batch.tokens = {'a', 'b', 259};
  batch.positions = {0, 1, 2};
  batch.output_rows = {2};
  batch.sequences = {{&kv, 0, 3, 0, &mix}};
  Matrix logits;
  model.Forward(threads, batch, logits);
}

}  // namespace
}  // namespace pioneer

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t zero = bytes.find('\0');
  if (seed % 8 != 0 && zero != std::string_view::npos) {
    pioneer::MendHeaderLength(data, size, zero + 1);
  }
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace pioneer;
  static const std::unique_ptr<Model> model = MakeModel();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t zero = bytes.find('\0');
  if (zero == std::string_view::npos) return 0;
  try {
    const Json config = ParseJson(bytes.substr(0, zero));
    if (!config.is_object()) return 0;
    const Safetensors weights =
        Safetensors::Parse(std::as_bytes(std::span(bytes.substr(zero + 1))), nullptr);
    const AdapterFile file = ReadPeftAdapter(config, weights, "fuzz", model->config());
    RunStep(*model, BindAdapter(file, *model));
  } catch (const Error&) {
    // The expected end of a broken adapter.
  }
  return 0;
}
