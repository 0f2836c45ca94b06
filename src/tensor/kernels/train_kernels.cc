#include "tensor/kernels/train_kernels.h"

namespace pioneer {

const TrainKernels& GenericTrainKernels();
const TrainKernels& Avx2TrainKernels();
const TrainKernels& Avx512TrainKernels();

std::vector<const TrainKernels*> UsableTrainKernels() {
  std::vector<const TrainKernels*> usable = {&GenericTrainKernels()};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    usable.push_back(&Avx2TrainKernels());
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")) {
    usable.push_back(&Avx512TrainKernels());
  }
#endif
  return usable;
}

const TrainKernels& BestTrainKernels() {
  static const TrainKernels& best = *UsableTrainKernels().back();
  return best;
}

}  // namespace pioneer
