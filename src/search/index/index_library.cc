#include "search/index/index_library.h"

#include <algorithm>

#include "base/error.h"
#include "base/random.h"
#include "search/index/postgres_address.h"

namespace pioneer::search {
namespace {

std::string RandomId() {
  uint8_t bytes[8];
  SecureRandomBytes(bytes, sizeof(bytes));
  std::string id;
  for (const uint8_t byte : bytes) id += fmt::format("{:02x}", byte);
  return id;
}

bool IsWebAddress(std::string_view location) {
  return location.starts_with("http://") || location.starts_with("https://");
}

void CheckSettings(const SourceSettings& settings) {
  if (settings.max_documents < 1) {
    Fail(ErrorCode::kInvalidArgument, "max_documents must be 1 or more");
  }
  if (settings.max_depth < 0) Fail(ErrorCode::kInvalidArgument, "max_depth must be 0 or more");
  if (settings.kind != SourceKind::kFiles) {
    if (IsWebAddress(settings.location)) return;
    Fail(ErrorCode::kInvalidArgument, "{} is no http:// or https:// address", settings.location);
  }
  const std::filesystem::path path = settings.location;
  if (!path.is_absolute()) {
    Fail(ErrorCode::kInvalidArgument, "{} is no whole path: it must begin with /",
         settings.location);
  }
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    Fail(ErrorCode::kNotFound, "there is no file or folder {}", settings.location);
  }
}

// The last `n_parts` of a path: "docs" of "/srv/docs/"; of the web "example.org/page".
std::string NameOf(const SourceSettings& settings, int n_parts) {
  std::string_view name = settings.location;
  while (name.size() > 1 && name.ends_with('/')) name.remove_suffix(1);
  if (settings.kind != SourceKind::kFiles) return std::string(name.substr(name.find("//") + 2));
  size_t begin = name.size();
  for (int i = 0; i < n_parts && begin != name.npos && begin > 0; ++i) {
    begin = name.rfind('/', begin - 1);
  }
  return std::string(begin == name.npos || name.size() == 1 ? name : name.substr(begin + 1));
}

// Not what another source is called: "python/docs" beside "docs".
std::string FreeNameOf(const SourceSettings& settings, const std::vector<Source>& others) {
  constexpr int kMostParts = 8;
  const auto taken = [&](const std::string& name) {
    return std::ranges::any_of(others, [&](const Source& other) { return other.name == name; });
  };
  int n_parts = 1;
  while (n_parts < kMostParts && taken(NameOf(settings, n_parts))) ++n_parts;
  return NameOf(settings, n_parts);
}

}  // namespace

IndexLibrary::IndexLibrary(const LibraryOptions& options, SourceReader read, bool watch,
                           const Clock& clock)
    : read_(std::move(read)),
      watch_(watch),
      clock_(clock),
      stores_(options.place),
      vectors_(MakeVectorWork(options)),
      retriever_(stores_, vectors_ ? &vectors_->finder() : nullptr),
      work_lock_(MakeWorkLock(options.place)),
      watches_([this](const std::string& id) { SyncChanged(id); }),
      watch_store_(OpenSearchStore(options.place)) {}

IndexLibrary::~IndexLibrary() { Stop(); }

std::unique_ptr<VectorWork> IndexLibrary::MakeVectorWork(const LibraryOptions& options) {
  if (!options.embedder) return nullptr;
  std::filesystem::path graph_file;
  if (!IsPostgresAddress(options.place)) {
    graph_file = std::filesystem::path(options.place) / "vectors.graph";
  }
  const auto owns_work = [this] { return owns_work_.load(); };
  return std::make_unique<VectorWork>(
      options.embedder, graph_file,
      VectorWork::Surroundings{stores_, writing_, owns_work, [this] { Changed(); }});
}

Job IndexLibrary::NewJob(std::string_view source_id) const {
  Job job;
  job.id = RandomId();
  job.source_id = source_id;
  job.created_at_ms = clock_.UnixMs();
  return job;
}

Source IndexLibrary::Add(const NewSource& asked) {
  CheckSettings(asked.settings);
  Source source;
  source.id = RandomId();
  source.settings = asked.settings;
  source.name = asked.name;
  source.created_at_ms = clock_.UnixMs();
  source.sync_every_seconds = std::max<int64_t>(asked.sync_every_seconds, 0);
  source.job = NewJob(source.id);
  {
    const StorePool::Lease store = stores_.Take();
    const std::lock_guard lock(writing_);
    const std::vector<Source> others = store->Sources();
    for (const Source& other : others) {
      if (other.settings.kind == source.settings.kind &&
          other.settings.location == source.settings.location) {
        Fail(ErrorCode::kInvalidArgument, "{} is a source already: {}", source.settings.location,
             other.name);
      }
    }
    if (source.name.empty()) source.name = FreeNameOf(source.settings, others);
    store->AddSource(source);
  }
  Changed();
  return source;
}

LibraryState IndexLibrary::State() {
  const StorePool::Lease store = stores_.Take();
  LibraryState state = store->State();
  state.stored_bytes = store->StoredBytes();
  state.rereading = store->Rereading();
  if (vectors_) state.vectors = vectors_->Progress();
  return state;
}

std::optional<Source> IndexLibrary::Find(std::string_view id) {
  return stores_.Take()->FindSource(id);
}

void IndexLibrary::Remove(std::string_view id) {
  bool removed = false;
  {
    const StorePool::Lease store = stores_.Take();
    const std::lock_guard lock(writing_);
    removed = store->MarkRemoved(id);
  }
  if (!removed) Fail(ErrorCode::kNotFound, "there is no source {}", id);
  CancelRunning(id, true);
  Changed();
}

Job IndexLibrary::SyncLocked(SearchStore& store, const Source& source) {
  if (source.job &&
      (source.job->state == JobState::kWaiting || source.job->state == JobState::kRunning)) {
    return *source.job;
  }
  const Job job = NewJob(source.id);
  store.AddJob(job);
  return job;
}

Job IndexLibrary::Sync(std::string_view id) {
  Job job;
  {
    const StorePool::Lease store = stores_.Take();
    const std::lock_guard lock(writing_);
    const std::optional<Source> source = store->FindSource(id);
    if (!source) Fail(ErrorCode::kNotFound, "there is no source {}", id);
    job = SyncLocked(*store, *source);
  }
  Changed();
  return job;
}

void IndexLibrary::StopJob(std::string_view source_id) {
  {
    const StorePool::Lease store = stores_.Take();
    const std::lock_guard lock(writing_);
    const std::optional<Source> source = store->FindSource(source_id);
    if (!source) Fail(ErrorCode::kNotFound, "there is no source {}", source_id);
    if (source->job && source->job->state == JobState::kWaiting) {
      Job job = *source->job;
      job.state = JobState::kStopped;
      job.ended_at_ms = clock_.UnixMs();
      store->SaveJob(job);
    }
  }
  CancelRunning(source_id, true);
  Changed();
}

void IndexLibrary::CancelRunning(std::string_view source_id, bool for_good) {
  const std::lock_guard lock(mutex_);
  const auto job = running_.find(source_id);
  if (job == running_.end()) return;
  job->second.stop_for_good = job->second.stop_for_good || for_good;
  job->second.cancel.Cancel();
}

std::vector<ItemFailure> IndexLibrary::Failures(std::string_view source_id, int limit) {
  return stores_.Take()->Failures(source_id, limit);
}

std::optional<std::string> IndexLibrary::DocumentText(int64_t document_id) {
  return stores_.Take()->DocumentText(document_id);
}

std::optional<StoredDocument> IndexLibrary::FindDocument(int64_t document_id) {
  return stores_.Take()->LoadDocument(document_id);
}

void IndexLibrary::Changed() {
  const std::lock_guard lock(mutex_);
  wake_workers_.notify_all();
  changed_.notify_all();
}

// Changes by this process wake the wait; those of others are looked for.
int64_t IndexLibrary::AwaitChange(int64_t seen, int64_t timeout_ms) {
  constexpr int64_t kLookMs = 250;
  const int64_t until_ns = clock_.MonotonicNs() + timeout_ms * 1'000'000;
  while (true) {
    int64_t version = 0;
    {
      const std::lock_guard lock(watching_);
      version = watch_store_->DataVersion();
    }
    const int64_t left_ms = (until_ns - clock_.MonotonicNs()) / 1'000'000;
    if (version != seen || left_ms <= 0) return version;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(std::min(left_ms, kLookMs)));
  }
}

}  // namespace pioneer::search
