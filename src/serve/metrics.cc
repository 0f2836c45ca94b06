#include "serve/metrics.h"

#include <prometheus/text_serializer.h>

namespace pioneer::serve {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

const prometheus::Histogram::BucketBoundaries kFirstTokenBuckets = {
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300};
const prometheus::Histogram::BucketBoundaries kInterTokenBuckets = {
    0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 5};

prometheus::Counter& AddCounter(prometheus::Registry& registry, const char* name,
                                const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Histogram& AddHistogram(prometheus::Registry& registry, const char* name,
                                    const char* help,
                                    const prometheus::Histogram::BucketBoundaries& buckets) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
}

struct EngineMetric {
  const char* name;
  const char* help;
  MetricType type;
  double (*value)(const GeneratorStats&);
};

const EngineMetric kEngineMetrics[] = {
    {"pioneer_requests_running", "Sequences in the batch now", MetricType::Gauge,
     [](const GeneratorStats& s) -> double { return s.running; }},
    {"pioneer_requests_waiting", "Sequences in the queue now", MetricType::Gauge,
     [](const GeneratorStats& s) -> double { return s.waiting; }},
    {"pioneer_kv_bytes_used", "Key/value cache in use", MetricType::Gauge,
     [](const GeneratorStats& s) -> double { return static_cast<double>(s.kv_bytes_used); }},
    {"pioneer_kv_bytes_total", "Key/value cache there is", MetricType::Gauge,
     [](const GeneratorStats& s) -> double { return static_cast<double>(s.kv_bytes_total); }},
    {"pioneer_kv_bytes_cached", "Key/value cache kept for requests that begin alike",
     MetricType::Gauge,
     [](const GeneratorStats& s) -> double { return static_cast<double>(s.kv_bytes_cached); }},
    {"pioneer_prompt_tokens_total", "Prompt tokens taken in", MetricType::Counter,
     [](const GeneratorStats& s) -> double { return static_cast<double>(s.prompt_tokens_total); }},
    {"pioneer_prompt_tokens_cached_total", "Prompt tokens that were known from earlier requests",
     MetricType::Counter,
     [](const GeneratorStats& s) -> double { return static_cast<double>(s.cached_tokens_total); }},
    {"pioneer_guessed_tokens_total", "Tokens of answers that were run before they were drawn",
     MetricType::Counter,
     [](const GeneratorStats& s) -> double { return static_cast<double>(s.guessed_tokens_total); }},
    {"pioneer_accepted_tokens_total", "Guessed tokens that were drawn then", MetricType::Counter,
     [](const GeneratorStats& s) -> double {
       return static_cast<double>(s.accepted_tokens_total);
     }},
    {"pioneer_preemptions_total", "Sequences that gave their memory or place to others for a while",
     MetricType::Counter,
     [](const GeneratorStats& s) -> double { return static_cast<double>(s.preemptions_total); }},
    {"pioneer_generated_tokens_total", "Tokens generated", MetricType::Counter,
     [](const GeneratorStats& s) -> double {
       return static_cast<double>(s.generated_tokens_total);
     }},
    {"pioneer_engine_steps_total", "Steps of the engine", MetricType::Counter,
     [](const GeneratorStats& s) -> double { return static_cast<double>(s.steps_total); }},
    {"pioneer_cancelled_total", "Sequences dropped before their end", MetricType::Counter,
     [](const GeneratorStats& s) -> double { return static_cast<double>(s.cancelled_total); }},
};

void AppendEngineMetrics(const GeneratorList& generators, std::vector<MetricFamily>& families) {
  for (const EngineMetric& metric : kEngineMetrics) {
    MetricFamily family{metric.name, metric.help, metric.type, {}};
    for (const auto& generator : generators) {
      ClientMetric sample;
      sample.label = {{"model", generator->info().id}};
      const double value = metric.value(generator->stats());
      (metric.type == MetricType::Counter ? sample.counter.value : sample.gauge.value) = value;
      family.metric.push_back(std::move(sample));
    }
    families.push_back(std::move(family));
  }
}

ClientMetric Sample(MetricType type, double value) {
  ClientMetric sample;
  (type == MetricType::Counter ? sample.counter.value : sample.gauge.value) = value;
  return sample;
}

void AppendModelMetrics(ModelRegistry& models, std::vector<MetricFamily>& families) {
  MetricFamily states{
      "pioneer_model_state", "1 for the state that each model is in", MetricType::Gauge, {}};
  MetricFamily memory{
      "pioneer_model_memory_bytes", "What a loaded model takes, about", MetricType::Gauge, {}};
  for (const ModelStatus& model : models.Statuses()) {
    ClientMetric state = Sample(MetricType::Gauge, 1);
    state.label = {{"model", model.info.id}, {"state", ModelStateName(model.state)}};
    states.metric.push_back(std::move(state));
    if (model.state != ModelState::kLoaded) continue;
    ClientMetric bytes = Sample(MetricType::Gauge, static_cast<double>(model.bytes));
    bytes.label = {{"model", model.info.id}};
    memory.metric.push_back(std::move(bytes));
  }
  families.push_back(std::move(states));
  families.push_back(std::move(memory));
  const auto add = [&](const char* name, const char* help, MetricType type, int64_t value) {
    families.push_back({name, help, type, {Sample(type, static_cast<double>(value))}});
  };
  add("pioneer_model_memory_limit_bytes", "What all models together may take; 0 = no limit",
      MetricType::Gauge, models.limits().memory_bytes);
  add("pioneer_model_loads_total", "Models loaded", MetricType::Counter, models.loads_total());
  add("pioneer_model_unloads_total", "Models unloaded", MetricType::Counter,
      models.unloads_total());
}

}  // namespace

Metrics::Metrics()
    : requests_(prometheus::BuildCounter()
                    .Name("pioneer_http_requests_total")
                    .Help("Answered requests by route and status")
                    .Register(registry_)),
      disconnects_(AddCounter(registry_, "pioneer_client_disconnects_total",
                              "Clients that went away before their answer was complete")),
      first_token_(AddHistogram(registry_, "pioneer_time_to_first_token_seconds",
                                "From the request to the first text", kFirstTokenBuckets)),
      inter_token_(AddHistogram(registry_, "pioneer_inter_token_seconds",
                                "Between pieces of text of one request", kInterTokenBuckets)) {}

void Metrics::CountRequest(const std::string& route, int status) {
  requests_.Add({{"route", route}, {"status", std::to_string(status)}}).Increment();
}

std::string Metrics::Render(ModelRegistry& models) const {
  std::vector<MetricFamily> families = registry_.Collect();
  AppendEngineMetrics(models.All(), families);
  AppendModelMetrics(models, families);
  return prometheus::TextSerializer().Serialize(families);
}

void TokenTimer::OnText(int64_t now_ns) {
  const double seconds = static_cast<double>(now_ns - last_ns_) * 1e-9;
  first_ ? metrics_.ObserveFirstToken(seconds) : metrics_.ObserveInterToken(seconds);
  first_ = false;
  last_ns_ = now_ns;
}

}  // namespace pioneer::serve
