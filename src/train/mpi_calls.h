// Why: the program must start where there is no MPI, so what needs the library lies in a module
// beside the program (mpi_module.cc), opened only in processes that mpirun started. This is all
// that the two know of each other: plain functions, no types of MPI.
#pragma once

#include <cstddef>

namespace pioneer {

// Functions that return a request start something, which is over when Done(request) says so.
// Memory stays as it is until then. Failures end the process with a message, as MPI does.
struct MpiCalls {
  int rank = 0, size = 1, host_rank = 0, host_size = 1;
  int (*send)(const float* data, size_t n, int to);
  int (*receive)(float* data, size_t n, int from);
  int (*broadcast)(float* data, size_t n, int from);
  int (*sum)(double* values, size_t n);  // in place
  bool (*done)(int request);             // once true, the request is gone
  void (*finalize)();
};

// The module's one symbol. Joins the run; may be called once.
inline constexpr char kStartMpi[] = "PioneerStartMpi";
using StartMpi = const MpiCalls*();

}  // namespace pioneer
