// Why: the models that this service answers with, by name.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/generator.h"

namespace pioneer::serve {

using GeneratorList = std::vector<std::shared_ptr<Generator>>;

// Thread-safe.
class ModelRegistry {
 public:
  explicit ModelRegistry(GeneratorList generators) : generators_(std::move(generators)) {}

  // Replaces the models; requests that run keep theirs.
  void Set(GeneratorList generators);

  // The first is the default model; empty while the models are being loaded.
  GeneratorList All() const;

  // "" means the default model. Throws ApiError 404 model_not_found that names the known ones, and
  // 503 while there are none.
  std::shared_ptr<Generator> Find(const std::string& id) const;

 private:
  mutable std::mutex mutex_;
  GeneratorList generators_;
};

}  // namespace pioneer::serve
