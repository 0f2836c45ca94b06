// Why: the training loops compiled for avx512. See train_loops.h.
#if defined(__x86_64__)

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "tensor/kernels/train_kernels.h"

#if defined(__clang__)
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma")
#endif
#define PIONEER_TRAIN_NAMESPACE train_avx512
#include "tensor/kernels/train_loops.inl.h"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace pioneer {

const TrainKernels& Avx512TrainKernels() {
  static const TrainKernels kernels = train_avx512::MakeTrainKernels("avx512");
  return kernels;
}

}  // namespace pioneer

#endif
