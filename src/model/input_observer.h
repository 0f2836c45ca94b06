// Why: what goes into a model's matrices tells how they may be quantized (imatrix_recorder.h).
#pragma once

#include <cstdint>

namespace pioneer {

class InputObserver {
 public:
  virtual ~InputObserver() = default;
  // x: [n, n_in], rows that are about to be multiplied by the matrix at a site of the model's
  // AdapterSites. Comes from the thread that runs the step; matrices of one input come one by one.
  // Must not throw.
  virtual void Observe(int site, const float* x, int64_t n, int64_t n_in) = 0;
};

}  // namespace pioneer
