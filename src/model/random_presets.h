// Why: a file of each architecture needs keys of its own; here is a small valid set for every one.
#pragma once

#include <string>

#include "model/random_model.h"

namespace pioneer {

// Options for a model of a few layers with the keys that the architecture must have; the vocabulary
// is the caller's. An architecture without a preset gets the sizes of RandomModelOptions alone.
RandomModelOptions RandomPreset(const std::string& architecture);

}  // namespace pioneer
