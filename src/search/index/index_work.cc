// The working half of IndexLibrary: jobs on their threads.
#include "base/error.h"
#include "base/log.h"
#include "search/failure_text.h"
#include "search/index/index_library.h"
#include "search/index/store_lost.h"

namespace pioneer::search {
namespace {

constexpr int kWorkers = 2;
constexpr auto kIdle = std::chrono::seconds(1);  // between looks for what other processes asked for

}  // namespace

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
  const std::lock_guard lock(owning_);
  owns_work_ = false;
  work_lock_->Release();
}

// What cannot be done now is tried again, and told once.
void IndexLibrary::Work() {
  const auto tell = [this](const std::string& problem) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(told_, problem) != problem && !problem.empty()) {
      spdlog::error("search: {}", problem);
    }
  };
  while (true) {
    bool did = false;
    try {
      const StorePool::Lease store = stores_.Take();
      did = OwnsWork() && DoSomething(*store);
      tell("");
    } catch (const Error& error) {
      tell(error.what());
    }
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    if (!did) wake_workers_.wait_for(lock, kIdle);
  }
}

bool IndexLibrary::OwnsWork() {
  const std::lock_guard owning(owning_);
  if (owns_work_ && work_lock_->IsHeld()) return true;
  if (!LoseWork() || !work_lock_->TryAcquire()) return false;
  {
    const StorePool::Lease store = stores_.Take();
    const std::lock_guard write(writing_);
    store->RequeueJobs();
  }
  owns_work_ = true;
  return true;
}

// What runs must end before the work can be anybody's again; true: nothing runs.
bool IndexLibrary::LoseWork() {
  if (owns_work_.exchange(false)) work_lock_->Release();
  const std::lock_guard lock(mutex_);
  for (auto& [source, job] : running_) {
    job.lost = true;
    job.cancel.Cancel();
  }
  return running_.empty() && !stopping_;
}

// Called while a job runs, after each batch.
void IndexLibrary::CheckOwnsWork() {
  const std::lock_guard owning(owning_);
  if (owns_work_ && work_lock_->IsHeld()) return;
  LoseWork();
  throw StoreLostError("the server gave the reading of sources to another process meanwhile");
}

bool IndexLibrary::DoSomething(SearchStore& store) {
  {
    const std::lock_guard write(writing_);
    if (store.Reread()) {
      Changed();
      return true;
    }
  }
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
  // A feed names its newest items alone: those that it names no more are there still.
  bool more = source->settings.kind != SourceKind::kFeed;
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
  JobSink sink(store, writing_, job, clock_, [this] {
    CheckOwnsWork();
    Changed();
  });
  Job& state = sink.job();
  try {
    ReadJob(store, sink, cancel);
  } catch (const StoreLostError&) {
    const std::lock_guard owning(owning_);
    LoseWork();
    ForgetRunning(job.source_id);
    throw;
  }
  const RunningJob ended = ForgetRunning(job.source_id);
  if (ended.lost) return;  // it goes on wherever the work is next
  if (state.state == JobState::kWaiting && ended.stop_for_good) state.state = JobState::kStopped;
  if (state.state != JobState::kWaiting) state.ended_at_ms = clock_.UnixMs();
  {
    const std::lock_guard write(writing_);
    store.FinishJob(state);
  }
  Changed();
}

IndexLibrary::RunningJob IndexLibrary::ForgetRunning(std::string_view source_id) {
  const std::lock_guard lock(mutex_);
  const auto job = running_.find(source_id);
  if (job == running_.end()) return {};
  const RunningJob ended = job->second;
  running_.erase(job);
  return ended;
}

// Leaves in sink.job() how it ended; only a lost database is thrown.
void IndexLibrary::ReadJob(SearchStore& store, JobSink& sink, const CancelToken& cancel) {
  Job& state = sink.job();
  try {
    // Documents that were read whole are kept, whatever ends the job.
    try {
      state.state = JobState::kRunning;
      ReadAll(store, sink, cancel);
      state.state = JobState::kDone;
    } catch (const StoreLostError&) {
      throw;
    } catch (const Error&) {
      sink.Flush();
      throw;
    }
  } catch (const StoreLostError&) {
    throw;
  } catch (const Error& error) {
    state.state = cancel.cancelled() ? JobState::kWaiting : JobState::kFailed;
    if (state.state == JobState::kFailed) state.error = FailureText(error);
  } catch (const std::exception& error) {
    state.state = JobState::kFailed;
    state.error = FailureText(ErrorCodeName(ErrorCode::kInternal),
                              fmt::format("reading ended unexpectedly: {}", error.what()));
  }
}

}  // namespace pioneer::search
