// Why: operators see how the service does: Prometheus' text format at /metrics.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <string>

#include "serve/model_registry.h"

namespace pioneer::serve {

// Thread-safe. Times are seconds, sizes bytes, as Prometheus wants them.
class Metrics {
 public:
  Metrics();

  // `route` is the pattern ("/v1/models/{id}"), never the path: its values are bounded.
  void CountRequest(const std::string& route, int status);
  void CountDisconnect() { disconnects_.Increment(); }
  void ObserveFirstToken(double seconds) { first_token_.Observe(seconds); }
  void ObserveInterToken(double seconds) { inter_token_.Observe(seconds); }

  // The whole page; what the engines count is asked of them now.
  std::string Render(ModelRegistry& models) const;

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Counter& disconnects_;
  prometheus::Histogram& first_token_;
  prometheus::Histogram& inter_token_;
};

// Tells the metrics when the tokens of one request arrived. One thread.
class TokenTimer {
 public:
  TokenTimer(Metrics& metrics, int64_t start_ns) : metrics_(metrics), last_ns_(start_ns) {}
  void OnText(int64_t now_ns);

 private:
  Metrics& metrics_;
  int64_t last_ns_;
  bool first_ = true;
};

}  // namespace pioneer::serve
