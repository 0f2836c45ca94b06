// Why: a model that this service may answer with is known before it is loaded, and needs memory
// only while it is.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/cancel.h"
#include "engine/generator.h"

namespace pioneer::serve {

struct ServedModel {
  GeneratorInfo info;  // what is known without loading; info.id is its name on the wire
  int64_t bytes = 0;   // of memory that it needs once loaded, about
  // Takes its time; throws what is wrong with the model, and Error{kCancelled} soon after the token
  // is used. Called by one thread, maybe again after the model was unloaded.
  std::function<std::shared_ptr<Generator>(const CancelToken&)> load;
};

struct ModelLimits {
  int64_t memory_bytes = 0;     // of all loaded models together; 0 = no limit
  int64_t unload_after_ms = 0;  // without a request; 0 = never. The default model stays.
};

enum class ModelState { kUnloaded, kLoading, kLoaded, kFailed };
const char* ModelStateName(ModelState state);  // "unloaded", "loading", "loaded", "failed"

struct ModelStatus {
  GeneratorInfo info;
  ModelState state = ModelState::kUnloaded;
  int64_t bytes = 0;    // needs, or has
  std::string problem;  // kFailed: why
};

}  // namespace pioneer::serve
