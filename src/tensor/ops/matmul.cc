// Why: rounds the activations once, then shares out panels of the weights.
#include "tensor/ops/matmul.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "tensor/kernels/kernel_table.h"
#include "tensor/kernels/panels.h"
#include "tensor/ops/parallel.h"
#include "tensor/quantize.h"

namespace pioneer {
namespace {

// One multiply-add counts an eighth of an element operation, plain types a quarter.
constexpr int64_t kMacsPerWork = 8;

// Rounded activations of one call. Memory is kept for the next call of the thread.
class ActivationBuffer {
 public:
  const Activations& Fill(ThreadPool& pool, const ActFormat& format, const float* x,
                          int64_t n_tokens, int64_t n_in) {
    const KernelTable& kernels = Kernels();
    const int tile = kernels.tile_tokens(format, n_tokens);
    act_ = {format, n_tokens, n_in, tile, nullptr, nullptr, nullptr};
    const bool plain = format.scale_group == 0;
    const int64_t rows = (n_tokens + tile - 1) / tile * tile;
    values_.Resize(1, plain ? rows * ((n_in + 31) / 32 * 32) : (rows * n_in + 3) / 4);
    act_.values = reinterpret_cast<std::byte*>(values_.data());
    if (!plain) {
      sums_.resize(static_cast<size_t>(rows * (n_in / format.sum_group)));
      scales_.resize(static_cast<size_t>(rows * (n_in / format.scale_group)));
      act_.sums = sums_.data();
      act_.scales = scales_.data();
    }
    ForItems(pool, n_tokens, n_in, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t) kernels.put_activation(x + t * n_in, act_, t);
    });
    return act_;
  }

 private:
  Activations act_;
  Matrix values_;
  std::vector<int32_t> sums_;
  std::vector<float> scales_;
};

// The formats that one call may need.
class ActivationSet {
 public:
  void Start() { n_ = 0; }
  const Activations& Get(ThreadPool& pool, const ActFormat& format, const float* x,
                         int64_t n_tokens, int64_t n_in) {
    for (int i = 0; i < n_; ++i) {
      if (formats_[i] == format) return *ready_[i];
    }
    formats_[n_] = format;
    ready_[n_] = &buffers_[n_].Fill(pool, format, x, n_tokens, n_in);
    return *ready_[n_++];
  }

 private:
  static constexpr int kFormats = 12;
  int n_ = 0;
  std::array<ActFormat, kFormats> formats_;
  std::array<const Activations*, kFormats> ready_{};
  std::array<ActivationBuffer, kFormats> buffers_;
};

// Tokens whose activations stay in second-level cache while all panels pass over them.
int64_t TilesTogether(const Activations& x) {
  constexpr int64_t kCacheBytes = 384 * 1024;
  const int64_t bytes = x.n_in * (x.format.scale_group != 0 ? 1 : x.format.bf16_pairs ? 2 : 4);
  return std::max<int64_t>(1, kCacheBytes / std::max<int64_t>(1, bytes) / x.tile);
}

// A list of panel ranges of the products, which threads take one by one.
std::vector<PanelProduct> Cut(const std::vector<PanelProduct>& products, int n_threads) {
  std::vector<PanelProduct> parts;
  for (const PanelProduct& whole : products) {
    const Activations& x = *whole.x;
    const int64_t panels = PanelCount(whole.n_out);
    const int64_t tiles = (x.n_tokens + x.tile - 1) / x.tile;
    const int64_t together = TilesTogether(x);
    const int64_t token_parts = (tiles + together - 1) / together;
    const int64_t wanted = std::max<int64_t>(1, 8 * n_threads / token_parts);
    const int64_t step = std::max<int64_t>(1, (panels + wanted - 1) / wanted + 3) / 4 * 4;
    const int64_t panel_step = std::max<int64_t>(1, step);
    for (int64_t tile = 0; tile < tiles; tile += together) {
      for (int64_t panel = 0; panel < panels; panel += panel_step) {
        PanelProduct part = whole;
        part.panel_begin = panel;
        part.panel_end = std::min(panels, panel + panel_step);
        part.tile_begin = tile;
        part.tile_end = std::min(tiles, tile + together);
        parts.push_back(part);
      }
    }
  }
  return parts;
}

}  // namespace

void MatMul(ThreadPool& pool, std::span<const Product> products, const float* x, int64_t n_tokens) {
  if (n_tokens <= 0 || products.empty()) return;
  const KernelTable& kernels = Kernels();
  thread_local ActivationSet activations;
  activations.Start();
  std::vector<PanelProduct> whole;
  int64_t macs = 0;
  const int64_t n_in = products.front().weight->n_in();
  for (const Product& product : products) {
    const Weight& w = *product.weight;
    if (w.panels() == nullptr || w.n_in() != n_in) {
      Fail(ErrorCode::kInternal, "products of one input differ in its size: {} and {} ({})", n_in,
           w.n_in(), w.name());
    }
    PanelProduct part;
    part.dtype = w.dtype();
    part.panels = w.panels();
    part.n_out = w.n_out();
    part.x = &activations.Get(pool, kernels.act_format(part.dtype), x, n_tokens, n_in);
    part.y = product.y;
    part.panel_end = PanelCount(part.n_out);
    part.tile_end = (n_tokens + part.x->tile - 1) / part.x->tile;
    whole.push_back(part);
    macs += part.n_out * n_in * n_tokens;
  }
  if (pool.size() == 1 || macs < 2 * kMacsPerWork * kMinParallelWork) {
    for (const PanelProduct& part : whole) kernels.multiply(part);
    return;
  }
  const std::vector<PanelProduct> parts = Cut(whole, pool.size());
  pool.ParallelFor(static_cast<int64_t>(parts.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) kernels.multiply(parts[i]);
  });
}

void MatMul(ThreadPool& pool, const Weight& w, const float* x, int64_t n_tokens, float* y) {
  const Product product{&w, y};
  MatMul(pool, std::span(&product, 1), x, n_tokens);
}

void EmbedRows(ThreadPool& pool, const Tensor& table, const int32_t* ids, int64_t n_tokens,
               float* out) {
  constexpr int64_t kDecodingWork = 4;  // of one element, in additions
  ForItems(pool, n_tokens, kDecodingWork * table.cols(), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      DequantizeRow(table.dtype, table.row(ids[t]), out + t * table.cols(), table.cols());
    }
  });
}

}  // namespace pioneer
