// Why: see mpi_calls.h. The only file that knows Open MPI.
#define OMPI_SKIP_MPICXX 1  // only the functions of C
#include <mpi.h>

#include <algorithm>
#include <vector>

#include "train/mpi_calls.h"

namespace pioneer {
namespace {

std::vector<MPI_Request> requests;  // MPI_REQUEST_NULL: free

int Keep(MPI_Request request) {
  const auto free = std::find(requests.begin(), requests.end(), MPI_REQUEST_NULL);
  const auto place = static_cast<int>(free - requests.begin());
  if (free == requests.end()) requests.emplace_back();
  requests[place] = request;
  return place;
}

int StartSend(const float* data, size_t n, int to) {
  MPI_Request request;
  MPI_Isend(data, static_cast<int>(n), MPI_FLOAT, to, 0, MPI_COMM_WORLD, &request);
  return Keep(request);
}

int StartReceive(float* data, size_t n, int from) {
  MPI_Request request;
  MPI_Irecv(data, static_cast<int>(n), MPI_FLOAT, from, 0, MPI_COMM_WORLD, &request);
  return Keep(request);
}

int StartBroadcast(float* data, size_t n, int from) {
  MPI_Request request;
  MPI_Ibcast(data, static_cast<int>(n), MPI_FLOAT, from, MPI_COMM_WORLD, &request);
  return Keep(request);
}

int StartSum(double* values, size_t n) {
  MPI_Request request;
  MPI_Iallreduce(MPI_IN_PLACE, values, static_cast<int>(n), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD,
                 &request);
  return Keep(request);
}

// A null request is done.
bool Done(int request) {
  int done = 0;
  MPI_Test(&requests[request], &done, MPI_STATUS_IGNORE);
  return done != 0;
}

void Finalize() { MPI_Finalize(); }

MpiCalls Start() {
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  MpiCalls calls{.send = StartSend,
                 .receive = StartReceive,
                 .broadcast = StartBroadcast,
                 .sum = StartSum,
                 .done = Done,
                 .finalize = Finalize};
  MPI_Comm_rank(MPI_COMM_WORLD, &calls.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &calls.size);
  MPI_Comm host;
  MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, calls.rank, MPI_INFO_NULL, &host);
  MPI_Comm_rank(host, &calls.host_rank);
  MPI_Comm_size(host, &calls.host_size);
  MPI_Comm_free(&host);
  return calls;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const MpiCalls* PioneerStartMpi() {
  static const MpiCalls calls = Start();
  return &calls;
}

}  // namespace pioneer
