// Why: the list of load functions that the table in model.cc has by name. Each architecture is one
// file of this folder; it throws Error{kCorruptFile, kUnsupported} as LoadModel does.
#pragma once

#include <memory>

#include "model/model.h"
#include "model/weight_loader.h"

namespace pioneer {

std::unique_ptr<Model> LoadBert(WeightLoader& load);
std::unique_ptr<Model> LoadLlama(WeightLoader& load);
std::unique_ptr<Model> LoadNomicBert(WeightLoader& load);
std::unique_ptr<Model> LoadQwen2(WeightLoader& load);

}  // namespace pioneer
