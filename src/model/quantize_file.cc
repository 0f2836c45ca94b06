#include "model/quantize_file.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "model/gguf.h"
#include "tensor/quantize.h"

namespace pioneer {
namespace {

// Elements converted between two looks at the cancel token.
constexpr int64_t kChunkElements = int64_t{1} << 21;

bool AllFinite(const float* x, int64_t n) {
  return std::all_of(x, x + n, [](float v) { return std::isfinite(v); });
}

// Converts one tensor, some rows at a time; the rows of a chunk in parallel.
class TensorConverter {
 public:
  TensorConverter(const Tensor& source, DType target, const ImportanceMatrix* importance,
                  ThreadPool& pool)
      : source_(source),
        target_(target),
        importance_(importance),
        pool_(pool),
        cols_(source.cols()),
        chunk_rows_(std::clamp<int64_t>(kChunkElements / cols_, 1, source.rows())),
        floats_(static_cast<size_t>(chunk_rows_ * cols_)),
        converted_(static_cast<size_t>(chunk_rows_) * RowBytes(target, cols_)) {}

  // Calls after_chunk(rows done) after each chunk.
  void Run(const GgufSink& sink, const std::function<void(int64_t)>& after_chunk) {
    for (int64_t begin = 0; begin < source_.rows(); begin += chunk_rows_) {
      const int64_t n = std::min(chunk_rows_, source_.rows() - begin);
      ConvertRows(begin, n);
      sink(converted_.data(), static_cast<size_t>(n) * RowBytes(target_, cols_));
      after_chunk(begin + n);
    }
  }

 private:
  void ConvertRows(int64_t begin, int64_t n) {
    std::atomic<bool> finite = true;
    const int64_t grain = std::max<int64_t>(1, 16384 / cols_);
    pool_.ParallelFor(n, grain, [&](int64_t first, int64_t last) {
      for (int64_t r = first; r < last; ++r) {
        float* row = floats_.data() + r * cols_;
        DequantizeRow(source_.dtype, source_.row(begin + r), row, cols_);
        if (!AllFinite(row, cols_)) finite = false;
        std::byte* out = converted_.data() + static_cast<size_t>(r) * RowBytes(target_, cols_);
        if (target_ == source_.dtype) {  // rounding twice would lose bits
          std::memcpy(out, source_.row(begin + r), RowBytes(target_, cols_));
        } else {
          QuantizeRow(target_, row, out, cols_, ImportanceOf(begin + r));
        }
      }
    });
    if (!finite) {
      Fail(ErrorCode::kCorruptFile, "tensor \"{}\" has weights that are not finite numbers",
           source_.name);
    }
  }

  const float* ImportanceOf(int64_t row) const {
    if (importance_ == nullptr) return nullptr;
    const std::span<const float> known = importance_->RowOf(source_, row);
    return known.empty() ? nullptr : known.data();
  }

  const Tensor& source_;
  DType target_;
  const ImportanceMatrix* importance_;
  ThreadPool& pool_;
  int64_t cols_, chunk_rows_;
  std::vector<float> floats_;
  std::vector<std::byte> converted_;
};

DType TargetOf(const Tensor& tensor, const TypeChooser& chooser, QuantizeResult& result) {
  if (tensor.shape.size() < 2) return DType::kF32;
  if (!IsQuantizable(tensor)) return IsPlain(tensor.dtype) ? tensor.dtype : DType::kF32;
  const DType wanted = chooser.Choose(tensor), type = WeightTypeFor(wanted, tensor.cols());
  if (type != wanted) {
    result.fallbacks.push_back(fmt::format(
        "{}: rows of {} are no multiple of {}'s block of {}, so {}", tensor.name, tensor.cols(),
        InfoOf(wanted).name, InfoOf(wanted).block_elements, InfoOf(type).name));
  }
  return type;
}

// Copies the metadata, but what says that the file was one of several.
void CopyMetadata(const GgufFile& file, uint32_t file_type, GgufWriter& writer) {
  for (const std::string& key : file.keys()) {
    if (!key.starts_with("split.")) writer.CopyValue(file, key);
  }
  writer.SetU32("general.file_type", file_type);
  writer.SetU32("general.quantization_version", 2);
}

}  // namespace

QuantizeResult QuantizeFile(const fs::path& in, const fs::path& out, const QuantizePlan& plan,
                            ThreadPool& pool,
                            const std::function<void(const QuantizeProgress&)>& progress,
                            const CancelToken& cancel) {
  std::error_code ignored;
  if (fs::equivalent(in, out, ignored)) {
    Fail(ErrorCode::kInvalidArgument, "{} would replace itself; name another file to write",
         in.string());
  }
  const auto file = GgufFile::Open(in);
  QuantizeResult result;
  GgufWriter writer;
  CopyMetadata(*file, plan.preset.file_type, writer);
  const TypeChooser chooser(*file, plan.preset, plan.importance != nullptr, plan.pure);

  QuantizeProgress state;
  for (const Tensor& tensor : file->tensors()) state.bytes_total += tensor.bytes();
  for (const Tensor& source : file->tensors()) {
    const DType type = TargetOf(source, chooser, result);
    const bool same = type == source.dtype;
    ++(same ? result.n_copied : result.n_converted);
    if (!same && plan.importance != nullptr && !plan.importance->RowOf(source, 0).empty()) {
      ++result.n_weighted;
    }
    Tensor written{source.name, type, source.shape, nullptr, {}};
    writer.AddTensor(written, [&, type](const GgufSink& sink) {
      const int64_t before = state.bytes_done;
      state.tensor = source.name;
      TensorConverter(source, type, plan.importance, pool).Run(sink, [&](int64_t rows_done) {
        cancel.Check();
        state.bytes_done =
            before + rows_done * static_cast<int64_t>(RowBytes(source.dtype, source.cols()));
        if (progress) progress(state);
      });
    });
  }
  writer.Finish(out);
  result.bytes_in = file->file_bytes();
  result.bytes_out = static_cast<int64_t>(fs::file_size(out));
  return result;
}

}  // namespace pioneer
