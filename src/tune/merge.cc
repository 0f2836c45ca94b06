#include "tune/merge.h"

#include <vector>

#include "base/error.h"
#include "model/adapter.h"
#include "model/adapter_file.h"
#include "model/config.h"
#include "model/gguf.h"
#include "model/quantize_file.h"
#include "tensor/ops/train_matmul.h"
#include "tensor/quantize.h"

namespace pioneer::tune {
namespace {

std::vector<float> AllFloats(const Tensor& tensor, float scale) {
  std::vector<float> values(static_cast<size_t>(tensor.rows() * tensor.cols()));
  for (int64_t r = 0; r < tensor.rows(); ++r) {
    DequantizeRow(tensor.dtype, tensor.row(r), values.data() + r * tensor.cols(), tensor.cols());
  }
  for (float& value : values) value *= scale;
  return values;
}

void CheckFits(const AdapterFile& adapter, const std::string& name, const AdapterTensor& change,
               const Tensor* matrix) {
  const bool fits = matrix != nullptr && matrix->shape.size() == 2 && change.a.shape.size() == 2 &&
                    change.b.shape.size() == 2 && change.a.cols() == matrix->cols() &&
                    change.b.rows() == matrix->rows() && change.a.rows() == change.b.cols() &&
                    name != "token_embd.weight";
  if (fits) return;
  Fail(ErrorCode::kUnsupported, "{}: its change of \"{}\" cannot be merged: {}", adapter.name, name,
       matrix == nullptr ? "the model has no such matrix; it was made for another model"
                         : "only changes of plain matrices can, of the model's own sizes");
}

// Rows of W + scale B A, a part at a time, in the type of W or wider.
class MergedMatrix {
 public:
  MergedMatrix(Tensor matrix, const AdapterTensor& change, DType dtype)
      : matrix_(std::move(matrix)),
        dtype_(dtype),
        rank_(change.a.rows()),
        a_(AllFloats(change.a, 1.0f)),
        b_(AllFloats(change.b, change.scale)) {}

  std::vector<std::byte> Bytes(ThreadPool& pool) const {
    const size_t row_bytes = RowBytes(dtype_, matrix_.cols());
    std::vector<std::byte> bytes(row_bytes * static_cast<size_t>(matrix_.rows()));
    constexpr int64_t kGrain = 32;
    pool.ParallelFor(matrix_.rows(), kGrain, [&](int64_t begin, int64_t end) {
      const int64_t columns = matrix_.cols();
      std::vector<float> rows(static_cast<size_t>((end - begin) * columns));
      for (int64_t r = begin; r < end; ++r) {
        DequantizeRow(matrix_.dtype, matrix_.row(r), rows.data() + (r - begin) * columns, columns);
      }
      TrainMatMul<float, float>(View(b_.data() + begin * rank_, end - begin, rank_),
                                View(a_.data(), rank_, columns),
                                View(rows.data(), end - begin, columns), GemmMode::kAccumulate);
      for (int64_t r = begin; r < end; ++r) {
        QuantizeRow(dtype_, rows.data() + (r - begin) * columns,
                    bytes.data() + static_cast<size_t>(r) * row_bytes, columns);
      }
    });
    return bytes;
  }

 private:
  Tensor matrix_;
  DType dtype_;
  int64_t rank_;
  std::vector<float> a_, b_;
};

AdapterFile ReadAdapter(const fs::path& path, const ModelConfig& model) {
  const fs::path folder = AdapterFolderOf(path);
  return folder.empty() ? ReadGgufAdapter(path, model) : ReadAdapterFolder(folder, model);
}

// What the adapter says of its making becomes the model's.
void SetOrigin(const fs::path& adapter, GgufWriter& writer) {
  if (!AdapterFolderOf(adapter).empty()) return;
  const auto file = GgufFile::Open(adapter);
  for (const char* key : {"pioneer.lineage", "pioneer.tuning"}) {
    const std::string value = file->String(key, "");
    if (!value.empty()) writer.SetString(key, value);
  }
}

void RefuseSameFile(const fs::path& a, const fs::path& b) {
  std::error_code ignored;
  if (fs::exists(a, ignored) && fs::equivalent(a, b, ignored)) {
    Fail(ErrorCode::kInvalidArgument, "{} would be written over what it is made from", a.string());
  }
}

// Changed matrices are F32 where they will be quantized anyway.
MergeResult WriteMergedFile(const MergeOptions& options, const fs::path& out, ThreadPool& pool,
                            const std::function<void(const std::string&)>& on_progress,
                            const CancelToken& cancel) {
  const auto file = GgufFile::Open(options.model);
  const AdapterFile adapter = ReadAdapter(options.adapter, ReadModelConfig(*file));
  for (const auto& [name, change] : adapter.tensors) {
    CheckFits(adapter, name, change, file->FindTensor(name));
  }
  GgufWriter writer;
  for (const std::string& key : file->keys()) writer.CopyValue(*file, key);
  SetOrigin(options.adapter, writer);
  MergeResult result;
  for (const Tensor& tensor : file->tensors()) {
    const auto change = adapter.tensors.find(tensor.name);
    if (change == adapter.tensors.end()) {
      writer.AddTensor(tensor);
      continue;
    }
    ++result.n_changed;
    Tensor merged = tensor;
    if (options.preset) merged.dtype = DType::kF32;
    writer.AddTensor(
        merged, [&, tensor, dtype = merged.dtype, &halves = change->second](const GgufSink& sink) {
          cancel.Check();
          if (on_progress) on_progress(tensor.name);
          const std::vector<std::byte> bytes = MergedMatrix(tensor, halves, dtype).Bytes(pool);
          sink(bytes.data(), bytes.size());
        });
  }
  writer.Finish(out);
  return result;
}

}  // namespace

MergeResult MergeAdapter(const MergeOptions& options, ThreadPool& pool,
                         const std::function<void(const std::string&)>& on_progress,
                         const CancelToken& cancel) {
  RefuseSameFile(options.out, options.model);
  RefuseSameFile(options.out, options.adapter);
  MergeResult result;
  if (options.preset) {
    const fs::path wide = options.out.string() + ".merging";
    try {
      result = WriteMergedFile(options, wide, pool, on_progress, cancel);
      QuantizeFile(
          wide, options.out, {.preset = *options.preset}, pool,
          [&](const QuantizeProgress& p) {
            if (on_progress) on_progress(p.tensor);
          },
          cancel);
    } catch (...) {
      std::error_code ignored;
      fs::remove(wide, ignored);
      throw;
    }
    fs::remove(wide);
  } else {
    result = WriteMergedFile(options, options.out, pool, on_progress, cancel);
  }
  result.bytes = static_cast<int64_t>(fs::file_size(options.out));
  return result;
}

}  // namespace pioneer::tune
