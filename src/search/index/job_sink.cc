#include "search/index/job_sink.h"

namespace pioneer::search {
namespace {

constexpr size_t kMostBatchBytes = size_t{4} << 20;
constexpr int64_t kMostBatchNs = 1'000'000'000;
constexpr size_t kMostBatchMarks = 5'000;

}  // namespace

std::optional<std::string> JobSink::KnownStamp(std::string_view uri) {
  return store_.KnownStamp(job_.source_id, uri);
}

void JobSink::OnDocument(Document document, std::string stamp) {
  std::vector<NewPassage> passages = CutPassages(document);
  for (const NewPassage& passage : passages) {
    batch_bytes_ += passage.before.size() + passage.text.size();
  }
  document.blocks.clear();  // the passages have it all
  batch_.documents.push_back({std::move(document), std::move(stamp), std::move(passages)});
  FlushWhenDue();
}

void JobSink::OnUnchanged(std::string_view uri) {
  batch_.unchanged.emplace_back(uri);
  FlushWhenDue();
}

void JobSink::OnFailed(std::string_view uri, std::string_view message) {
  batch_.failures.push_back({std::string(uri), std::string(message), clock_.UnixMs()});
  FlushWhenDue();
}

void JobSink::OnProgress(int64_t done, int64_t total, int64_t bytes) {
  job_.items_done = done;
  job_.items_total = total;
  job_.bytes_read = bytes;
  progressed_ = true;
  FlushWhenDue();
}

void JobSink::FlushWhenDue() {
  const size_t marks = batch_.documents.size() + batch_.unchanged.size() + batch_.failures.size();
  const bool is_large = batch_bytes_ >= kMostBatchBytes || marks >= kMostBatchMarks;
  if (is_large || clock_.MonotonicNs() - flushed_at_ns_ >= kMostBatchNs) Flush();
}

void JobSink::Flush() {
  flushed_at_ns_ = clock_.MonotonicNs();
  if (batch_.documents.empty() && batch_.unchanged.empty() && batch_.failures.empty() &&
      !progressed_) {
    return;
  }
  const Batch batch = std::exchange(batch_, {});
  batch_bytes_ = 0;
  progressed_ = false;
  {
    const std::lock_guard lock(writing_);
    store_.Apply(job_, batch);
  }
  on_saved_();
}

}  // namespace pioneer::search
