// Why: a result row is a weighted sum of input rows; those before the step lie in the state.
#include "tensor/ops/short_conv.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "tensor/kernels/kernel_table.h"
#include "tensor/ops/parallel.h"

namespace pioneer {
namespace {

constexpr int kMaxTaps = 64;

// Row `index` of a sequence's inputs; negative ones are in the state.
const float* InputRow(const ShortConv& conv, const ShortConvSequence& sequence, const float* x,
                      int64_t index) {
  if (index < 0) return sequence.state + (index + conv.n_taps - 1) * conv.n_channels;
  return x + (sequence.first_row + index) * conv.n_channels;
}

// Oldest first, so that a row is read before it is overwritten.
void AdvanceState(const ShortConv& conv, const ShortConvSequence& sequence, const float* x) {
  for (int64_t j = 0; j < conv.n_taps - 1; ++j) {
    const int64_t index = sequence.n_rows - (conv.n_taps - 1) + j;
    std::memmove(sequence.state + j * conv.n_channels, InputRow(conv, sequence, x, index),
                 sizeof(float) * static_cast<size_t>(conv.n_channels));
  }
}

}  // namespace

void RunShortConv(ThreadPool& pool, const ShortConv& conv,
                  std::span<const ShortConvSequence> sequences, const float* x, float* y) {
  if (conv.n_taps < 1 || conv.n_taps > kMaxTaps || conv.n_channels < 1 ||
      std::ssize(conv.weights) != int64_t{conv.n_taps} * conv.n_channels) {
    Fail(ErrorCode::kInvalidArgument, "a convolution of {} taps and {} channels with {} weights",
         conv.n_taps, conv.n_channels, conv.weights.size());
  }
  const KernelTable& kernels = Kernels();
  const int64_t work = int64_t{conv.n_taps} * conv.n_channels;
  for (const ShortConvSequence& sequence : sequences) {
    ForItems(pool, sequence.n_rows, work, [&](int64_t begin, int64_t end) {
      const float* rows[kMaxTaps];
      for (int64_t t = begin; t < end; ++t) {
        for (int j = 0; j < conv.n_taps; ++j) {
          rows[j] = InputRow(conv, sequence, x, t - (conv.n_taps - 1) + j);
        }
        kernels.sum_rows(rows, conv.weights.data(), conv.n_taps, conv.n_channels,
                         y + (sequence.first_row + t) * conv.n_channels);
      }
    });
    AdvanceState(conv, sequence, x);
  }
}

}  // namespace pioneer
