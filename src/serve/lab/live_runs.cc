#include "serve/lab/live_runs.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "net/sse.h"
#include "serve/lab/lab_json.h"

namespace pioneer::serve {
namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(400);
// A run that makes thousands of small steps a second is not worth as many points.
constexpr size_t kMaxNewPoints = 50;

// Sleeps that end at once when the client goes away.
class Rest {
 public:
  void End() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    wakes_.notify_all();
  }
  void For(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex_);
    wakes_.wait_for(lock, time, [this] { return ended_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable wakes_;
  bool ended_ = false;
};

}  // namespace

struct LiveRuns::Watched {
  std::string name;
  lab::RunLog log;
  lab::SampleBook samples;
  std::string last_summary;  // as sent
};

LiveRuns::LiveRuns(Service& service, const std::vector<std::string>& names) : service_(service) {
  for (const std::string& name : names) {
    const RunFolder folder = service.lab.Find(name);
    runs_.push_back(std::make_shared<Watched>(
        Watched{name, service.lab.Log(name), lab::SampleBook(folder.samples()), ""}));
  }
}

void LiveRuns::Send(ServeWriter& writer) {
  writer_ = &writer;
  const auto rest = std::make_shared<Rest>();
  writer.OnDisconnect([rest] { rest->End(); });
  writer.StartEvents();
  for (const auto& run : runs_) SendSeries(*run);
  int64_t last_ping_ns = service_.NowNs();
  while (!writer.disconnected() && !service_.stopping) {
    for (const auto& run : runs_) Watch(*run);
    const int64_t now_ns = service_.NowNs();
    if (now_ns - last_ping_ns > service_.options.stream_keep_alive_ms * 1'000'000) {
      writer.Write(FormatSseComment("ping"));
      last_ping_ns = now_ns;
    }
    rest->For(kLookAgain);
  }
  writer.End();
}

void LiveRuns::SendSeries(Watched& run) {
  Write("series", run, "series", LogSeriesJson(run.log.series()));
}

void LiveRuns::Watch(Watched& run) {
  const lab::RunLog::News news = run.log.TakeNews();
  if (news.restarted) {
    SendSeries(run);
  } else if (!news.entries.empty()) {
    lab::LogSeries points(kMaxNewPoints);
    for (const TrainLogEntry& entry : news.entries) points.Add(entry);
    Write("points", run, "series", LogSeriesJson(points));
  }
  if (run.samples.Update()) Write("samples", run, "samples", SamplesJson(run.samples.steps()));
  lab::RunSummary summary = service_.lab.Summary(run.name);
  summary.losses.clear();  // the curve is there already
  OrderedJson json = RunSummaryJson(summary);
  std::string text = DumpJson(json);
  if (text == run.last_summary) return;
  run.last_summary = std::move(text);
  Write("summary", run, "summary", std::move(json));
}

void LiveRuns::Write(const char* event, const Watched& run, const char* key, OrderedJson data) {
  OrderedJson json = {{"run", run.name}};
  json[key] = std::move(data);
  writer_->Write(FormatSseEvent(event, DumpJson(json)));
}

}  // namespace pioneer::serve
