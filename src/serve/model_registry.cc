#include "serve/model_registry.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <exception>
#include <set>

#include "base/log.h"
#include "base/progress.h"
#include "engine/adapter_generator.h"
#include "serve/api_error.h"

namespace pioneer::serve {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
// A model that could not be loaded is not tried again for this long: a page that asks again and
// again must not read a broken file again and again.
constexpr int64_t kRetryFailedMs = 10'000;
constexpr int64_t kRefreshUnknownMs = 2'000;
constexpr int64_t kRefreshListMs = 10'000;
constexpr auto kIdleCheck = std::chrono::seconds(1);

std::string Size(int64_t bytes) { return FormatBytes(static_cast<double>(bytes)); }

ApiError StoppingError() {
  return ApiError(503, "server_error", "stopping", "", "the service is stopping");
}

ApiError NeverFitsError(const ServedModel& model, int64_t limit) {
  return ApiError(507, "server_error", "insufficient_memory", "model",
                  fmt::format("model: {} needs about {} of memory, and models may use {}; take a "
                              "smaller type of it, or start the service with a larger --memory or "
                              "a smaller --kv-memory",
                              model.info.id, Size(model.bytes), Size(limit)));
}

ApiError BusyError(const ServedModel& model, int64_t limit) {
  return ApiError(
      503, "server_error", "insufficient_memory", "model",
      fmt::format("model: {} needs about {} of memory, and of {} for models too much is "
                  "used by models that are answering now; try again in a moment",
                  model.info.id, Size(model.bytes), Size(limit)));
}

ApiError LoadError(const std::string& id, const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  const bool memory = known != nullptr && known->code() == ErrorCode::kOutOfMemory;
  return ApiError(memory ? 507 : 500, "server_error",
                  memory ? "insufficient_memory" : "model_failed", "model",
                  fmt::format("model: {} cannot be loaded: {}", id, error.what()));
}

}  // namespace

const char* ModelStateName(ModelState state) {
  switch (state) {
    case ModelState::kUnloaded:
      return "unloaded";
    case ModelState::kLoading:
      return "loading";
    case ModelState::kLoaded:
      return "loaded";
    case ModelState::kFailed:
      return "failed";
  }
  return "";
}

// Guarded by Shared::mutex.
struct ModelRegistry::Entry {
  ServedModel model;
  bool stays = false;       // is never unloaded: it could not be loaded again, or is the default
  bool discovered = false;  // is forgotten when it is not found any more
  std::shared_ptr<Generator> generator;
  bool loading = false;
  int64_t wanted = 0;  // place in the queue of the loader; 0 = not wanted
  int uses = 0;        // leases
  int64_t last_used_ns = 0;
  int64_t attempts = 0;  // that have ended
  std::optional<ApiError> failure;
  int64_t failed_ns = 0;

  GeneratorInfo info() const { return generator ? generator->info() : model.info; }
  ModelStatus status() const {
    return {info(), state(), model.bytes, failure ? failure->what() : ""};
  }
  ModelState state() const {
    if (generator) return ModelState::kLoaded;
    if (loading || wanted > 0) return ModelState::kLoading;
    return failure ? ModelState::kFailed : ModelState::kUnloaded;
  }
};

struct ModelRegistry::Shared {
  explicit Shared(const Clock& clock) : clock(clock) {}

  const Clock& clock;
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::vector<EntryPtr> entries;  // the first is the default
  ModelLimits limits;
  Discover discover;
  int64_t discovered_ns = 0;
  bool discovering = false;
  int64_t next_wanted = 1;
  int64_t loads = 0, unloads = 0;
  bool stopping = false;
  CancelToken cancel;  // of loading

  int64_t UsedBytes() const {
    int64_t used = 0;
    for (const EntryPtr& entry : entries) used += entry->generator ? entry->model.bytes : 0;
    return used;
  }

  // Loaded, without leases, and the longest without one; null when there is none.
  EntryPtr LeastRecentlyUsed(const Entry& except) const {
    EntryPtr oldest;
    for (const EntryPtr& entry : entries) {
      const bool idle = entry->generator && entry->uses == 0 && entry->model.load;
      if (!idle || entry.get() == &except) continue;
      if (!oldest || entry->last_used_ns < oldest->last_used_ns) oldest = entry;
    }
    return oldest;
  }

  // What the result destroys, when the caller lets it go without the mutex.
  std::shared_ptr<Generator> Unload(Entry& entry) {
    ++unloads;
    spdlog::info("model {} is unloaded", entry.model.info.id);
    return std::move(entry.generator);
  }
};

// Keeps a model loaded while it lives.
struct ModelRegistry::Lease {
  Lease(std::shared_ptr<Shared> shared, EntryPtr entry)
      : shared(std::move(shared)), entry(std::move(entry)), generator(this->entry->generator) {
    ++this->entry->uses;
  }
  ~Lease() {
    generator.reset();
    const std::lock_guard lock(shared->mutex);
    --entry->uses;
    entry->last_used_ns = shared->clock.MonotonicNs();
  }
  const std::shared_ptr<Shared> shared;
  const EntryPtr entry;
  std::shared_ptr<Generator> generator;
};

ModelRegistry::ModelRegistry(GeneratorList generators, const Clock& clock)
    : shared_(std::make_shared<Shared>(clock)) {
  Set(std::move(generators));
}

ModelRegistry::~ModelRegistry() { Stop(); }

void ModelRegistry::Set(GeneratorList generators) {
  std::vector<EntryPtr> entries;
  for (auto& generator : generators) {
    auto entry = std::make_shared<Entry>();
    entry->model.info = generator->info();
    entry->generator = std::move(generator);
    entry->stays = true;
    entries.push_back(std::move(entry));
  }
  const std::lock_guard lock(shared_->mutex);
  shared_->entries.swap(entries);
  shared_->changed.notify_all();
}

void ModelRegistry::Serve(std::vector<ServedModel> models, const ModelLimits& limits,
                          Discover discover) {
  std::vector<EntryPtr> entries;
  for (ServedModel& model : models) {
    auto entry = std::make_shared<Entry>();
    entry->model = std::move(model);
    entries.push_back(std::move(entry));
  }
  const std::lock_guard lock(shared_->mutex);
  shared_->entries.swap(entries);
  shared_->limits = limits;
  shared_->discover = std::move(discover);
  if (!shared_->entries.empty()) {
    shared_->entries[0]->stays = true;
    shared_->entries[0]->wanted = shared_->next_wanted++;
  }
  if (!loader_.joinable()) loader_ = std::thread([this] { LoaderLoop(); });
  shared_->changed.notify_all();
}

void ModelRegistry::Stop() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->stopping = true;
    shared_->cancel.Cancel();
  }
  shared_->changed.notify_all();
  const std::lock_guard lock(stop_mutex_);
  if (loader_.joinable()) loader_.join();
}

bool ModelRegistry::WaitForDefault(int64_t timeout_ms) {
  std::unique_lock lock(shared_->mutex);
  return shared_->changed.wait_for(lock, std::chrono::milliseconds(timeout_ms), [this] {
    const auto& entries = shared_->entries;
    return !entries.empty() && (entries[0]->generator || entries[0]->attempts > 0);
  });
}

GeneratorList ModelRegistry::All() const {
  const std::lock_guard lock(shared_->mutex);
  GeneratorList generators;
  for (const EntryPtr& entry : shared_->entries) {
    if (entry->generator) generators.push_back(entry->generator);
  }
  return generators;
}

ModelLimits ModelRegistry::limits() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->limits;
}

int64_t ModelRegistry::loads_total() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->loads;
}

int64_t ModelRegistry::unloads_total() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->unloads;
}

std::vector<ModelStatus> ModelRegistry::Statuses() {
  Refresh(kRefreshListMs);
  const std::lock_guard lock(shared_->mutex);
  std::vector<ModelStatus> statuses;
  for (const EntryPtr& entry : shared_->entries) {
    const ModelStatus status = entry->status();
    statuses.push_back(status);
    for (const AdapterUse& adapter : status.info.adapters) {
      statuses.push_back(status);
      statuses.back().info = AdapterGenerator::InfoOf(status.info, adapter);
    }
  }
  return statuses;
}

ModelStatus ModelRegistry::Status(const std::string& id) {
  const Found found = Lookup(id);
  const std::lock_guard lock(shared_->mutex);
  ModelStatus status = found.entry->status();
  if (found.adapter) status.info = AdapterGenerator::InfoOf(status.info, *found.adapter);
  return status;
}

ModelRegistry::Found ModelRegistry::Lookup(const std::string& id) {
  for (const bool last : {false, true}) {
    {
      const std::lock_guard lock(shared_->mutex);
      const auto& entries = shared_->entries;
      if (entries.empty()) {
        throw ApiError(503, "server_error", "model_loading", "",
                       "the model is still being loaded; try again in a moment");
      }
      if (id.empty()) return {entries.front(), {}};
      for (const EntryPtr& entry : entries) {
        if (entry->model.info.id == id) return {entry, {}};
      }
      for (const EntryPtr& entry : entries) {
        for (const AdapterUse& adapter : entry->model.info.adapters) {
          if (adapter.name == id) return {entry, adapter};
        }
      }
    }
    if (!last) Refresh(kRefreshUnknownMs);
  }
  std::vector<std::string> known;
  const std::lock_guard lock(shared_->mutex);
  for (const EntryPtr& entry : shared_->entries) {
    known.push_back(entry->model.info.id);
    for (const auto& adapter : entry->model.info.adapters) known.push_back(adapter.name);
  }
  throw ApiError(404, "invalid_request_error", "model_not_found", "model",
                 fmt::format("model: there is no model \"{}\" here; known models: {}", id,
                             fmt::join(known, ", ")));
}

// Looking at the disk takes time: one thread does it, without the mutex.
void ModelRegistry::Refresh(int64_t max_age_ms) {
  Discover discover;
  {
    const std::lock_guard lock(shared_->mutex);
    const int64_t age_ns = shared_->clock.MonotonicNs() - shared_->discovered_ns;
    const bool fresh = shared_->discovered_ns != 0 && age_ns < max_age_ms * kNsPerMs;
    if (!shared_->discover || shared_->discovering || fresh) return;
    shared_->discovering = true;
    discover = shared_->discover;
  }
  std::vector<ServedModel> found;
  bool succeeded = false;
  try {
    found = discover();
    succeeded = true;
  } catch (const std::exception& error) {
    spdlog::warn("looking for models failed: {}", error.what());
  }
  const std::lock_guard lock(shared_->mutex);
  shared_->discovering = false;
  shared_->discovered_ns = shared_->clock.MonotonicNs();
  if (!succeeded) return;
  std::set<std::string> found_ids, known_ids;
  for (const ServedModel& model : found) found_ids.insert(model.info.id);
  std::erase_if(shared_->entries, [&](const EntryPtr& entry) {
    const bool idle = !entry->generator && !entry->loading && entry->wanted == 0;
    return entry->discovered && idle && !found_ids.contains(entry->model.info.id);
  });
  for (const EntryPtr& entry : shared_->entries) known_ids.insert(entry->model.info.id);
  for (ServedModel& model : found) {
    if (!known_ids.insert(model.info.id).second) continue;
    auto entry = std::make_shared<Entry>();
    entry->model = std::move(model);
    entry->discovered = true;
    shared_->entries.push_back(std::move(entry));
  }
}

std::shared_ptr<Generator> ModelRegistry::Find(const std::string& id) {
  const auto [entry, adapter] = Lookup(id);
  std::unique_lock lock(shared_->mutex);
  for (;;) {
    if (shared_->stopping && !entry->generator) throw StoppingError();
    if (entry->generator) {
      const auto lease = std::make_shared<Lease>(shared_, entry);
      std::shared_ptr<Generator> generator(lease, lease->generator.get());
      if (!adapter) return generator;
      return std::make_shared<AdapterGenerator>(std::move(generator), *adapter);
    }
    const int64_t failed_ago_ns = shared_->clock.MonotonicNs() - entry->failed_ns;
    if (entry->failure && failed_ago_ns < kRetryFailedMs * kNsPerMs) throw *entry->failure;
    if (entry->wanted == 0 && !entry->loading) entry->wanted = shared_->next_wanted++;
    shared_->changed.notify_all();
    const int64_t attempts = entry->attempts;
    shared_->changed.wait(
        lock, [&, &entry = entry] { return shared_->stopping || entry->attempts != attempts; });
    // One that is only short of memory now may be tried at once by the next request.
    if (!entry->generator && entry->failure) throw *entry->failure;
  }
}

void ModelRegistry::LoaderLoop() {
  std::unique_lock lock(shared_->mutex);
  while (!shared_->stopping) {
    UnloadIdle(lock);
    EntryPtr next;
    for (const EntryPtr& entry : shared_->entries) {
      if (entry->wanted > 0 && (!next || entry->wanted < next->wanted)) next = entry;
    }
    if (next) {
      LoadOne(lock, next);
    } else {
      shared_->changed.wait_for(lock, kIdleCheck);
    }
  }
}

void ModelRegistry::LoadOne(std::unique_lock<std::mutex>& lock, const EntryPtr& entry) {
  entry->wanted = 0;
  entry->loading = true;
  entry->failure.reset();
  GeneratorList victims;
  const int64_t limit = shared_->limits.memory_bytes;
  while (limit > 0 && shared_->UsedBytes() + entry->model.bytes > limit) {
    const EntryPtr victim =
        entry->model.bytes > limit ? nullptr : shared_->LeastRecentlyUsed(*entry);
    if (!victim) break;
    victims.push_back(shared_->Unload(*victim));
  }
  const bool fits = limit == 0 || shared_->UsedBytes() + entry->model.bytes <= limit;
  const CancelToken cancel = shared_->cancel;
  lock.unlock();
  victims.clear();
  std::shared_ptr<Generator> generator;
  std::optional<ApiError> failure;
  if (!fits) {
    failure = entry->model.bytes > limit ? NeverFitsError(entry->model, limit)
                                         : BusyError(entry->model, limit);
  } else {
    try {
      const Stopwatch stopwatch;
      generator = entry->model.load(cancel);
      spdlog::info("model {} is loaded ({:.2f} s)", entry->model.info.id, stopwatch.Seconds());
    } catch (const std::exception& error) {
      failure = LoadError(entry->model.info.id, error);
      if (!cancel.cancelled()) spdlog::error("{}", failure->what());
    }
  }
  lock.lock();
  entry->loading = false;
  ++entry->attempts;
  entry->last_used_ns = shared_->clock.MonotonicNs();
  if (generator) ++shared_->loads;
  entry->generator = std::move(generator);
  // What was only too busy is no failure of the model: the next request tries again.
  entry->failed_ns = entry->last_used_ns;
  if (failure && failure->status == 503) entry->failed_ns -= kRetryFailedMs * kNsPerMs;
  entry->failure = std::move(failure);
  shared_->changed.notify_all();
}

void ModelRegistry::UnloadIdle(std::unique_lock<std::mutex>& lock) {
  if (shared_->limits.unload_after_ms <= 0) return;
  const int64_t oldest = shared_->clock.MonotonicNs() - shared_->limits.unload_after_ms * kNsPerMs;
  GeneratorList victims;
  for (const EntryPtr& entry : shared_->entries) {
    const bool idle = entry->generator && entry->uses == 0 && !entry->stays;
    if (idle && entry->last_used_ns <= oldest) victims.push_back(shared_->Unload(*entry));
  }
  if (victims.empty()) return;
  lock.unlock();
  victims.clear();
  lock.lock();
}

}  // namespace pioneer::serve
