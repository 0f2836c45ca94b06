// Why: documents are parsed by all threads, and any of them may be broken; jobs of a pool must not
// throw.
#pragma once

#include <cstddef>
#include <functional>

#include "base/thread_pool.h"

namespace pioneer {

// job(i) for 0 <= i < n on all threads. What a job throws is thrown when all are done; of several,
// what the smallest i threw, so that a broken source is the same error on any number of threads.
void ForEachInPool(ThreadPool& pool, size_t n, const std::function<void(size_t)>& job);

}  // namespace pioneer
