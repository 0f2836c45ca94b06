// Why: a trained run becomes a GGUF file that this program and llama.cpp's family read.
#include <memory>

#include "base/error.h"
#include "model/config.h"
#include "model/gguf.h"
#include "model/model.h"
#include "model/quantize_file.h"
#include "model/vocabulary.h"
#include "tensor/quantize.h"
#include "train/checkpoint.h"
#include "train/document_encoder.h"
#include "train/llama_parameters.h"
#include "train/recipe.h"
#include "train/run_folder.h"
#include "train/trainer.h"

namespace pioneer {
namespace {

LlamaShape ShapeFromJson(const Json& json) {
  LlamaShape shape;
  json.at("vocab_size").get_to(shape.vocab_size);
  json.at("d_model").get_to(shape.d_model);
  json.at("n_layers").get_to(shape.n_layers);
  json.at("n_heads").get_to(shape.n_heads);
  json.at("n_kv_heads").get_to(shape.n_kv_heads);
  json.at("head_dim").get_to(shape.head_dim);
  json.at("d_ff").get_to(shape.d_ff);
  json.at("context").get_to(shape.context);
  json.at("rope_base").get_to(shape.rope_base);
  json.at("rms_eps").get_to(shape.rms_eps);
  json.at("tied").get_to(shape.tied);
  shape.causal = json.value("causal", true);
  return shape;
}

ModelConfig ConfigOf(const std::string& name, const LlamaShape& shape) {
  ModelConfig config;
  config.architecture = shape.causal ? "llama" : "llama-embed";
  config.name = name;
  config.n_layers = static_cast<int>(shape.n_layers);
  config.d_model = static_cast<int>(shape.d_model);
  config.n_heads = static_cast<int>(shape.n_heads);
  config.n_kv_heads = static_cast<int>(shape.n_kv_heads);
  config.head_dim = config.rope_dims = static_cast<int>(shape.head_dim);
  config.d_ff = static_cast<int>(shape.d_ff);
  config.vocab_size = static_cast<int>(shape.vocab_size);
  config.context_length = static_cast<int>(shape.context);
  config.rope_base = shape.rope_base;
  config.rms_eps = shape.rms_eps;
  return config;
}

DType TypeOf(const ParameterPart& part, DType wanted) {
  return part.is_matrix ? WeightTypeFor(wanted, part.cols) : DType::kF32;
}

Tensor Quantized(const ParameterPart& part, const float* values, DType dtype) {
  const size_t row_bytes = RowBytes(dtype, part.cols);
  auto bytes = std::make_shared<std::vector<std::byte>>(row_bytes * static_cast<size_t>(part.rows));
  for (int64_t r = 0; r < part.rows; ++r) {
    QuantizeRow(dtype, values + r * part.cols, bytes->data() + static_cast<size_t>(r) * row_bytes,
                part.cols);
  }
  Tensor tensor;
  tensor.name = part.name;
  tensor.dtype = dtype;
  tensor.shape =
      part.is_matrix ? std::vector<int64_t>{part.rows, part.cols} : std::vector<int64_t>{part.cols};
  tensor.data = bytes->data();
  tensor.owner = bytes;
  return tensor;
}

}  // namespace

void ExportGguf(const fs::path& run_dir, const fs::path& out_path, DType dtype) {
  const RunFolder folder{run_dir};
  const Checkpoint checkpoint = LoadCheckpoint(folder.checkpoint());
  const ParameterLayout layout(ShapeFromJson(checkpoint.model));
  if (static_cast<int64_t>(checkpoint.weights.size()) != layout.size()) {
    Fail(ErrorCode::kCorruptFile, "the checkpoint {} has {} parameters; its sizes say {}",
         folder.checkpoint().string(), checkpoint.weights.size(), layout.size());
  }
  GgufWriter writer;
  const TrainRecipe recipe = LoadRecipe(folder.recipe());
  SetModelKeys(ConfigOf(recipe.name, layout.shape()), dtype, writer);
  if (recipe.stages.back().learns_pairs()) {
    writer.SetU32(layout.shape().causal ? "llama.pooling_type" : "llama-embed.pooling_type",
                  static_cast<uint32_t>(Pooling::kMean));
  }
  const Vocabulary vocabulary = LoadVocabulary(*GgufFile::Open(folder.tokenizer()));
  SaveVocabulary(vocabulary, writer);
  writer.SetString("tokenizer.chat_template", kTrainChatTemplate);
  writer.SetString("pioneer.lineage", checkpoint.state.lineage);
  for (const ParameterPart& part : layout.parts()) {
    writer.AddTensor(Quantized(part, checkpoint.weights.data() + part.offset, TypeOf(part, dtype)));
  }
  writer.Finish(out_path);
}

}  // namespace pioneer
