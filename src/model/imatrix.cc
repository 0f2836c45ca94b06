// Why: reads both forms of importance matrices.
#include "model/imatrix.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

#include "base/error.h"
#include "model/gguf.h"

namespace pioneer {
namespace {

[[noreturn]] void FailBroken(const std::string& file, std::string_view why) {
  Fail(ErrorCode::kCorruptFile, "{} is no readable importance matrix: {}", file, why);
}

// The numbers of the binary form.
class BinaryReader {
 public:
  BinaryReader(std::string_view bytes, const std::string& file) : rest_(bytes), file_(file) {}

  int32_t Int() {
    int32_t v;
    std::memcpy(&v, Take(sizeof v).data(), sizeof v);
    return v;
  }
  int32_t Count() {
    const int32_t n = Int();
    if (n < 0) FailBroken(file_, "a negative count");
    return n;
  }
  std::string_view Take(size_t n) {
    if (n > rest_.size()) FailBroken(file_, "it ends too early");
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }
  std::vector<float> Floats(int32_t n) {
    const std::string_view bytes = Take(static_cast<size_t>(n) * sizeof(float));
    std::vector<float> values(static_cast<size_t>(n));
    if (n > 0) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

 private:
  std::string_view rest_;
  const std::string& file_;
};

std::vector<float> FloatsOf(const Tensor& tensor, const std::string& file) {
  if (tensor.dtype != DType::kF32) FailBroken(file, "\"" + tensor.name + "\" is not F32");
  std::vector<float> values(static_cast<size_t>(tensor.rows() * tensor.cols()));
  std::memcpy(values.data(), tensor.data, values.size() * sizeof(float));
  return values;
}

}  // namespace

ImportanceMatrix ImportanceMatrix::Read(const fs::path& path) {
  ImportanceMatrix matrix;
  matrix.name_ = path.string();
  const MappedFile file(path);
  const std::string_view bytes(reinterpret_cast<const char*>(file.bytes().data()),
                               file.bytes().size());
  if (bytes.starts_with("GGUF")) {
    matrix.ReadGguf(path);
  } else {
    matrix.ReadBinary(bytes);
  }
  if (matrix.entries_.empty()) FailBroken(matrix.name_, "it has no entries");
  return matrix;
}

void ImportanceMatrix::ReadGguf(const fs::path& path) {
  const auto file = GgufFile::Open(path);
  constexpr std::string_view kSums = ".in_sum2", kCounts = ".counts";
  for (const Tensor& sums : file->tensors()) {
    if (!sums.name.ends_with(kSums)) continue;
    const std::string weight = sums.name.substr(0, sums.name.size() - kSums.size());
    const Tensor* counts = file->FindTensor(weight + std::string(kCounts));
    if (counts == nullptr) FailBroken(name_, "\"" + weight + "\" has no counts");
    Entry entry{sums.rows(), FloatsOf(sums, name_)};
    const std::vector<float> divisors = FloatsOf(*counts, name_);
    if (std::ssize(divisors) != entry.n_matrices) {
      FailBroken(name_, "the counts of \"" + weight + "\" do not fit its sums");
    }
    const int64_t n = sums.cols();
    for (int64_t m = 0; m < entry.n_matrices; ++m) {
      // An expert that no token went to: nothing is known, all inputs matter alike.
      const float count = divisors[static_cast<size_t>(m)];
      for (float& v : std::span(entry.values).subspan(static_cast<size_t>(m * n), n)) {
        v = count > 0 ? v / count : 1.0f;
      }
    }
    Add(weight, std::move(entry));
  }
}

// int32 entries; each: int32 length and the name, int32 calls, int32 values and the floats (sums
// over the calls). What follows the entries is not needed.
void ImportanceMatrix::ReadBinary(std::string_view bytes) {
  BinaryReader in(bytes, name_);
  const int32_t n_entries = in.Count();
  for (int32_t i = 0; i < n_entries; ++i) {
    const std::string weight(in.Take(static_cast<size_t>(in.Count())));
    const int32_t calls = in.Count();
    Entry entry{1, in.Floats(in.Count())};
    if (calls > 0) {
      for (float& v : entry.values) v /= static_cast<float>(calls);
    }
    Add(weight, std::move(entry));
  }
}

void ImportanceMatrix::Add(const std::string& name, Entry entry) {
  const bool usable =
      !entry.values.empty() && std::all_of(entry.values.begin(), entry.values.end(),
                                           [](float v) { return std::isfinite(v) && v >= 0; });
  if (!usable) FailBroken(name_, "\"" + name + "\" has values that are no sums of squares");
  // The scale means nothing; a mean of 1 keeps sums of products far from float's limits.
  double sum = 0;
  for (const float v : entry.values) sum += v;
  const double mean = sum / static_cast<double>(entry.values.size());
  if (mean > 0) {
    for (float& v : entry.values) v = static_cast<float>(v / mean);
  }
  entries_.insert_or_assign(name, std::move(entry));
}

std::span<const float> ImportanceMatrix::RowOf(const Tensor& weight, int64_t r) const {
  const auto at = entries_.find(weight.name);
  if (at == entries_.end()) return {};
  const std::vector<float>& values = at->second.values;
  const int64_t n = weight.cols();
  const int64_t experts = weight.shape.size() > 2 ? weight.rows() / weight.shape.end()[-2] : 1;
  if (std::ssize(values) != n * experts) {
    Fail(ErrorCode::kInvalidArgument,
         "the importance matrix {} has {} values for \"{}\", which has {} inputs; it was made from "
         "another model",
         name_, values.size(), weight.name, n * experts);
  }
  const int64_t expert = experts > 1 ? r / weight.shape.end()[-2] : 0;
  return std::span(values).subspan(static_cast<size_t>(expert * n), static_cast<size_t>(n));
}

}  // namespace pioneer
