// Why: `pioneer serve` offers models before it loads them; this says what each is and needs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "cli/generator_option.h"
#include "serve/served_model.h"

namespace pioneer {

// The models that are named, in order. Throws Error{kNotFound} for a name that leads to none, and
// what is wrong with a file's header.
std::vector<serve::ServedModel> NamedModels(const std::vector<std::string>& names,
                                            const EngineFlags& flags,
                                            const std::shared_ptr<ThreadPool>& threads);

// All models on this machine that can be loaded, as far as their headers tell.
std::vector<serve::ServedModel> InstalledModels(const EngineFlags& flags,
                                                const std::shared_ptr<ThreadPool>& threads);

}  // namespace pioneer
