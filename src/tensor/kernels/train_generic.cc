// Why: the training loops compiled for generic. See train_loops.h.
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "tensor/kernels/train_kernels.h"

#define PIONEER_TRAIN_NAMESPACE train_generic
#include "tensor/kernels/train_loops.inl.h"

namespace pioneer {

const TrainKernels& GenericTrainKernels() {
  static const TrainKernels kernels = train_generic::MakeTrainKernels("generic");
  return kernels;
}

}  // namespace pioneer
