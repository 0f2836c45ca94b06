#include "tune/adapter_export.h"

#include <array>
#include <cstring>

#include "base/error.h"
#include "base/json.h"
#include "model/gguf.h"

namespace pioneer::tune {
namespace {

// PEFT's names of the matrices, in MatrixKind's order.
constexpr std::array<const char*, kMatrixKinds> kModules = {
    "self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
    "mlp.gate_proj",    "mlp.up_proj",      "mlp.down_proj"};

Tensor FloatView(const std::string& name, const float* values, int64_t rows, int64_t columns) {
  return {name, DType::kF32, {rows, columns}, reinterpret_cast<const std::byte*>(values), nullptr};
}

// GGUF's llama lays the two numbers that rotate together side by side; the published weights have
// them half a head apart.
std::vector<float> HalvesApart(const float* b, const AdapterSlot& slot, int rank, int head_dim) {
  std::vector<float> rows(static_cast<size_t>(slot.n_out * rank));
  for (int64_t r = 0; r < slot.n_out; ++r) {
    const int64_t head = r / head_dim, in_head = r % head_dim;
    const int64_t half = in_head / (head_dim / 2), i = in_head % (head_dim / 2);
    const int64_t from = head * head_dim + 2 * i + half;
    std::copy_n(b + from * rank, rank, rows.data() + r * rank);
  }
  return rows;
}

// A safetensors file in the making: all float32.
class SafetensorsWriter {
 public:
  void Add(const std::string& name, int64_t rows, int64_t columns, const float* values) {
    const size_t begin = data_.size();
    const auto bytes = static_cast<size_t>(rows * columns) * sizeof(float);
    data_.append(reinterpret_cast<const char*>(values), bytes);
    header_[name] = {
        {"dtype", "F32"}, {"shape", {rows, columns}}, {"data_offsets", {begin, data_.size()}}};
  }
  void Finish(const fs::path& path, const AdapterOrigin& origin) {
    header_["__metadata__"] = {{"format", "pt"}, {"pioneer.lineage", origin.lineage}};
    std::string header = DumpJson(header_);
    header.append((8 - header.size() % 8) % 8, ' ');
    const uint64_t length = header.size();
    AtomicFile file(path);
    file.Write(&length, sizeof length);
    file.Write(header.data(), header.size());
    file.Write(data_.data(), data_.size());
    file.Commit();
  }

 private:
  Json header_ = Json::object();
  std::string data_;
};

std::string PeftConfig(const ModelConfig& model, const AdapterLayout& layout) {
  Json modules = Json::array();
  for (const std::string module : kModules) modules.push_back(module.substr(module.find('.') + 1));
  return Json{{"peft_type", "LORA"},
              {"task_type", "CAUSAL_LM"},
              {"base_model_name_or_path", model.name},
              {"r", layout.rank()},
              {"lora_alpha", layout.alpha()},
              {"lora_dropout", 0.0},
              {"bias", "none"},
              {"fan_in_fan_out", false},
              {"inference_mode", true},
              {"target_modules", modules}}
             .dump(2) +
         "\n";
}

}  // namespace

AdapterFile ViewAdapter(const AdapterLayout& layout, const float* values, const std::string& name) {
  AdapterFile file{name, {}};
  for (const AdapterSlot& slot : layout.slots()) {
    file.tensors[slot.tensor] = {FloatView("", values + slot.a, layout.rank(), slot.n_in),
                                 FloatView("", values + slot.b, slot.n_out, layout.rank()),
                                 layout.scale()};
  }
  return file;
}

void WriteGgufAdapter(const fs::path& path, const ModelConfig& model, const AdapterLayout& layout,
                      const float* values, const AdapterOrigin& origin) {
  GgufWriter writer;
  writer.SetString("general.type", "adapter");
  writer.SetString("general.architecture", model.architecture);
  writer.SetString("general.name", model.name + " adapter");
  writer.SetString("adapter.type", "lora");
  writer.SetF32("adapter.lora.alpha", layout.alpha());
  writer.SetString("pioneer.lineage", origin.lineage);
  writer.SetString("pioneer.tuning", origin.manifest);
  for (const AdapterSlot& slot : layout.slots()) {
    writer.AddTensor(FloatView(slot.tensor + ".lora_a", values + slot.a, layout.rank(), slot.n_in));
    writer.AddTensor(
        FloatView(slot.tensor + ".lora_b", values + slot.b, slot.n_out, layout.rank()));
  }
  writer.Finish(path);
}

void WritePeftAdapter(const fs::path& folder, const ModelConfig& model, const AdapterLayout& layout,
                      const float* values, const AdapterOrigin& origin) {
  fs::create_directories(folder);
  SafetensorsWriter writer;
  for (size_t i = 0; i < layout.slots().size(); ++i) {
    const AdapterSlot& slot = layout.slots()[i];
    const size_t layer = i / kMatrixKinds, kind = i % kMatrixKinds;
    const std::string module =
        fmt::format("base_model.model.model.layers.{}.{}", layer, kModules[kind]);
    writer.Add(module + ".lora_A.weight", layout.rank(), slot.n_in, values + slot.a);
    const bool rotates = kind == static_cast<size_t>(MatrixKind::kQuery) ||
                         kind == static_cast<size_t>(MatrixKind::kKey);
    std::vector<float> apart;
    const float* b = values + slot.b;
    if (rotates && model.architecture == "llama") {
      apart = HalvesApart(b, slot, layout.rank(), model.head_dim);
      b = apart.data();
    }
    writer.Add(module + ".lora_B.weight", slot.n_out, layout.rank(), b);
  }
  writer.Finish(folder / "adapter_model.safetensors", origin);
  WriteFileAtomically(folder / "adapter_config.json", PeftConfig(model, layout));
}

}  // namespace pioneer::tune
