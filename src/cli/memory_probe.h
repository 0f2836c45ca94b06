// Why: generating reads all weights for each token, so its limit is how fast memory can be read;
// and what a model takes is told by the system, not by what was planned.
#pragma once

#include <cstdint>

#include "base/thread_pool.h"

namespace pioneer {

// Bytes a second that all threads of the pool together read from memory that is in no cache: the
// best of several passes over 64 MiB a thread, at least 256 MiB in all. Takes some tenths of a
// second and that much memory.
double MeasureReadBandwidth(ThreadPool& pool);

// The most memory that this process ever held at once, bytes, mapped pages of files among it; 0
// where the system does not tell.
int64_t PeakResidentBytes();

}  // namespace pioneer
