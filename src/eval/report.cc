#include "eval/report.h"

#include <fmt/format.h>

#include <algorithm>

namespace pioneer::eval {
namespace {

Json FactsJson(const ModelFacts& facts) {
  return {{"name", facts.name},
          {"description", facts.description},
          {"file", facts.file},
          {"file_bytes", facts.file_bytes},
          {"sha256", facts.sha256},
          {"lineage", facts.lineage},
          {"context_length", facts.context_length}};
}

Json EstimateJson(const Estimate& estimate) {
  return {{"value", estimate.value},
          {"standard_error", estimate.standard_error},
          {"confidence_95", {estimate.interval.low, estimate.interval.high}},
          {"n", estimate.n}};
}

Json MetricsJson(const std::vector<MetricSummary>& metrics) {
  Json json = Json::object();
  for (const MetricSummary& summary : metrics) {
    Json one = EstimateJson(summary.estimate);
    one["higher_is_better"] = summary.metric.higher_is_better;
    if (summary.n_clusters > 0) {
      one["clustered_standard_error"] = summary.clustered_error;
      one["n_clusters"] = summary.n_clusters;
    }
    json[summary.metric.name] = std::move(one);
  }
  return json;
}

Json ComparisonJson(const Comparison& comparison) {
  Json json = EstimateJson(comparison.difference);
  json["metric"] = comparison.metric;
  json["test"] = comparison.test;
  json["p"] = comparison.p;
  json["p_holm"] = comparison.p_holm;
  json["only_first_right"] = comparison.n_only_a;
  json["only_second_right"] = comparison.n_only_b;
  json["detectable_difference"] =
      comparison.detectable ? Json(*comparison.detectable) : Json(nullptr);
  return json;
}

Json CostJson(const TaskResult& result) {
  return {{"seconds", result.seconds},
          {"items_run", result.n_items_run},
          {"prompt_tokens", result.n_prompt_tokens},
          {"cached_tokens", result.n_cached_tokens}};
}

struct QuestionText {
  std::string question, expected;
};

std::string LastMessage(const OpenQuestion& open) {
  return open.messages.empty() ? open.prompt : open.messages.back().content;
}

QuestionText Describe(const Question& question) {
  if (const auto* choice = std::get_if<ChoiceQuestion>(&question)) {
    return {choice->context, choice->choices[static_cast<size_t>(choice->label)]};
  }
  if (const auto* open = std::get_if<OpenQuestion>(&question)) {
    if (open->call) return {LastMessage(*open), DumpJson(open->call->expected)};
    return {LastMessage(*open), fmt::format("{}", fmt::join(open->rule.expected, " | "))};
  }
  if (const auto* code = std::get_if<CodeQuestion>(&question)) return {code->prompt, code->test};
  return {};
}

}  // namespace

std::vector<TaskSummary> SummarizeReport(const Report& report) {
  std::vector<TaskSummary> summaries;
  std::vector<Comparison> comparisons;
  for (const JudgedTask& judged : report.tasks) {
    TaskSummary summary;
    summary.metrics = Summarize(*judged.task, *judged.result, report.seed);
    if (judged.against != nullptr) {
      summary.against = Summarize(*judged.task, *judged.against, report.seed);
      comparisons.push_back(Compare(*judged.task, *judged.result, *judged.against, report.seed));
    }
    summaries.push_back(std::move(summary));
  }
  AdjustTogether(comparisons);
  for (size_t i = 0; i < comparisons.size(); ++i) {
    summaries[i].comparison = std::move(comparisons[i]);
  }
  return summaries;
}

Json ReportJson(const Report& report, const std::vector<TaskSummary>& summaries) {
  Json json = {{"model", FactsJson(report.model)},
               {"program_version", report.program_version},
               {"hardware", report.hardware},
               {"made_at", report.made_at},
               {"seed", report.seed},
               {"tasks", Json::array()}};
  if (report.against) json["against"] = FactsJson(*report.against);
  for (size_t i = 0; i < report.tasks.size(); ++i) {
    const JudgedTask& judged = report.tasks[i];
    Json task = {{"task", judged.task->name},
                 {"format", judged.task->format},
                 {"sha256", judged.task->sha256},
                 {"shots", judged.task->n_shots},
                 {"metrics", MetricsJson(summaries[i].metrics)},
                 {"cost", CostJson(*judged.result)}};
    if (summaries[i].comparison) {
      task["against_metrics"] = MetricsJson(summaries[i].against);
      task["comparison"] = ComparisonJson(*summaries[i].comparison);
    }
    json["tasks"].push_back(std::move(task));
  }
  return json;
}

std::vector<Example> ChooseExamples(const JudgedTask& judged, size_t n_each) {
  const Metric& metric = judged.task->metrics.front();
  std::vector<Example> examples;
  if (metric.aggregation != Aggregation::kMean) return examples;
  for (const bool right : {true, false}) {
    size_t n = 0;
    for (size_t i = 0; i < judged.result->items.size() && n < n_each; ++i) {
      const ItemResult& item = judged.result->items[i];
      const auto score = item.scores.find(metric.name);
      if (score == item.scores.end() || (score->second == 1) != right) continue;
      const QuestionText text = Describe(judged.task->items[i].question);
      examples.push_back({text.question, text.expected, item.output, right});
      ++n;
    }
  }
  return examples;
}

}  // namespace pioneer::eval
