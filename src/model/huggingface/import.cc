#include "model/huggingface/import.h"

#include "base/error.h"
#include "model/gguf.h"
#include "model/huggingface/folder.h"
#include "model/quantize_file.h"

namespace pioneer {
namespace {

using OnImport = std::function<void(const ImportProgress&)>;

// Goes away at the end, whatever happens.
struct TemporaryFile {
  fs::path path;
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
};

void WriteAsIs(const fs::path& folder, const fs::path& out, const OnImport& on_progress,
               const CancelToken& cancel) {
  GgufWriter writer;
  DescribeHuggingFaceFolder(folder, writer);
  writer.Finish(out, [&](uint64_t done, uint64_t total) {
    cancel.Check();
    if (on_progress) on_progress({"reading", done, total});
  });
}

}  // namespace

void ImportModel(const fs::path& folder, const fs::path& out,
                 const std::optional<QuantizePreset>& type, ThreadPool& pool,
                 const OnImport& on_progress, const CancelToken& cancel) {
  if (!IsHuggingFaceFolder(folder)) {
    Fail(ErrorCode::kNotFound, "{} is no folder with a config.json", folder.string());
  }
  if (!type) return WriteAsIs(folder, out, on_progress, cancel);
  const TemporaryFile whole{out.string() + ".unquantized"};
  WriteAsIs(folder, whole.path, on_progress, cancel);
  QuantizeFile(
      whole.path, out, {.preset = *type}, pool,
      [&](const QuantizeProgress& progress) {
        if (on_progress) {
          on_progress({"converting", static_cast<uint64_t>(progress.bytes_done),
                       static_cast<uint64_t>(progress.bytes_total)});
        }
      },
      cancel);
}

}  // namespace pioneer
