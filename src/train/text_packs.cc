#include "train/text_packs.h"

#include <algorithm>
#include <numeric>

#include "tensor/ops/train_attention.h"

namespace pioneer {
namespace {

// Of a pass; what is longer has one of its own. Measured: docs/performance.md, "Models that embed".
constexpr int64_t kPackRows = 512;

// Some blocks of rows, which one long text or many short ones share.
struct Bin {
  int64_t room = 0;
  std::vector<size_t> texts;
};

// First fit, the longest first: hardly a row in a hundred is left over.
std::vector<Bin> FillBins(std::span<const std::span<const int32_t>> texts) {
  std::vector<size_t> order(texts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order,
                           [&](size_t a, size_t b) { return texts[a].size() > texts[b].size(); });
  std::vector<Bin> bins;
  for (const size_t text : order) {
    const int64_t n = std::ssize(texts[text]);
    auto bin = std::ranges::find_if(bins, [n](const Bin& other) { return other.room >= n; });
    if (bin == bins.end()) {
      bin = bins.insert(bins.end(), Bin{(n + kQueryBlock - 1) / kQueryBlock * kQueryBlock, {}});
    }
    bin->room -= n;
    bin->texts.push_back(text);
  }
  return bins;
}

void Append(const Bin& bin, std::span<const std::span<const int32_t>> texts, TextPack& pack) {
  const auto add = [&pack](int64_t n, int64_t index) {
    if (n > 0) pack.texts.push_back({std::ssize(pack.inputs), n, index});
  };
  for (const size_t text : bin.texts) {
    add(std::ssize(texts[text]), static_cast<int64_t>(text));
    pack.inputs.insert(pack.inputs.end(), texts[text].begin(), texts[text].end());
  }
  add(bin.room, TextPack::kFiller);
  pack.inputs.resize(pack.inputs.size() + static_cast<size_t>(bin.room));
}

}  // namespace

std::vector<TextPack> PackTexts(std::span<const std::span<const int32_t>> texts) {
  std::vector<TextPack> packs;
  for (const Bin& bin : FillBins(texts)) {
    int64_t n = bin.room;
    for (const size_t text : bin.texts) n += std::ssize(texts[text]);
    if (packs.empty() || std::ssize(packs.back().inputs) + n > kPackRows) packs.emplace_back();
    Append(bin, texts, packs.back());
  }
  return packs;
}

}  // namespace pioneer
