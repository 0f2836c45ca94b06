#include "serve/lab/lab_json.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace pioneer::serve {
namespace {

OrderedJson Short(double value) {
  if (!std::isfinite(value)) return nullptr;
  char text[32];
  *fmt::format_to_n(text, sizeof text - 1, "{:.6g}", value).out = '\0';
  return std::strtod(text, nullptr);
}

// -1 stands for what was not measured.
OrderedJson ShortOrNull(double value) { return value < 0 ? OrderedJson(nullptr) : Short(value); }

template <typename Items, typename Read>
OrderedJson Column(const Items& items, const Read& read) {
  OrderedJson column = OrderedJson::array();
  for (const auto& item : items) column.push_back(read(item));
  return column;
}

template <typename Items>
void AddPlaces(const Items& items, OrderedJson& json) {
  json["step"] = Column(items, [](const auto& item) { return OrderedJson(item.place.step); });
  json["tokens"] = Column(items, [](const auto& item) { return OrderedJson(item.place.tokens); });
  json["seconds"] = Column(items, [](const auto& item) { return Short(item.place.seconds); });
}

OrderedJson SpreadColumns(const std::vector<lab::SeriesPoint>& points,
                          lab::Spread lab::SeriesPoint::*member) {
  const auto column = [&](const auto& value) {
    return Column(points,
                  [&](const lab::SeriesPoint& point) { return Short(value(point.*member)); });
  };
  return {{"mean", column([](const lab::Spread& spread) { return spread.mean(); })},
          {"min", column([](const lab::Spread& spread) { return spread.min; })},
          {"max", column([](const lab::Spread& spread) { return spread.max; })}};
}

OrderedJson MarksJson(const std::vector<lab::RunMark>& marks) {
  return Column(marks, [](const lab::RunMark& mark) {
    return OrderedJson{{"step", mark.place.step},
                       {"tokens", mark.place.tokens},
                       {"seconds", Short(mark.place.seconds)},
                       {"text", mark.text}};
  });
}

}  // namespace

OrderedJson RunSummaryJson(const lab::RunSummary& run) {
  return {{"name", run.name},
          {"state", RunStateName(run.state)},
          {"stopping", run.stopping},
          {"note", run.note},
          {"recipe", run.recipe},
          {"stage", run.stage},
          {"step", run.step},
          {"tokens", run.tokens},
          {"seconds", Short(run.seconds)},
          {"share", ShortOrNull(run.share)},
          {"loss", ShortOrNull(run.loss)},
          {"held_out_loss", ShortOrNull(run.validation_loss)},
          {"bits_per_byte", ShortOrNull(run.validation_bits_per_byte)},
          {"tokens_per_second", Short(run.tokens_per_second)},
          {"started_at", run.started_ms},
          {"changed_at", run.changed_ms},
          {"losses", Column(run.losses, Short)}};
}

OrderedJson LogSeriesJson(const lab::LogSeries& series) {
  OrderedJson json;
  json["steps_per_point"] = series.steps_per_point();
  AddPlaces(series.points(), json);
  json["loss"] = SpreadColumns(series.points(), &lab::SeriesPoint::loss);
  json["gradient_norm"] = SpreadColumns(series.points(), &lab::SeriesPoint::gradient_norm);
  json["learning_rate"] = SpreadColumns(series.points(), &lab::SeriesPoint::learning_rate);
  json["tokens_per_second"] = SpreadColumns(series.points(), &lab::SeriesPoint::tokens_per_second);
  OrderedJson held_out;
  AddPlaces(series.held_out(), held_out);
  held_out["loss"] =
      Column(series.held_out(), [](const lab::HeldOutPoint& point) { return Short(point.loss); });
  held_out["bits_per_byte"] = Column(series.held_out(), [](const lab::HeldOutPoint& point) {
    return ShortOrNull(point.bits_per_byte);
  });
  json["held_out"] = std::move(held_out);
  json["stages"] = MarksJson(series.stages());
  json["skipped"] = MarksJson(series.skipped());
  json["n_skipped"] = series.n_skipped();
  return json;
}

OrderedJson SamplesJson(const std::vector<lab::SampleStep>& steps) {
  return Column(steps, [](const lab::SampleStep& step) {
    const auto sample = [](const lab::Sample& one) {
      return OrderedJson{{"prompt", one.prompt}, {"text", one.text}};
    };
    return OrderedJson{
        {"step", step.step}, {"tokens", step.tokens}, {"samples", Column(step.samples, sample)}};
  });
}

}  // namespace pioneer::serve
