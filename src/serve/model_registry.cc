#include "serve/model_registry.h"

#include <fmt/format.h>

#include "serve/api_error.h"

namespace pioneer::serve {

void ModelRegistry::Set(GeneratorList generators) {
  const std::lock_guard lock(mutex_);
  generators_.swap(generators);
}

GeneratorList ModelRegistry::All() const {
  const std::lock_guard lock(mutex_);
  return generators_;
}

std::shared_ptr<Generator> ModelRegistry::Find(const std::string& id) const {
  const GeneratorList generators = All();
  if (generators.empty()) {
    throw ApiError(503, "server_error", "model_loading", "",
                   "the model is still being loaded; try again in a moment");
  }
  if (id.empty()) return generators.front();
  std::vector<std::string> known;
  for (const auto& generator : generators) {
    known.push_back(generator->info().id);
    if (known.back() == id) return generator;
  }
  throw ApiError(404, "invalid_request_error", "model_not_found", "model",
                 fmt::format("model: there is no model \"{}\" here; known models: {}", id,
                             fmt::join(known, ", ")));
}

}  // namespace pioneer::serve
