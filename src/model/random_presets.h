// Why: a file of each architecture needs keys of its own; here is a small valid set for every one,
// and the sizes of published models, whose speed does not depend on what they have learned.
#pragma once

#include <string>

#include "model/random_model.h"

namespace pioneer {

// Options for a model of a few layers with the keys that the architecture must have; the vocabulary
// is the caller's. An architecture without a preset gets the sizes of RandomModelOptions alone.
RandomModelOptions RandomPreset(const std::string& architecture);

// The sizes of a published model, its vocabulary's too.
struct RandomShape {
  std::string name;  // "llama-3.2-1b"
  RandomModelOptions options;
  int vocab_size = 0;
};
const std::vector<RandomShape>& RandomShapes();

}  // namespace pioneer
