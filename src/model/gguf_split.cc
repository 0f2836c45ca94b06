// Keys as llama.cpp's gguf-split writes them: split.count and split.no (from 0) in every part,
// split.tensors.count of all parts together; the first part has the model's metadata.
#include "model/gguf_split.h"

#include <fmt/ranges.h>

#include <charconv>

#include "base/error.h"
#include "model/gguf.h"

namespace pioneer {
namespace {

constexpr std::string_view kOf = "-of-";
constexpr size_t kDigits = 5;
constexpr const char* kSplitKeys[] = {"split.no", "split.count", "split.tensors.count"};

std::optional<int> ParseDigits(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text[0] == '-') return {};
  return value;
}

// Throws Error{kNotFound} that names every part that is missing.
std::vector<fs::path> RequireParts(const fs::path& path, int64_t count) {
  const std::optional<GgufPartName> name = ParseGgufPartName(path.filename().string());
  if (!name || name->count != count) {
    Fail(ErrorCode::kCorruptFile,
         "{}: this is one of {} parts of a model; the parts are found by their names, so each must "
         "be named NAME-00001-of-{:05}.gguf with its own number",
         path.string(), count, count);
  }
  const std::vector<fs::path> parts = GgufParts(path);
  std::vector<std::string> missing;
  for (const fs::path& part : parts) {
    std::error_code ignored;
    if (!fs::exists(part, ignored)) missing.push_back(part.filename().string());
  }
  if (!missing.empty()) {
    Fail(ErrorCode::kNotFound,
         "{}: this model is {} files, of which these are missing: {}; put them into the same "
         "folder",
         path.string(), count, fmt::join(missing, ", "));
  }
  return parts;
}

}  // namespace

std::string GgufPartName::FileName() const {
  return fmt::format("{}-{:05}-of-{:05}.gguf", stem, number, count);
}

std::optional<GgufPartName> ParseGgufPartName(std::string_view file_name) {
  constexpr std::string_view kExtension = ".gguf";
  constexpr size_t kTail = 1 + kDigits + kOf.size() + kDigits;
  if (!file_name.ends_with(kExtension)) return {};
  file_name.remove_suffix(kExtension.size());
  if (file_name.size() <= kTail) return {};
  const std::string_view tail = file_name.substr(file_name.size() - kTail);
  if (tail[0] != '-' || tail.substr(1 + kDigits, kOf.size()) != kOf) return {};
  const std::optional<int> number = ParseDigits(tail.substr(1, kDigits));
  const std::optional<int> count = ParseDigits(tail.substr(kTail - kDigits));
  if (!number || !count || *number < 1 || *number > *count || *count > kMaxGgufParts) return {};
  return GgufPartName{std::string(file_name.substr(0, file_name.size() - kTail)), *number, *count};
}

std::vector<fs::path> GgufParts(const fs::path& path) {
  std::optional<GgufPartName> name = ParseGgufPartName(path.filename().string());
  if (!name) return {path};
  std::vector<fs::path> parts;
  for (name->number = 1; name->number <= name->count; ++name->number) {
    parts.push_back(path.parent_path() / name->FileName());
  }
  return parts;
}

class GgufJoiner {
 public:
  // Adds the tensors of parts 2, 3, ... to the first part, which keeps the metadata.
  static std::shared_ptr<GgufFile> Join(const fs::path& path, int64_t count) {
    const std::vector<fs::path> parts = RequireParts(path, count);
    std::shared_ptr<GgufFile> joined;
    for (size_t i = 0; i < parts.size(); ++i) {
      std::shared_ptr<GgufFile> part = GgufFile::OpenPart(parts[i]);
      CheckPart(*part, static_cast<int64_t>(i), count);
      if (i == 0) {
        joined = std::move(part);
        continue;
      }
      joined->file_bytes_ += part->file_bytes_;
      for (Tensor& tensor : part->tensors_) joined->tensors_.push_back(std::move(tensor));
    }
    CheckTotal(*joined);
    IndexTensors(*joined);
    ForgetSplit(*joined);
    return joined;
  }

  // A joined file is whole: who copies its keys must not write that it is a part.
  static void ForgetSplit(GgufFile& file) {
    for (const char* key : kSplitKeys) {
      file.metadata_.erase(key);
      file.encoded_.erase(key);
      std::erase(file.keys_, key);
    }
  }

 private:
  static void CheckPart(const GgufFile& part, int64_t number, int64_t count) {
    if (part.Int("split.count") != count || part.Int("split.no") != number) {
      Fail(ErrorCode::kCorruptFile,
           "{}: by its keys this is part {} of {}, by its name part {} of {}; the parts are not of "
           "one model",
           part.name(), part.Int("split.no") + 1, part.Int("split.count"), number + 1, count);
    }
  }

  static void CheckTotal(const GgufFile& file) {
    const auto found = static_cast<int64_t>(file.tensors_.size());
    const int64_t expected = file.Int("split.tensors.count", found);
    if (found != expected) {
      Fail(ErrorCode::kCorruptFile, "{}: the parts have {} tensors together, but should have {}",
           file.name(), found, expected);
    }
  }

  // Part names are views of tensors_, which has grown.
  static void IndexTensors(GgufFile& file) {
    file.tensor_index_.clear();
    for (size_t i = 0; i < file.tensors_.size(); ++i) {
      if (!file.tensor_index_.emplace(file.tensors_[i].name, i).second) {
        Fail(ErrorCode::kCorruptFile, "{}: a tensor is in two parts", file.name());
      }
    }
  }
};

std::shared_ptr<const GgufFile> GgufFile::Open(const fs::path& path, const CancelToken& cancel) {
  std::shared_ptr<GgufFile> file = OpenPart(path);
  const int64_t n_parts = file->Int("split.count", 1);
  if (n_parts > 1) file = GgufJoiner::Join(path, n_parts);
  GgufJoiner::ForgetSplit(*file);
  file->cancel_ = cancel;
  return file;
}

}  // namespace pioneer
