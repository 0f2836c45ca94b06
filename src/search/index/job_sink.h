// Why: what a reader finds goes to the disk in batches, each with the marks that tell a later run
// that it is there.
#pragma once

#include <functional>
#include <mutex>

#include "base/clock.h"
#include "search/index/search_store.h"
#include "search/source.h"

namespace pioneer::search {

// One thread. `writing` lets one connection write at a time.
class JobSink : public SourceSink {
 public:
  JobSink(SearchStore& store, std::mutex& writing, Job job, const Clock& clock,
          std::function<void()> on_saved)
      : store_(store),
        writing_(writing),
        job_(std::move(job)),
        clock_(clock),
        on_saved_(std::move(on_saved)),
        flushed_at_ns_(clock.MonotonicNs()) {}

  std::optional<std::string> KnownStamp(std::string_view uri) override;
  void OnDocument(Document document, std::string stamp) override;
  void OnUnchanged(std::string_view uri) override;
  void OnFailed(std::string_view uri, std::string_view message) override;
  void OnProgress(int64_t done, int64_t total, int64_t bytes) override;

  // What is on hand is on disk when this returns.
  void Flush();
  Job& job() { return job_; }

 private:
  void FlushWhenDue();

  SearchStore& store_;
  std::mutex& writing_;
  Job job_;
  const Clock& clock_;
  std::function<void()> on_saved_;
  Batch batch_;
  size_t batch_bytes_ = 0;
  bool progressed_ = false;
  int64_t flushed_at_ns_;
};

}  // namespace pioneer::search
