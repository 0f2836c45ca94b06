// Why: training runs as a process of its own: the service may be restarted, and a run that ends in
// a crash takes nothing with it. Whoever finds its lock can stop it in order.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "train/run_folder.h"

namespace pioneer::lab {

// Whether SIGINT makes this process end in order. A trainer takes its first one that way; a second
// would kill it, so this tells too whether it was asked to stop already.
bool WouldStopInOrder(pid_t process);

// Asks the process that trains in the folder to write a checkpoint and end; returns at once. Asked
// again, nothing happens. Throws Error{kInvalidArgument} when nobody trains there, kIo when the
// process may not be signalled.
void StopTraining(const RunFolder& folder);

// Starts `program` with `arguments` (the first is not its name) for the folder: in a session of its
// own, so that it outlives this process; with low priority; its output replaces OutputPath().
// Throws Error{kIo}. The caller waits for it (waitpid) when it ends before this process.
pid_t StartTraining(const fs::path& program, const std::vector<std::string>& arguments,
                    const RunFolder& folder);

}  // namespace pioneer::lab
