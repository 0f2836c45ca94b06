// Why: the packed whole is cut by bytes, not by matrices, so that all threads have equal work and a
// file is written in aligned pieces; a panel across a cut is packed on both sides.
#include "tensor/ops/weight.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <new>
#include <set>
#include <string_view>

#include "base/error.h"
#include "base/hash.h"
#include "tensor/kernels/panels.h"

namespace pioneer {
namespace {

constexpr size_t kAlignment = 64;
// Bytes of a tensor that stand for its content, and how many tensors are asked.
constexpr size_t kSampleBytes = 64;
constexpr size_t kMaxSamples = 512;

size_t AlignUp(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

void CheckTensor(const Tensor& tensor) {
  if (tensor.data == nullptr || tensor.cols() <= 0 || tensor.rows() <= 0) {
    Fail(ErrorCode::kInvalidArgument, "weight {} is empty", tensor.name);
  }
  RowBytes(tensor.dtype, tensor.cols());
}

size_t PackedBytes(DType dtype, int64_t n_out, int64_t n_in) {
  return PanelBytes(dtype, n_in) * static_cast<size_t>(PanelCount(n_out));
}

// Of its middle: what is padded or constant lies at the ends.
uint64_t Sample(const Tensor& tensor) {
  const size_t bytes = std::min(kSampleBytes, tensor.bytes());
  const std::byte* middle = tensor.data + (tensor.bytes() - bytes) / 2;
  return Fnv1a({reinterpret_cast<const char*>(middle), bytes});
}

}  // namespace

Weight::Weight(const Tensor& tensor, std::shared_ptr<const PackedMemory> memory, size_t offset)
    : name_(tensor.name),
      dtype_(tensor.dtype),
      n_out_(tensor.rows()),
      n_in_(tensor.cols()),
      memory_(std::move(memory)),
      offset_(offset) {}

Weight::Weight(const Tensor& tensor) {
  WeightPack pack;
  *this = pack.Add(tensor);
  const std::shared_ptr<std::byte> memory = AllocatePacked(pack.bytes());
  pack.Pack(0, pack.bytes(), memory.get());
  pack.Place({memory.get(), memory});
}

size_t Weight::bytes() const { return PackedBytes(dtype_, n_out_, n_in_); }

Weight WeightPack::Add(const Tensor& tensor) {
  CheckTensor(tensor);
  const auto [known, is_new] =
      offsets_.try_emplace({tensor.data, tensor.dtype, tensor.rows(), tensor.cols()}, bytes_);
  if (is_new) {
    const size_t bytes = PackedBytes(tensor.dtype, tensor.rows(), tensor.cols());
    items_.push_back({tensor, PanelBytes(tensor.dtype, tensor.cols()), bytes_, bytes});
    bytes_ += AlignUp(bytes);
  }
  return Weight(tensor, memory_, known->second);
}

std::string WeightPack::Directory() const {
  std::string text;
  std::set<DType> dtypes;
  for (const Item& item : items_) dtypes.insert(item.tensor.dtype);
  for (const DType dtype : dtypes) {
    text += fmt::format("{} {:016x}\n", InfoOf(dtype).name, PanelFingerprint(dtype));
  }
  const size_t step = items_.size() / kMaxSamples + 1;
  for (size_t i = 0; i < items_.size(); ++i) {
    const Tensor& tensor = items_[i].tensor;
    text += fmt::format("{} {} {} {}", tensor.name, InfoOf(tensor.dtype).name, tensor.rows(),
                        tensor.cols());
    text += i % step == 0 ? fmt::format(" {:016x}\n", Sample(tensor)) : "\n";
  }
  return text;
}

std::span<const WeightPack::Item> WeightPack::ItemsIn(size_t begin, size_t end) const {
  const auto first = std::partition_point(items_.begin(), items_.end(), [&](const Item& item) {
    return item.offset + item.bytes <= begin;
  });
  const auto last = std::partition_point(first, items_.end(),
                                         [&](const Item& item) { return item.offset < end; });
  return {first, last};
}

void WeightPack::Pack(size_t begin, size_t end, std::byte* out) const {
  std::vector<std::byte> cut;
  size_t done = begin;
  const auto skip_to = [&](size_t offset) {  // what lies between two weights is zero
    if (offset > done) std::memset(out + (done - begin), 0, offset - done);
    done = std::max(done, offset);
  };
  for (const Item& item : ItemsIn(begin, end)) {
    skip_to(item.offset);
    while (done < std::min(end, item.offset + item.bytes)) {
      const size_t panel = (done - item.offset) / item.panel_bytes;
      const size_t panel_begin = item.offset + panel * item.panel_bytes;
      const size_t panel_end = panel_begin + item.panel_bytes;
      if (panel_begin == done && panel_end <= end) {
        PackPanel(item.tensor, static_cast<int64_t>(panel), out + (done - begin));
      } else {
        cut.resize(item.panel_bytes);
        PackPanel(item.tensor, static_cast<int64_t>(panel), cut.data());
        std::memcpy(out + (done - begin), cut.data() + (done - panel_begin),
                    std::min(panel_end, end) - done);
      }
      done = std::min(panel_end, end);
    }
  }
  skip_to(end);
}

void WeightPack::VisitSources(size_t begin, size_t end,
                              const std::function<void(const std::byte*, size_t)>& visit) const {
  for (const Item& item : ItemsIn(begin, end)) {
    const size_t first = std::max(begin, item.offset) - item.offset;
    const size_t last = std::min(end, item.offset + item.bytes) - item.offset;
    const auto row = static_cast<int64_t>(first / item.panel_bytes) * kPanelRows;
    const auto panels = static_cast<int64_t>((last + item.panel_bytes - 1) / item.panel_bytes);
    const int64_t row_end = std::min(item.tensor.rows(), panels * kPanelRows);
    visit(item.tensor.row(row),
          static_cast<size_t>(item.tensor.row(row_end) - item.tensor.row(row)));
  }
}

void WeightPack::Place(PackedMemory memory) {
  *memory_ = std::move(memory);
  items_.clear();
  offsets_.clear();
}

std::shared_ptr<std::byte> AllocatePacked(size_t bytes) {
  constexpr size_t kLargePage = size_t{2} << 20;
  if (bytes < kLargePage) {
    auto* const small = static_cast<std::byte*>(
        ::operator new (std::max<size_t>(1, bytes), std::align_val_t{kAlignment}));
    return {small, [](std::byte* p) { ::operator delete (p, std::align_val_t{kAlignment}); }};
  }
  void* const mapped = ::mmap(nullptr, bytes + kLargePage, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const begin = static_cast<std::byte*>(mapped);
  const auto past = reinterpret_cast<uintptr_t>(begin) % kLargePage;
  std::byte* const data = past == 0 ? begin : begin + (kLargePage - past);
  ::madvise(data, bytes, MADV_HUGEPAGE);
  return {data, [begin, bytes](std::byte*) { ::munmap(begin, bytes + kLargePage); }};
}

}  // namespace pioneer
