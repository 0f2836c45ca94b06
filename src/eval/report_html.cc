// Why: the report card for people. One file, no script, nothing loaded; it reads well on paper, in
// light and dark, on a phone and by ear: what is drawn is also said.
#include <fmt/format.h>

#include <algorithm>

#include "base/progress.h"
#include "base/utf8.h"
#include "eval/report.h"

namespace pioneer::eval {
namespace {

constexpr size_t kExamplesEach = 3;
constexpr size_t kExampleBytes = 1200;

constexpr char kStyle[] = R"css(
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6774; --line: #d9dfe5; --paper: #fbfbf9;
  --card: #ffffff; --a: #1f6f8b; --b: #a8551b; --good: #2c6e49; --bad: #9b2f2f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --soft: #9aa6b2; --line: #333c46;
  --paper: #14181d; --card: #1b2027; --a: #6fc3df; --b: #eba468; --good: #7ec8a0; --bad: #ec9a9a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans KR", sans-serif; }
main { max-width: 54rem; margin: 0 auto; padding: 3rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0; letter-spacing: -0.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 .25rem; overflow-wrap: anywhere; }
p { margin: .4rem 0; } .soft { color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.25rem 1.4rem; margin: 1.4rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
code, pre { font: .86em/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; margin-top: .6rem; }
th, td { text-align: left; padding: .45rem .8rem .45rem 0; border-top: 1px solid var(--line);
  vertical-align: middle; }
thead th { color: var(--soft); font-weight: 500; border-top: 0; font-size: .9rem; }
tbody th { font-weight: 600; } .number { text-align: right; white-space: nowrap; }
td svg { display: block; width: 100%; min-width: 11rem; height: 1.6rem; }
.a { color: var(--a); } .b { color: var(--b); } .axis { stroke: var(--line); }
.chance { stroke: var(--soft); stroke-dasharray: 3 3; }
.verdict { border-left: 3px solid var(--line); padding-left: .9rem; margin-top: .9rem; }
details { margin-top: .9rem; } summary { cursor: pointer; color: var(--soft); }
.example { border-top: 1px solid var(--line); margin-top: .8rem; padding-top: .6rem; }
.example h3 { font-size: .95rem; margin: 0 0 .3rem; } .right h3 { color: var(--good); }
.wrong h3 { color: var(--bad); }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: .1rem 0 .5rem; padding: .5rem .7rem;
  background: var(--paper); border-radius: .4rem; max-height: 20rem; overflow-y: auto; }
@media print { section { break-inside: avoid; } body { background: none; } }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
)css";

std::string Escaped(std::string_view text) {
  std::string html;
  for (const char c : RepairUtf8(text)) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default: {
        // Controls have no place in HTML.
        const auto byte = static_cast<unsigned char>(c);
        html += byte < 0x20 && c != '\n' && c != '\t' ? ' ' : c;
      }
    }
  }
  return html;
}

// The end of a long text says most: a question stands behind its examples.
std::string Shortened(const std::string& text) {
  if (text.size() <= kExampleBytes) return text;
  size_t begin = text.size() - kExampleBytes;
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
  return "... " + text.substr(begin);
}

bool IsShare(const Metric& metric) { return metric.aggregation == Aggregation::kMean; }

// Shares in percent, other numbers as they are.
std::string Number(const Metric& metric, double value) {
  return IsShare(metric) ? fmt::format("{:.1f} %", value * 100) : fmt::format("{:.4g}", value);
}

std::string ErrorText(const MetricSummary& summary) {
  if (summary.estimate.n < 2) return "&ndash;";
  return "&plusmn; " + Number(summary.metric, summary.clustered_error);
}

// What guessing gives, where there are choices.
std::optional<double> Chance(const Task& task) {
  double sum = 0;
  for (const TaskItem& item : task.items) {
    const auto* choice = std::get_if<ChoiceQuestion>(&item.question);
    if (choice == nullptr) return std::nullopt;
    sum += 1.0 / static_cast<double>(choice->choices.size());
  }
  return task.items.empty() ? std::nullopt
                            : std::optional(sum / static_cast<double>(task.items.size()));
}

// Intervals drawn on a common scale. A is a disc, B a diamond, so that colour is not needed.
class Drawing {
 public:
  Drawing(double scale, std::optional<double> chance) : scale_(scale) {
    svg_ = "<line class=\"axis\" x1=\"10\" x2=\"310\" y1=\"16\" y2=\"16\"/>";
    for (const double x : {0.0, 0.25, 0.5, 0.75, 1.0}) svg_ += Vertical("axis", x * scale, 13, 19);
    if (chance) svg_ += Vertical("chance", *chance, 2, 30);
  }

  void Add(const Estimate& estimate, bool second) {
    const char* const kind = second ? "b" : "a";
    const double y = second ? 22 : 10;
    svg_ += fmt::format(
        "<g class=\"{0}\"><line x1=\"{1:.1f}\" x2=\"{2:.1f}\" y1=\"{3}\" y2=\"{3}\" "
        "stroke=\"currentColor\" stroke-width=\"3\" stroke-linecap=\"round\" opacity=\".55\"/>",
        kind, X(estimate.interval.low), X(estimate.interval.high), y);
    const double x = X(estimate.value);
    svg_ += second ? fmt::format(
                         "<path d=\"M{0:.1f} {1} l5 5 l-5 5 l-5 -5 z\" "
                         "fill=\"currentColor\"/></g>",
                         x, y - 5)
                   : fmt::format(
                         "<circle cx=\"{:.1f}\" cy=\"{}\" r=\"4.5\" "
                         "fill=\"currentColor\"/></g>",
                         x, y);
  }

  std::string Svg(const std::string& said) const {
    return fmt::format("<svg viewBox=\"0 0 320 32\" role=\"img\" aria-label=\"{}\">{}</svg>",
                       Escaped(said), svg_);
  }

 private:
  double X(double value) const { return 10 + 300 * std::clamp(value / scale_, 0.0, 1.0); }
  std::string Vertical(const char* kind, double value, int top, int bottom) const {
    return fmt::format("<line class=\"{}\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\"/>", kind,
                       X(value), X(value), top, bottom);
  }

  const double scale_;
  std::string svg_;
};

std::string Said(const MetricSummary& summary, const char* who) {
  const Estimate& estimate = summary.estimate;
  return fmt::format("{}{}, 95 percent interval {} to {}", who,
                     Number(summary.metric, estimate.value),
                     Number(summary.metric, estimate.interval.low),
                     Number(summary.metric, estimate.interval.high));
}

std::string MetricRow(const MetricSummary& first, const MetricSummary* second,
                      std::optional<double> chance) {
  const Estimate& estimate = first.estimate;
  const double most = std::max(estimate.interval.high, second ? second->estimate.interval.high : 0);
  Drawing drawing(IsShare(first.metric) ? 1.0 : std::max(most * 1.25, 1e-9), chance);
  drawing.Add(estimate, false);
  std::string said = Said(first, second ? "A: " : "");
  std::string row = fmt::format(
      "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td class=\"number soft\">{}</td>",
      Escaped(first.metric.name), Number(first.metric, estimate.value), ErrorText(first));
  if (second != nullptr) {
    row += fmt::format("<td class=\"number\">{}</td><td class=\"number soft\">{}</td>",
                       Number(second->metric, second->estimate.value), ErrorText(*second));
    drawing.Add(second->estimate, true);
    said += "; " + Said(*second, "B: ");
  }
  if (chance) said += fmt::format("; guessing gives {:.1f} %", *chance * 100);
  return row + fmt::format("<td class=\"number soft\">{}</td><td>{}</td></tr>\n", estimate.n,
                           drawing.Svg(said));
}

std::string MetricTable(const JudgedTask& judged, const TaskSummary& summary) {
  const bool two = !summary.against.empty();
  std::string html = "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">score</th>";
  html += two ? "<th scope=\"col\" class=\"number a\">A &#9679;</th><th scope=\"col\" "
                "class=\"number\">error</th><th scope=\"col\" class=\"number b\">B &#9670;</th>"
              : "<th scope=\"col\" class=\"number\">value</th>";
  html +=
      "<th scope=\"col\" class=\"number\">error</th><th scope=\"col\" class=\"number\">n</th>"
      "<th scope=\"col\">95 % interval</th></tr></thead><tbody>\n";
  const std::optional<double> chance = Chance(*judged.task);
  for (size_t i = 0; i < summary.metrics.size(); ++i) {
    html += MetricRow(summary.metrics[i], two ? &summary.against[i] : nullptr,
                      IsShare(summary.metrics[i].metric) ? chance : std::nullopt);
  }
  return html + "</tbody></table></div>\n";
}

std::string Verdict(const Comparison& comparison, const Metric& metric) {
  const Estimate& difference = comparison.difference;
  std::string html = fmt::format(
      "<div class=\"verdict\"><p><strong>B &minus; A in {}: {}</strong>, 95 % interval {} to {}",
      Escaped(comparison.metric), Number(metric, difference.value),
      Number(metric, difference.interval.low), Number(metric, difference.interval.high));
  if (IsShare(metric)) {
    html +=
        fmt::format("; {} right in A only, {} in B only", comparison.n_only_a, comparison.n_only_b);
  }
  return html + ".</p><p>" + Escaped(Describe(comparison)) + "</p></div>\n";
}

std::string ExampleHtml(const Example& example) {
  const auto part = [](const char* title, const std::string& text) {
    return fmt::format("<div class=\"soft\">{}</div><pre>{}</pre>", title,
                       Escaped(Shortened(text)));
  };
  return fmt::format("<div class=\"example {}\"><h3>{}</h3>{}{}{}</div>\n",
                     example.right ? "right" : "wrong", example.right ? "Right" : "Wrong",
                     part("asked", example.question), part("expected", example.expected),
                     part("answered", example.output));
}

std::string TaskSection(const JudgedTask& judged, const TaskSummary& summary) {
  const Task& task = *judged.task;
  std::string html = fmt::format(
      "<section><h2>{}</h2><p class=\"soft\">format {}, {} {}{}</p>\n", Escaped(task.name),
      Escaped(task.format), task.items.size(), task.items.size() == 1 ? "item" : "items",
      task.n_shots > 0 ? fmt::format(", {} examples", task.n_shots) : "");
  html += MetricTable(judged, summary);
  if (summary.metrics.front().n_clusters > 0) {
    html += fmt::format("<p class=\"soft\">Items stand in {} groups, which the errors include.</p>",
                        summary.metrics.front().n_clusters);
  }
  if (summary.comparison) html += Verdict(*summary.comparison, task.metrics.front());
  const std::vector<Example> examples = ChooseExamples(judged, kExamplesEach);
  if (!examples.empty()) {
    html += "<details><summary>Examples</summary>\n";
    for (const Example& example : examples) html += ExampleHtml(example);
    html += "</details>";
  }
  html +=
      fmt::format("<p class=\"soft\"><code>sha256 {}</code></p></section>\n", Escaped(task.sha256));
  return html;
}

void AddFact(std::string& html, const char* name, const std::string& value) {
  if (value.empty()) return;
  html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", name, Escaped(value));
}

void AddModel(std::string& html, const ModelFacts& facts) {
  AddFact(html, "model", facts.name);
  AddFact(html, "what it is", facts.description);
  AddFact(html, "file", facts.file);
  if (facts.file_bytes > 0) {
    AddFact(html, "size", FormatBytes(static_cast<double>(facts.file_bytes)));
  }
  AddFact(html, "sha256", facts.sha256);
  AddFact(html, "made from", facts.lineage);
}

std::string Cost(const Report& report) {
  double seconds = 0;
  int64_t n_items = 0, n_tokens = 0, n_cached = 0;
  for (const JudgedTask& judged : report.tasks) {
    for (const TaskResult* result : {judged.result, judged.against}) {
      if (result == nullptr) continue;
      seconds += result->seconds;
      n_items += result->n_items_run;
      n_tokens += result->n_prompt_tokens;
      n_cached += result->n_cached_tokens;
    }
  }
  return fmt::format("{} for {} items; {} prompt tokens, {} of them known from earlier ones",
                     FormatDuration(seconds), n_items, n_tokens, n_cached);
}

}  // namespace

std::string ReportHtml(const Report& report, const std::vector<TaskSummary>& summaries) {
  const std::string title =
      report.against ? report.model.name + " and " + report.against->name : report.model.name;
  std::string html = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'\">\n<title>Report card: {0}</title>\n<style>{1}</style></head>\n"
      "<body><main>\n<p class=\"soft\">Report card, {2}</p>\n<h1>{0}</h1>\n",
      Escaped(title), kStyle, Escaped(report.made_at));
  html += "<section><dl>\n";
  AddModel(html, report.model);
  html += "</dl></section>\n";
  if (report.against) {
    html +=
        "<section><p class=\"soft\">Above is A <span class=\"a\">&#9679;</span>, compared with "
        "B <span class=\"b\">&#9670;</span>:</p><dl>\n";
    AddModel(html, *report.against);
    html += "</dl></section>\n";
  }
  for (size_t i = 0; i < report.tasks.size(); ++i) {
    html += TaskSection(report.tasks[i], summaries[i]);
  }
  html += "<section><dl>\n";
  AddFact(html, "hardware", report.hardware);
  AddFact(html, "program", "Pioneer " + report.program_version);
  AddFact(html, "this run", Cost(report));
  html +=
      "</dl><p class=\"soft\">An error is one standard error: what the score would vary by with "
      "other items of the same kind. The interval holds the true score in 95 of 100 such "
      "cases. A dashed line is what guessing gives.";
  if (report.against && report.tasks.size() > 1) {
    html += " The p values take account of all tasks that were compared (Holm).";
  }
  return html + "</p></section>\n</main></body></html>\n";
}

}  // namespace pioneer::eval
