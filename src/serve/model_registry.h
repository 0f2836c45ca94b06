// Why: the models that this service answers with, by name: loaded on first use, one after another
// and beside all running answers; unloaded when idle or when another needs the memory.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "engine/generator.h"
#include "serve/served_model.h"

namespace pioneer::serve {

using GeneratorList = std::vector<std::shared_ptr<Generator>>;

// Thread-safe.
class ModelRegistry {
 public:
  // Models that are loaded and stay so; see Set().
  explicit ModelRegistry(GeneratorList generators, const Clock& clock = Clock::Real());
  ~ModelRegistry();  // Stop()
  ModelRegistry(const ModelRegistry&) = delete;
  ModelRegistry& operator=(const ModelRegistry&) = delete;

  // Replaces the models by ones that are loaded and stay so; requests that run keep theirs.
  void Set(GeneratorList generators);
  // Replaces the models and begins to load the first, the default. `discover` lists further ones;
  // it is asked when a name is not known and when the models are listed, not more than every few
  // seconds.
  using Discover = std::function<std::vector<ServedModel>()>;
  void Serve(std::vector<ServedModel> models, const ModelLimits& limits, Discover discover = {});
  // Ends waiting and loading: Find() throws 503 from now on. Returns when nothing is being loaded.
  void Stop();

  // The default model has been loaded, or could not be. Waits up to `timeout_ms` for that.
  bool WaitForDefault(int64_t timeout_ms);

  // Those that are loaded; the default model first.
  GeneratorList All() const;
  // All that may be asked for; after each model its adapters.
  std::vector<ModelStatus> Statuses();
  // Throws ApiError 404 model_not_found that names the known ones. "" means the default model.
  ModelStatus Status(const std::string& id);
  ModelLimits limits() const;
  int64_t loads_total() const;
  int64_t unloads_total() const;

  // Loads the model if need be and keeps it loaded as long as the result is held. Throws what
  // Status() throws; ApiError 503 while there are no models, while others that are being used leave
  // too little memory, and after Stop(); 507 for a model that can never fit; 500 for one that
  // cannot be loaded.
  std::shared_ptr<Generator> Find(const std::string& id);

 private:
  struct Entry;
  struct Shared;
  struct Lease;
  using EntryPtr = std::shared_ptr<Entry>;

  // A model, or one with an adapter that is offered as a model.
  struct Found {
    EntryPtr entry;
    std::optional<AdapterUse> adapter;
  };
  Found Lookup(const std::string& id);
  void Refresh(int64_t max_age_ms);
  void LoaderLoop();
  void LoadOne(std::unique_lock<std::mutex>& lock, const EntryPtr& entry);
  void UnloadIdle(std::unique_lock<std::mutex>& lock);

  const std::shared_ptr<Shared> shared_;  // leases may outlive the registry
  std::mutex stop_mutex_;
  std::thread loader_;
};

}  // namespace pioneer::serve
