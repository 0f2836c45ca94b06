// Why: the list of load functions that the table in model.cc has by name. Each architecture is one
// file of this folder; it throws Error{kCorruptFile, kUnsupported} as LoadModel does.
#pragma once

#include <memory>

#include "model/model.h"
#include "model/weight_loader.h"

namespace pioneer {

std::unique_ptr<Model> LoadBert(WeightLoader& load);
std::unique_ptr<Model> LoadDeepSeek2(WeightLoader& load);
std::unique_ptr<Model> LoadExaone4(WeightLoader& load);
std::unique_ptr<Model> LoadGemma2(WeightLoader& load);
std::unique_ptr<Model> LoadGemma3(WeightLoader& load);
std::unique_ptr<Model> LoadGemma4(WeightLoader& load);
std::unique_ptr<Model> LoadGpt2(WeightLoader& load);
std::unique_ptr<Model> LoadGptOss(WeightLoader& load);
std::unique_ptr<Model> LoadGranite(WeightLoader& load);
std::unique_ptr<Model> LoadLfm2(WeightLoader& load);
std::unique_ptr<Model> LoadLlama(WeightLoader& load);
std::unique_ptr<Model> LoadLlamaEmbed(WeightLoader& load);
std::unique_ptr<Model> LoadNomicBert(WeightLoader& load);
std::unique_ptr<Model> LoadOlmo2(WeightLoader& load);
std::unique_ptr<Model> LoadPhi3(WeightLoader& load);
std::unique_ptr<Model> LoadQwen2(WeightLoader& load);
std::unique_ptr<Model> LoadQwen3(WeightLoader& load);
std::unique_ptr<Model> LoadQwen35(WeightLoader& load);
std::unique_ptr<Model> LoadSmolLm3(WeightLoader& load);

}  // namespace pioneer
