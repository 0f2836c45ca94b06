#include "model/huggingface/tensor_layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "model/huggingface/row_plan.h"
#include "tensor/quantize.h"

namespace pioneer {
namespace {

using enum TensorLayout;

constexpr size_t kBufferBytes = size_t{4} << 20;
constexpr uint32_t kMxfp4Type = 39;  // GGUF's number: a scale byte, then 32 numbers of 4 bits
constexpr int64_t kMxfp4Elements = 32;
constexpr int64_t kMxfp4Bytes = 17;

DType TypeOf(const SafeTensor& source) {
  if (source.dtype == "F32") return DType::kF32;
  if (source.dtype == "F16") return DType::kF16;
  if (source.dtype == "BF16") return DType::kBF16;
  Fail(
      ErrorCode::kUnsupported,
      "tensor \"{}\" is of type {}, which this program cannot use (F32, F16 and BF16 it can); look "
      "for the same model in BF16 or as GGUF",
      source.name, source.dtype);
}

void CheckSources(const TensorPlan& plan) {
  for (const SafeTensor& source : plan.sources) {
    if (source.elements() == 0) FailShape(plan, "not empty");
    if (source.shape != plan.sources.front().shape || source.dtype != plan.sources.front().dtype) {
      Fail(ErrorCode::kCorruptFile, "tensors \"{}\" and \"{}\" differ in type or shape",
           plan.sources.front().name, source.name);
    }
  }
}

// As llama.cpp has them: only matrices that are multiplied keep a narrow type.
bool MustBeF32(const std::string& name, size_t n_dimensions) {
  if (n_dimensions < 2 || !name.ends_with(".weight") || name.ends_with("_norm.weight")) return true;
  for (const char* part :
       {"ffn_gate_inp", "position_embd", "token_types", "shortconv.conv", "ssm_conv1d"}) {
    if (name.find(part) != std::string::npos) return true;
  }
  return false;
}

bool IsAligned(const SafeTensor& source, DType dtype) {
  const auto bytes = static_cast<uintptr_t>(InfoOf(dtype).block_bytes);
  return reinterpret_cast<uintptr_t>(source.data) % bytes == 0;
}

// Collects pieces so that a sink is called with some megabytes at a time.
class Buffer {
 public:
  explicit Buffer(const GgufSink& sink) : sink_(sink) {}
  ~Buffer() = default;
  void Put(const void* data, size_t bytes) {
    const auto* begin = static_cast<const std::byte*>(data);
    buffer_.insert(buffer_.end(), begin, begin + bytes);
    if (buffer_.size() >= kBufferBytes) Flush();
  }
  void Flush() {
    if (!buffer_.empty()) sink_(buffer_.data(), buffer_.size());
    buffer_.clear();
  }

 private:
  const GgufSink& sink_;
  std::vector<std::byte> buffer_;
};

int64_t Product(const std::vector<int64_t>& shape) {
  int64_t n = 1;
  for (const int64_t size : shape) n *= size;
  return n;
}

void CopyRows(const std::vector<SafeTensor>& sources, const RowPlan& rows, const GgufSink& sink) {
  const int64_t source_rows = sources[0].elements() / rows.row_elements;
  const size_t row_bytes = sources[0].bytes / static_cast<size_t>(source_rows);
  Buffer buffer(sink);
  const int64_t n = Product(rows.shape) / rows.row_elements;
  for (int64_t row = 0; row < n; ++row) {
    const int64_t from = rows.source_row(row);
    const SafeTensor& source = sources[static_cast<size_t>(from / source_rows)];
    buffer.Put(source.data + static_cast<size_t>(from % source_rows) * row_bytes, row_bytes);
  }
  buffer.Flush();
}

// All numbers of a source as float32, some at a time, changed by `change`.
template <typename Change>
void ConvertToF32(const SafeTensor& source, DType dtype, const Change& change,
                  const GgufSink& sink) {
  constexpr int64_t kChunk = 1 << 16;
  std::vector<std::byte> aligned;
  std::vector<float> values;
  const auto element_bytes = static_cast<int64_t>(InfoOf(dtype).block_bytes);
  for (int64_t begin = 0; begin < source.elements(); begin += kChunk) {
    const int64_t n = std::min(kChunk, source.elements() - begin);
    const std::byte* const first = source.data + begin * element_bytes;
    aligned.assign(first, first + n * element_bytes);
    values.resize(static_cast<size_t>(n));
    DequantizeRow(dtype, aligned.data(), values.data(), n);
    for (float& value : values) value = change(value);
    sink(values.data(), values.size() * sizeof(float));
  }
}

// Rows [first, first + rows) of a matrix, column by column.
void Transpose(const SafeTensor& source, size_t first, size_t rows, size_t element_bytes,
               const GgufSink& sink) {
  const auto cols = static_cast<size_t>(source.shape[1]);
  Buffer buffer(sink);
  std::vector<std::byte> line(rows * element_bytes);
  for (size_t col = 0; col < cols; ++col) {
    for (size_t row = 0; row < rows; ++row) {
      std::memcpy(line.data() + row * element_bytes,
                  source.data + ((first + row) * cols + col) * element_bytes, element_bytes);
    }
    buffer.Put(line.data(), line.size());
  }
  buffer.Flush();
}

// Published: 16 bytes a block, byte i holds numbers 2i (low) and 2i + 1 (high). GGUF: the scale,
// then byte i holds numbers i (low) and i + 16 (high).
std::array<std::byte, kMxfp4Bytes> PackMxfp4(const std::byte* block, std::byte scale) {
  const auto number = [&](int i) {
    const auto byte = std::to_integer<unsigned>(block[i / 2]);
    return i % 2 == 0 ? byte & 15u : byte >> 4;
  };
  std::array<std::byte, kMxfp4Bytes> out{scale};
  for (int i = 0; i < 16; ++i) {
    out[static_cast<size_t>(i) + 1] = static_cast<std::byte>(number(i) | number(i + 16) << 4);
  }
  return out;
}

// Blocks [n_experts, rows, n_blocks, 16] and scales [n_experts, rows, n_blocks].
void AddMxfp4(const TensorPlan& plan, GgufWriter& writer) {
  if (FindDType(kMxfp4Type) == nullptr) {
    Fail(ErrorCode::kUnsupported, "tensor \"{}\": MXFP4 weights cannot be used",
         plan.sources[0].name);
  }
  const SafeTensor blocks = plan.sources.at(0), scales = plan.sources.at(1);
  const bool fits = blocks.shape.size() == 4 && blocks.shape[3] == 16 && blocks.dtype == "U8" &&
                    scales.dtype == "U8" &&
                    std::equal(scales.shape.begin(), scales.shape.end(), blocks.shape.begin(),
                               blocks.shape.end() - 1) &&
                    (plan.layout == kMxfp4 || blocks.shape[1] % 2 == 0) && blocks.elements() > 0;
  if (!fits) FailShape(plan, "[experts, rows, blocks, 16] with scales of the same shape");
  const int64_t step = plan.layout == kMxfp4 ? 1 : 2;
  const int64_t begin = plan.layout == kMxfp4OddRows ? 1 : 0;
  const int64_t rows = blocks.shape[1] / step, n_blocks = blocks.shape[2];
  Tensor tensor{plan.name,
                static_cast<DType>(kMxfp4Type),
                {blocks.shape[0], rows, n_blocks * kMxfp4Elements},
                nullptr,
                {}};
  writer.AddTensor(std::move(tensor), [=](const GgufSink& sink) {
    Buffer buffer(sink);
    for (int64_t row = 0; row < blocks.shape[0] * rows; ++row) {
      const int64_t from = (row / rows * rows * step + begin + row % rows * step) * n_blocks;
      for (int64_t block = from; block < from + n_blocks; ++block) {
        const auto packed = PackMxfp4(blocks.data + block * 16, scales.data[block]);
        buffer.Put(packed.data(), packed.size());
      }
    }
    buffer.Flush();
  });
}

bool ChangesNumbers(TensorLayout layout) {
  return layout == kAddOne || layout == kDealHeadsOfDecay;
}

float Changed(TensorLayout layout, float value) {
  if (layout == kAddOne) return value + 1.0f;
  return layout == kDealHeadsOfDecay ? -std::exp(value) : value;
}

void AddAsF32(const TensorPlan& plan, DType dtype, GgufWriter& writer) {
  const SafeTensor source = plan.sources[0];
  const TensorLayout layout = plan.layout;
  Tensor tensor{plan.name, DType::kF32, source.shape, nullptr, {}};
  if (tensor.shape.empty()) tensor.shape = {1};
  if (layout == kSqueeze) tensor.shape = Squeezed(plan);
  writer.AddTensor(std::move(tensor), [=](const GgufSink& sink) {
    ConvertToF32(
        source, dtype, [layout](float value) { return Changed(layout, value); }, sink);
  });
}

void AddMapped(const TensorPlan& plan, RowPlan rows, DType dtype, GgufWriter& writer) {
  const TensorLayout layout = plan.layout;
  const bool to_f32 =
      ChangesNumbers(layout) || (dtype != DType::kF32 && MustBeF32(plan.name, rows.shape.size()));
  Tensor tensor{plan.name, to_f32 ? DType::kF32 : dtype, rows.shape, nullptr, {}};
  writer.AddTensor(std::move(tensor), [sources = plan.sources, rows = std::move(rows), dtype,
                                       to_f32, layout](const GgufSink& sink) {
    if (!to_f32) return CopyRows(sources, rows, sink);
    CopyRows(sources, rows, [&](const void* data, size_t bytes) {
      SafeTensor piece = sources[0];
      piece.data = static_cast<const std::byte*>(data);
      piece.shape = {static_cast<int64_t>(bytes) / InfoOf(dtype).block_bytes};
      ConvertToF32(
          piece, dtype, [layout](float value) { return Changed(layout, value); }, sink);
    });
  });
}

void AddTransposed(const TensorPlan& plan, DType dtype, GgufWriter& writer) {
  const SafeTensor source = plan.sources[0];
  if (source.shape.size() != 2) FailShape(plan, "a matrix");
  Tensor tensor{plan.name, dtype, {source.shape[1], source.shape[0]}, nullptr, {}};
  writer.AddTensor(std::move(tensor), [=](const GgufSink& sink) {
    Transpose(source, 0, static_cast<size_t>(source.shape[0]),
              static_cast<size_t>(InfoOf(dtype).block_bytes), sink);
  });
}

void AddLatentKeys(const TensorPlan& plan, DType dtype, GgufWriter& writer) {
  const LatentShape latent = ReadLatent(plan);
  Tensor tensor{plan.name, dtype, {plan.n_heads, latent.columns, plan.key_rows}, nullptr, {}};
  writer.AddTensor(std::move(tensor), [=, source = plan.sources[0], keys = plan.key_rows,
                                       n_heads = plan.n_heads](const GgufSink& sink) {
    for (int64_t head = 0; head < n_heads; ++head) {
      Transpose(source, static_cast<size_t>(head * (keys + latent.value_rows)),
                static_cast<size_t>(keys), static_cast<size_t>(InfoOf(dtype).block_bytes), sink);
    }
  });
}

void AddView(const TensorPlan& plan, DType dtype, GgufWriter& writer) {
  const SafeTensor source = plan.sources[0];
  Tensor tensor{plan.name, dtype, source.shape, source.data, source.owner};
  if (plan.layout == kSqueeze) tensor.shape = Squeezed(plan);
  if (IsAligned(source, dtype)) return writer.AddTensor(std::move(tensor));
  writer.AddTensor(std::move(tensor),
                   [source](const GgufSink& sink) { sink(source.data, source.bytes); });
}

}  // namespace

void AddPlannedTensor(const TensorPlan& plan, GgufWriter& writer) {
  if (plan.layout == kMxfp4 || plan.layout == kMxfp4EvenRows || plan.layout == kMxfp4OddRows) {
    return AddMxfp4(plan, writer);
  }
  CheckSources(plan);
  const DType dtype = TypeOf(plan.sources[0]);
  if (std::optional<RowPlan> rows = PlanRows(plan)) {
    return AddMapped(plan, std::move(*rows), dtype, writer);
  }
  if (plan.layout == kLatentKeys) return AddLatentKeys(plan, dtype, writer);
  if (plan.layout == kTranspose) return AddTransposed(plan, dtype, writer);
  if (ChangesNumbers(plan.layout) || MustBeF32(plan.name, plan.sources[0].shape.size())) {
    return AddAsF32(plan, dtype, writer);
  }
  AddView(plan, dtype, writer);
}

}  // namespace pioneer
