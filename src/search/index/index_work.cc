// The working half of IndexLibrary: jobs on their threads.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "search/failure_text.h"
#include "search/index/index_library.h"

namespace pioneer::search {
namespace {

constexpr int kWorkers = 2;
constexpr auto kIdle = std::chrono::seconds(1);  // between looks for what other processes asked for

}  // namespace

bool WorkLock::TryAcquire() {
  if (fd_ >= 0) return true;
  fd_ = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0) FailErrno(fmt::format("cannot open {}", file_.string()));
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return true;
  ::close(fd_);
  fd_ = -1;
  return false;
}

void WorkLock::Release() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void IndexLibrary::Start() {
  const std::lock_guard lock(mutex_);
  if (!stopping_) return;
  stopping_ = false;
  for (int i = 0; i < kWorkers; ++i) workers_.emplace_back([this] { Work(); });
  if (vectors_) vectors_->Start();
}

void IndexLibrary::Stop() {
  std::vector<std::thread> workers;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (auto& [source, job] : running_) job.cancel.Cancel();
    workers.swap(workers_);
    wake_workers_.notify_all();
  }
  if (vectors_) vectors_->Stop();
  for (std::thread& worker : workers) worker.join();
  {
    const std::lock_guard lock(updating_watches_);
    watches_.Update({});
  }
  const std::lock_guard lock(mutex_);
  owns_work_ = false;
  work_lock_.Release();
}

void IndexLibrary::Work() {
  const StorePool::Lease store = stores_.Take();
  while (true) {
    bool did = false;
    try {
      did = OwnsWork() && DoSomething(*store);
    } catch (const Error& error) {
      spdlog::error("search: {}", error.what());
    }
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    if (!did) wake_workers_.wait_for(lock, kIdle);
  }
}

bool IndexLibrary::OwnsWork() {
  const StorePool::Lease store = stores_.Take();
  const std::lock_guard write(writing_);
  const std::lock_guard lock(mutex_);
  if (stopping_ || owns_work_) return !stopping_;
  if (!work_lock_.TryAcquire()) return false;
  store->RequeueJobs();
  owns_work_ = true;
  return true;
}

bool IndexLibrary::DoSomething(SearchStore& store) {
  if (const std::optional<Job> job = ClaimJob(store)) {
    RunJob(store, *job);
    return true;
  }
  {
    const std::lock_guard write(writing_);
    if (store.Sweep() || AskForDueJobs(store)) return true;
  }
  UpdateWatches(store);
  return false;
}

// A folder is watched from its first reading on.
void IndexLibrary::UpdateWatches(SearchStore& store) {
  if (!watch_) return;
  std::map<std::string, SourceWatches::Folder> folders;
  for (const Source& source : store.Sources()) {
    if (source.settings.kind != SourceKind::kFiles) continue;
    const bool is_read_now = source.job && source.job->state == JobState::kRunning;
    if (source.synced_at_ms == 0 && !is_read_now) continue;
    folders[source.id] = {source.settings.location, is_read_now};
  }
  const std::lock_guard lock(updating_watches_);
  watches_.Update(folders);
}

void IndexLibrary::SyncChanged(const std::string& source_id) {
  try {
    Sync(source_id);
  } catch (const Error& error) {
    spdlog::debug("search: {}", error.what());  // it was removed meanwhile
  }
}

std::optional<Job> IndexLibrary::ClaimJob(SearchStore& store) {
  const std::lock_guard write(writing_);
  std::optional<Job> job = store.NextWaitingJob();
  if (!job) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (stopping_) return std::nullopt;
  job->state = JobState::kRunning;
  if (job->started_at_ms == 0) job->started_at_ms = clock_.UnixMs();
  store.SaveJob(*job);
  running_[job->source_id] = {};
  changed_.notify_all();
  return job;
}

bool IndexLibrary::AskForDueJobs(SearchStore& store) {
  bool any = false;
  for (const Source& source : store.Sources()) {
    const bool waits = source.job && (source.job->state == JobState::kWaiting ||
                                      source.job->state == JobState::kRunning);
    if (source.sync_every_seconds <= 0 || waits) continue;
    const int64_t tried = std::max(source.synced_at_ms, source.job ? source.job->ended_at_ms : 0);
    if (clock_.UnixMs() - tried < source.sync_every_seconds * 1000) continue;
    SyncLocked(store, source);
    any = true;
  }
  return any;
}

void IndexLibrary::ReadAll(SearchStore& store, JobSink& sink, const CancelToken& cancel) {
  const std::optional<Source> source = store.FindSource(sink.job().source_id);
  if (!source) Fail(ErrorCode::kCancelled, "the source was removed");
  read_(source->settings, sink, cancel);
  sink.Flush();
  bool more = true;
  while (more) {
    cancel.Check();
    const std::lock_guard write(writing_);
    more = store.RemoveUnseen(sink.job());
  }
}

void IndexLibrary::RunJob(SearchStore& store, const Job& job) {
  CancelToken cancel;
  {
    const std::lock_guard lock(mutex_);
    cancel = running_[job.source_id].cancel;
  }
  UpdateWatches(store);
  JobSink sink(store, writing_, job, clock_, [this] { Changed(); });
  Job& state = sink.job();
  state.state = JobState::kDone;
  try {
    // Documents that were read whole are kept, whatever ends the job.
    try {
      state.state = JobState::kRunning;
      ReadAll(store, sink, cancel);
      state.state = JobState::kDone;
    } catch (const Error&) {
      sink.Flush();
      throw;
    }
  } catch (const Error& error) {
    state.state = cancel.cancelled() ? JobState::kWaiting : JobState::kFailed;
    if (state.state == JobState::kFailed) state.error = FailureText(error);
  } catch (const std::exception& error) {
    state.state = JobState::kFailed;
    state.error = FailureText(ErrorCodeName(ErrorCode::kInternal),
                              fmt::format("reading ended unexpectedly: {}", error.what()));
  }
  {
    const std::lock_guard lock(mutex_);
    const bool for_good = running_[job.source_id].stop_for_good;
    if (state.state == JobState::kWaiting && for_good) state.state = JobState::kStopped;
    running_.erase(job.source_id);
  }
  if (state.state != JobState::kWaiting) state.ended_at_ms = clock_.UnixMs();
  {
    const std::lock_guard write(writing_);
    store.FinishJob(state);
  }
  Changed();
}

}  // namespace pioneer::search
