// Why: chooses the codes and scales of a block so that the weighted squared error is small. All
// block types share one search:
//
//   1. each group by itself: for a range of roundings, the best scale (and min) for the resulting
//      codes is a weighted least-squares problem; the best of all is kept and rounded again;
//   2. the groups' scales become small integers under one d: the same problem once more, with the
//      scales as its data;
//   3. with the block's real d and dmin, integers next to the rounded ones are tried, codes are
//      chosen again, and d and dmin are solved for all groups together.
#pragma once

#include "tensor/block_format.h"

namespace pioneer {

// x: format.block finite numbers up to 65504; weights: as many, finite and >= 0, that the squared
// errors are weighed with. d and dmin of the result are storable. Any thread.
void FitBlock(const BlockFormat& format, const float* x, const float* weights, BlockCodes& out);

}  // namespace pioneer
