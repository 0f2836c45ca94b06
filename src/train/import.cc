#include "train/import.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/error.h"
#include "model/config.h"
#include "model/gguf.h"
#include "model/weight_loader.h"
#include "tensor/quantize.h"
#include "train/lineage.h"

namespace pioneer {
namespace {

[[noreturn]] void Refuse(const GgufFile& file, const std::string& what) {
  Fail(ErrorCode::kUnsupported,
       "{}: training cannot begin with this model: {} (models of type llama without experts can "
       "be trained)",
       file.name(), what);
}

LlamaShape ShapeOf(const GgufFile& file) {
  const ModelConfig config = ReadModelConfig(file);
  if (config.architecture != "llama" && config.architecture != "llama-embed") {
    Refuse(file, fmt::format("it is of type {}", config.architecture.substr(0, 64)));
  }
  CheckModelConfig(file, config);
  if (config.rope_dims != config.head_dim) Refuse(file, "only a part of each head is rotated");
  if (file.String(config.architecture + ".rope.scaling.type", "none") != "none") {
    Refuse(file, "its rotary positions are stretched");
  }
  LlamaShape shape;
  shape.vocab_size = config.vocab_size;
  shape.d_model = config.d_model;
  shape.n_layers = config.n_layers;
  shape.n_heads = config.n_heads;
  shape.n_kv_heads = config.n_kv_heads;
  shape.head_dim = config.head_dim;
  shape.d_ff = config.d_ff;
  shape.context = config.context_length;
  shape.rope_base = config.rope_base;
  shape.rms_eps = config.rms_eps;
  shape.tied = file.FindTensor("output.weight") == nullptr;
  shape.causal = config.architecture == "llama";
  CheckShape(shape);
  return shape;
}

void RefuseOtherTensors(const GgufFile& file, const ParameterLayout& layout) {
  std::set<std::string_view> known;
  for (const ParameterPart& part : layout.parts()) known.insert(part.name);
  for (const Tensor& tensor : file.tensors()) {
    if (!known.contains(tensor.name)) Refuse(file, fmt::format("it has \"{}\"", tensor.name));
  }
}

void RefuseOtherSizes(const GgufFile& file, const LlamaShape& found, const LlamaShape& wanted) {
  const auto sizes = [](const LlamaShape& shape) {
    return std::tuple(shape.vocab_size, shape.d_model, shape.n_layers, shape.n_heads,
                      shape.n_kv_heads, shape.head_dim, shape.d_ff, shape.tied);
  };
  if (sizes(found) == sizes(wanted)) return;
  Fail(ErrorCode::kInvalidArgument,
       "{}: these weights are of other sizes than the recipe's; leave \"model\" and \"tokenizer\" "
       "out, so that they come from the weights",
       file.name());
}

void ReadRows(const Tensor& tensor, const ParameterPart& part, float* out) {
  const size_t row_bytes = RowBytes(tensor.dtype, part.cols);
  for (int64_t r = 0; r < part.rows; ++r) {
    DequantizeRow(tensor.dtype, tensor.data + static_cast<size_t>(r) * row_bytes,
                  out + r * part.cols, part.cols);
  }
}

}  // namespace

LlamaShape ReadShape(const fs::path& gguf) { return ShapeOf(*GgufFile::Open(gguf)); }

TrainBuffer<float> ReadParameters(const fs::path& gguf, const ParameterLayout& layout) {
  const auto file = GgufFile::Open(gguf);
  RefuseOtherSizes(*file, ShapeOf(*file), layout.shape());
  RefuseOtherTensors(*file, layout);
  TrainBuffer<float> values(static_cast<size_t>(layout.size()));
  WeightLoader load(*file);
  for (const ParameterPart& part : layout.parts()) {
    float* out = values.data() + part.offset;
    if (part.is_matrix) {
      ReadRows(load.Table(part.name, part.rows, part.cols), part, out);
    } else {
      std::ranges::copy(load.Vector(part.name, part.cols), out);
    }
  }
  return values;
}

std::string WeightsOrigin(const fs::path& gguf) {
  const std::string lineage = GgufFile::Open(gguf)->String("pioneer.lineage", "");
  return lineage.empty() ? "sha256:" + Sha256OfFile(gguf) : lineage;
}

}  // namespace pioneer
