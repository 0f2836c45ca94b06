// Why: the wire of the library is tested without reading anything.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>

#include "search/answer/fake_retriever.h"
#include "search/failure_text.h"
#include "search/library.h"

namespace pioneer::search {

// Sources that stay where they are put; jobs run until the test ends them. Thread-safe.
class FakeLibrary : public Library {
 public:
  void Start() override {}
  void Stop() override {}

  Source Add(const NewSource& asked) override {
    if (asked.settings.location == "/missing") Fail(ErrorCode::kNotFound, "there is no /missing");
    const std::lock_guard lock(mutex_);
    Source source;
    source.id = fmt::format("s{}", sources_.size() + 1);
    source.name = asked.name.empty() ? asked.settings.location : asked.name;
    source.settings = asked.settings;
    source.sync_every_seconds = asked.sync_every_seconds;
    source.job = NewJob(source.id);
    sources_[source.id] = source;
    Changed();
    return source;
  }
  LibraryState State() override {
    const std::lock_guard lock(mutex_);
    LibraryState state;
    for (const auto& [id, source] : sources_) state.sources.push_back(source);
    state.documents = state.passages = static_cast<int64_t>(documents.size());
    state.vectors = vectors;
    return state;
  }
  std::optional<Source> Find(std::string_view id) override {
    const std::lock_guard lock(mutex_);
    const auto found = sources_.find(id);
    return found == sources_.end() ? std::nullopt : std::optional(found->second);
  }
  void Remove(std::string_view id) override {
    const std::lock_guard lock(mutex_);
    sources_.erase(Need(id).id);
    Changed();
  }
  Job Sync(std::string_view id) override {
    const std::lock_guard lock(mutex_);
    Source& source = Need(id);
    source.job = NewJob(source.id);
    Changed();
    return *source.job;
  }
  void StopJob(std::string_view id) override {
    const std::lock_guard lock(mutex_);
    Need(id).job->state = JobState::kStopped;
    Changed();
  }
  std::vector<ItemFailure> Failures(std::string_view, int limit) override {
    std::vector<ItemFailure> failures(
        3, {"file:///secret/a.pdf", FailureText("corrupt_file", "is broken"), 5});
    failures.resize(std::min<size_t>(failures.size(), static_cast<size_t>(limit)));
    return failures;
  }
  int64_t AwaitChange(int64_t seen, int64_t timeout_ms) override {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                      [&] { return version_ != seen; });
    return version_;
  }
  std::optional<std::string> DocumentText(int64_t id) override {
    const auto found = documents.find(id);
    return found == documents.end() ? std::nullopt : std::optional(found->second.text);
  }
  std::optional<StoredDocument> FindDocument(int64_t id) override {
    const auto found = documents.find(id);
    return found == documents.end() ? std::nullopt : std::optional(found->second);
  }
  FakeRetriever& retriever() override { return retriever_; }

  std::map<int64_t, StoredDocument> documents;  // before the library is used
  std::optional<VectorProgress> vectors;

 private:
  static Job NewJob(const std::string& source_id) {
    Job job;
    job.id = "j";
    job.source_id = source_id;
    job.state = JobState::kRunning;
    job.items_done = 1;
    job.items_total = 4;
    job.created_at_ms = 7;
    return job;
  }
  Source& Need(std::string_view id) {
    const auto found = sources_.find(id);
    if (found == sources_.end()) Fail(ErrorCode::kNotFound, "there is no source {}", id);
    return found->second;
  }
  void Changed() {
    ++version_;
    changed_.notify_all();
  }

  FakeRetriever retriever_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t version_ = 1;
  std::map<std::string, Source, std::less<>> sources_;
};

}  // namespace pioneer::search
