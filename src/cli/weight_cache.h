// Why: every command that loads a model keeps its packed weights in the same place and says how far
// packing is.
#pragma once

#include <CLI/CLI.hpp>

#include "base/cancel.h"
#include "model/model.h"

namespace pioneer {

inline constexpr const char* kWeightCacheVariable = "PIONEER_WEIGHT_CACHE";

// Of the data of this user. $PIONEER_WEIGHT_CACHE is "off", or the most it may take, as 20GiB.
// Throws Error{kInvalidArgument} when it is something else.
PackedCache WeightCache();

// With the cache, and progress on stderr where packing takes long.
LoadOptions MakeLoadOptions(int n_threads = 0, const CancelToken& cancel = {});

// `pioneer models cache`.
void AddModelsCache(CLI::App& models);

}  // namespace pioneer
