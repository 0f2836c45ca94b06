#include "cli/lab_screen.h"

#include <algorithm>

#include "base/error.h"
#include "base/progress.h"
#include "lab/terminal_plot.h"

namespace pioneer {
namespace {

using lab::FitText;
using lab::RunState;
using lab::RunSummary;

constexpr const char* kCurveColours[] = {"36", "33", "35", "32", "34", "31", "96", "93"};
constexpr const char* kHeldOutColour = "33";  // of one run alone
constexpr size_t kMostShown = std::size(kCurveColours);
constexpr size_t kNameColumns = 22;
constexpr int kSampleRows = 6;

std::string Coloured(const std::string& text, const char* colour) {
  return fmt::format("\x1b[{}m{}\x1b[0m", colour, text);
}

std::string StateText(const RunSummary& run) {
  if (run.stopping) return Coloured("stopping", "33");
  const char* colour = run.state == RunState::kRunning    ? "32"
                       : run.state == RunState::kFailed   ? "31"
                       : run.state == RunState::kFinished ? "36"
                                                          : "0";
  return Coloured(fmt::format("{:<8}", RunStateName(run.state)), colour);
}

std::string Padded(const std::string& text, size_t columns) {
  std::string fitting = FitText(text, columns);
  const size_t used = lab::TextColumns(fitting);
  return fitting + std::string(columns > used ? columns - used : 0, ' ');
}

std::string NumberText(double value) { return value < 0 ? "-" : fmt::format("{:.4f}", value); }

std::string ShareText(const RunSummary& run) {
  return run.share < 0 ? "" : fmt::format("{:.0f} %", run.share * 100);
}

// Heights of a block character.
std::string Spark(const std::vector<double>& values, size_t columns) {
  static constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (values.size() < 2) return "";
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  std::string text;
  for (size_t i = 0; i < columns; ++i) {
    const double value = values[i * values.size() / columns];
    const double share = *high > *low ? (value - *low) / (*high - *low) : 0;
    text += kBlocks[static_cast<size_t>(share * 7.999)];
  }
  return text;
}

std::string FactsLine(const RunSummary& run) {
  std::string line = fmt::format("step {}  {:.4g} M tokens  loss {}  held out {}", run.step,
                                 static_cast<double>(run.tokens) * 1e-6, NumberText(run.loss),
                                 NumberText(run.validation_loss));
  if (run.validation_bits_per_byte >= 0) {
    line += fmt::format(" ({:.3f} bits a byte)", run.validation_bits_per_byte);
  }
  line += fmt::format("  {:.0f} tokens/s  {}", run.tokens_per_second, FormatDuration(run.seconds));
  if (run.state == RunState::kRunning && run.share > 0 && run.share < 1) {
    line += fmt::format(", {} left", FormatDuration(run.seconds * (1 - run.share) / run.share));
  }
  return line;
}

}  // namespace

LabScreen::LabScreen(lab::Lab& lab, std::vector<std::string> names, bool keys)
    : lab_(lab), keys_(keys) {
  Open(names);
}

void LabScreen::Open(const std::vector<std::string>& names) {
  shown_.clear();
  for (const std::string& name : names) {
    if (shown_.size() == kMostShown) break;
    const RunFolder folder = lab_.Find(name);
    looks_.try_emplace(name, Look{lab_.Log(name), lab::SampleBook(folder.samples())});
    shown_.push_back(name);
  }
}

void LabScreen::Update() {
  runs_ = lab_.List();
  if (!runs_.empty()) selected_ = std::min(selected_, runs_.size() - 1);
  for (const std::string& name : shown_) {
    Look& look = looks_.at(name);
    look.log.Update();
    look.samples.Update();
  }
}

std::vector<std::string> LabScreen::Draw(const ScreenSize& size) {
  Update();
  std::vector<std::string> lines = shown_.empty() ? DrawList(size) : DrawRuns(size);
  const auto columns = static_cast<size_t>(size.columns);
  if (!asks_.empty()) {
    lines.push_back(FitText(fmt::format("{} {}? y = yes, any other key = no", asks_,
                                        shown_.empty() ? runs_[selected_].name : shown_[0]),
                            columns));
  } else if (!says_.empty()) {
    lines.push_back(FitText(says_, columns));
  }
  return lines;
}

std::vector<std::string> LabScreen::DrawList(const ScreenSize& size) {
  const auto columns = static_cast<size_t>(size.columns);
  std::vector<std::string> lines = {
      FitText(fmt::format("Training runs in {}", lab_.folder().string()), columns)};
  if (runs_.empty()) {
    lines.push_back("There are none yet. Begin one:");
    lines.push_back(
        fmt::format("  pioneer train RECIPE.toml --run {}/first", lab_.folder().string()));
    return lines;
  }
  const auto rows = static_cast<size_t>(std::max(4, size.rows - 4));
  const size_t first = selected_ < rows ? 0 : selected_ - rows + 1;
  for (size_t i = first; i < std::min(runs_.size(), first + rows); ++i) {
    const RunSummary& run = runs_[i];
    std::string line = fmt::format("{}{} ", keys_ && i == selected_ ? "▸" : " ",
                                   chosen_.contains(run.name) ? "●" : " ");
    line += Padded(run.name, kNameColumns) + " " + StateText(run);
    const std::string numbers =
        fmt::format(" {:>5} {:>9} {:>8} ", ShareText(run), run.step, NumberText(run.loss));
    line += numbers;
    const size_t used = 3 + kNameColumns + 1 + 8 + numbers.size();
    if (used + 16 <= columns) line += Spark(run.losses, std::min<size_t>(24, columns - used));
    lines.push_back(line);
  }
  if (keys_) {
    lines.push_back(
        FitText("↑↓ choose  Enter look  Space compare  s stop  r resume  q quit", columns));
  }
  return lines;
}

// How a run stands, in a few lines.
std::vector<std::string> LabScreen::DrawFacts(size_t index, size_t columns) {
  const RunSummary run = lab_.Summary(shown_[index]);
  std::vector<std::string> lines = {Coloured("━━ ", kCurveColours[index]) +
                                    Padded(run.name, kNameColumns) + " " + StateText(run) + " " +
                                    ShareText(run)};
  const auto add = [&](const std::string& text) {
    lines.push_back("   " + FitText(text, columns - 3));
  };
  add(run.step > 0 ? FactsLine(run) : run.recipe);
  if (!run.note.empty()) add(run.note);
  const lab::LogSeries& series = looks_.at(shown_[index]).log.series();
  if (series.n_skipped() > 0) {
    const lab::RunMark& last = series.skipped().back();
    add(fmt::format("{} steps were not applied, the last {}: {}", series.n_skipped(),
                    last.place.step, last.text));
  }
  return lines;
}

// Training, and where it is the loss, what was held out; over millions of tokens.
std::vector<lab::TerminalCurve> LabScreen::Curves(size_t index) const {
  static constexpr lab::Spread lab::SeriesPoint::*kMembers[] = {
      &lab::SeriesPoint::loss, &lab::SeriesPoint::gradient_norm,
      &lab::SeriesPoint::tokens_per_second, &lab::SeriesPoint::learning_rate};
  const lab::LogSeries& series = looks_.at(shown_[index]).log.series();
  const auto millions = [](const lab::RunPlace& place) {
    return static_cast<double>(place.tokens) * 1e-6;
  };
  std::vector<lab::TerminalCurve> curves = {{{}, kCurveColours[index]}};
  for (const lab::SeriesPoint& point : series.points()) {
    const lab::Spread& spread = point.*kMembers[static_cast<size_t>(metric_)];
    curves[0].points.emplace_back(millions(point.place), spread.mean());
  }
  if (metric_ != Metric::kLoss) return curves;
  curves.push_back({{}, shown_.size() > 1 ? kCurveColours[index] : kHeldOutColour});
  for (const lab::HeldOutPoint& point : series.held_out()) {
    curves[1].points.emplace_back(millions(point.place), point.loss);
  }
  return curves;
}

std::vector<std::string> LabScreen::DrawRuns(const ScreenSize& size) {
  static constexpr const char* kTitles[] = {"loss, nats a token", "gradient norm",
                                            "tokens per second", "learning rate"};
  const auto columns = static_cast<size_t>(size.columns);
  std::vector<std::string> lines;
  const auto append = [&lines](std::vector<std::string> more) {
    lines.insert(lines.end(), more.begin(), more.end());
  };
  std::vector<lab::TerminalCurve> curves;
  for (size_t i = 0; i < shown_.size(); ++i) {
    append(DrawFacts(i, columns));
    for (lab::TerminalCurve& curve : Curves(i)) curves.push_back(std::move(curve));
  }
  const bool alone = shown_.size() == 1;
  const bool tells_colour = alone && metric_ == Metric::kLoss;
  lines.push_back(
      fmt::format("{}{} over million tokens{}", kTitles[static_cast<size_t>(metric_)],
                  logarithmic_ ? ", log scale" : "",
                  tells_colour ? "; held out in " + Coloured("yellow", kHeldOutColour) : ""));
  const int sample_rows = alone ? kSampleRows : 0;
  const int rows = size.rows - static_cast<int>(lines.size()) - sample_rows - 3;
  append(lab::DrawPlot(
      {.columns = size.columns, .rows = std::max(6, rows), .logarithmic = logarithmic_}, curves));
  if (alone) append(DrawSamples(size, sample_rows));
  if (keys_) {
    lines.push_back(FitText("←→ curve  l log scale  s stop  r resume  Esc back  q quit", columns));
  }
  return lines;
}

std::vector<std::string> LabScreen::DrawSamples(const ScreenSize& size, int rows) const {
  const auto& steps = looks_.at(shown_[0]).samples.steps();
  std::vector<std::string> lines;
  if (steps.empty()) return lines;
  lines.push_back(fmt::format("written at step {}:", steps.back().step));
  for (const lab::Sample& sample : steps.back().samples) {
    if (static_cast<int>(lines.size()) >= rows) break;
    const auto columns = static_cast<size_t>(size.columns);
    const std::string prompt = FitText(sample.prompt, columns / 2);
    const size_t left = columns - std::min(columns - 1, lab::TextColumns(prompt));
    lines.push_back(Coloured(prompt, "1") + FitText(sample.text, left));
  }
  return lines;
}

bool LabScreen::Press(const std::string& key) {
  says_.clear();
  if (!asks_.empty()) {
    const std::string action = std::exchange(asks_, "");
    const std::string name = shown_.empty() ? runs_[selected_].name : shown_[0];
    if (key == "y") Act(name, action == "stop");
    return true;
  }
  if (key == "q") return false;
  const bool has_run = !shown_.empty() || !runs_.empty();
  if (key == "s" && has_run) asks_ = "stop";
  if (key == "r" && has_run) asks_ = "resume";
  return shown_.empty() ? PressInList(key) : PressInRuns(key);
}

void LabScreen::Act(const std::string& name, bool stop) {
  try {
    if (stop) {
      lab_.Stop(name);
    } else {
      lab_.Resume(name);
    }
    says_ = fmt::format("{} {}", name, stop ? "writes its checkpoint and stops" : "goes on");
  } catch (const Error& error) {
    says_ = error.what();
  }
}

bool LabScreen::PressInList(const std::string& key) {
  if (runs_.empty()) return true;
  const std::string& name = runs_[selected_].name;
  if (key == "up" && selected_ > 0) --selected_;
  if (key == "down") selected_ = std::min(selected_ + 1, runs_.size() - 1);
  if (key == " " && chosen_.erase(name) == 0) chosen_.insert(name);
  if (key != "enter") return true;
  std::vector<std::string> names(chosen_.begin(), chosen_.end());
  if (names.empty()) names = {name};
  Open(names);
  return true;
}

bool LabScreen::PressInRuns(const std::string& key) {
  constexpr int kMetrics = 4;
  if (key == "escape") shown_.clear();
  if (key == "l") logarithmic_ = !logarithmic_;
  const int step = key == "right" ? 1 : key == "left" ? kMetrics - 1 : 0;
  metric_ = static_cast<Metric>((static_cast<int>(metric_) + step) % kMetrics);
  return true;
}

}  // namespace pioneer
