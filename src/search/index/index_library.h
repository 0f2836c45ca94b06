// Why: the library behind its contract: who may change sources, and the threads that read them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "base/cancel.h"
#include "base/clock.h"
#include "search/index/job_sink.h"
#include "search/index/search_store.h"
#include "search/index/source_watches.h"
#include "search/index/vector_work.h"
#include "search/index/work_lock.h"
#include "search/library.h"
#include "search/rank/index_retriever.h"
#include "search/rank/store_pool.h"

namespace pioneer::search {

using SourceReader = std::function<void(const SourceSettings&, SourceSink&, const CancelToken&)>;

class IndexLibrary : public Library {
 public:
  // `read` is ReadSource(), or a test's. `watch`: folders are read again when something in them
  // changes.
  IndexLibrary(const LibraryOptions& options, SourceReader read, bool watch = false,
               const Clock& clock = Clock::Real());
  ~IndexLibrary() override;

  void Start() override;
  void Stop() override;
  Source Add(const NewSource& source) override;
  LibraryState State() override;
  std::optional<Source> Find(std::string_view id) override;
  void Remove(std::string_view id) override;
  Job Sync(std::string_view id) override;
  void StopJob(std::string_view source_id) override;
  std::vector<ItemFailure> Failures(std::string_view source_id, int limit) override;
  int64_t AwaitChange(int64_t seen, int64_t timeout_ms) override;
  std::optional<std::string> DocumentText(int64_t document_id) override;
  std::optional<StoredDocument> FindDocument(int64_t document_id) override;
  Retriever& retriever() override { return retriever_; }

 private:
  // What a job's thread is told while it runs.
  struct RunningJob {
    CancelToken cancel;
    bool stop_for_good = false;
    bool lost = false;  // another process may have it by now: nothing is said of it any more
  };

  std::unique_ptr<VectorWork> MakeVectorWork(const LibraryOptions& options);
  void Work();
  bool OwnsWork();
  void CheckOwnsWork();
  bool LoseWork();
  bool DoSomething(SearchStore& store);
  std::optional<Job> ClaimJob(SearchStore& store);
  void RunJob(SearchStore& store, const Job& job);
  void ReadJob(SearchStore& store, JobSink& sink, const CancelToken& cancel);
  RunningJob ForgetRunning(std::string_view source_id);
  void ReadAll(SearchStore& store, JobSink& sink, const CancelToken& cancel);
  bool AskForDueJobs(SearchStore& store);
  Job NewJob(std::string_view source_id) const;
  Job SyncLocked(SearchStore& store, const Source& source);
  void UpdateWatches(SearchStore& store);
  void SyncChanged(const std::string& source_id);
  void CancelRunning(std::string_view source_id, bool for_good);
  void Changed();

  const SourceReader read_;
  const bool watch_;
  const Clock& clock_;
  StorePool stores_;
  std::unique_ptr<VectorWork> vectors_;  // null: no embedder
  IndexRetriever retriever_;

  std::mutex owning_;  // guards the lock, and is taken before the other mutexes
  std::unique_ptr<WorkLock> work_lock_;
  std::atomic<bool> owns_work_ = false;
  std::string told_;  // the last problem that was logged

  std::mutex writing_;  // one connection of this process writes at a time
  std::mutex mutex_;
  std::condition_variable wake_workers_, changed_;
  bool stopping_ = true;
  std::map<std::string, RunningJob, std::less<>> running_;  // by source
  std::vector<std::thread> workers_;

  std::mutex updating_watches_;
  SourceWatches watches_;

  std::mutex watching_;  // guards the connection that sees changes
  std::unique_ptr<SearchStore> watch_store_;
};

}  // namespace pioneer::search
