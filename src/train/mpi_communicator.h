// Why: `mpirun -n K pioneer train ...` makes K processes that train one model.
#pragma once

#include <memory>

#include "base/cancel.h"
#include "train/communicator.h"

namespace pioneer {

// Joins the run that mpirun (or another launcher that speaks PMIx) started this process for; null
// when none did, which costs one look at the environment. At most once a process. A process that is
// cancelled or fails leaves the run without waiting for mpirun, which then ends the others. Throws
// Error{kUnsupported} when the program has no module for MPI, with what to install.
std::unique_ptr<Communicator> JoinMpiRun(const CancelToken& cancel);

}  // namespace pioneer
