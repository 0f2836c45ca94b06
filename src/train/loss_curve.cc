#include "train/loss_curve.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "train/run_folder.h"
#include "train/trainer.h"

namespace pioneer {
namespace {

constexpr double kWidth = 800, kHeight = 450;
constexpr double kLeft = 60, kRight = 20, kTop = 40, kBottom = 50;
constexpr size_t kMaxPoints = 600;  // of the training line: neighbours are averaged
constexpr int kTicks = 6;

using Points = std::vector<std::pair<double, double>>;  // millions of tokens, loss

struct Range {
  double low = 0, high = 1;
};

Points TrainingPoints(const std::vector<TrainLogEntry>& entries) {
  Points points;
  const size_t group = entries.size() / kMaxPoints + 1;
  for (size_t begin = 0; begin < entries.size(); begin += group) {
    double x = 0, y = 0;
    int n = 0;
    for (size_t i = begin; i < std::min(begin + group, entries.size()); ++i) {
      if (!std::isfinite(entries[i].loss)) continue;
      x += static_cast<double>(entries[i].tokens) * 1e-6;
      y += entries[i].loss;
      ++n;
    }
    if (n > 0) points.emplace_back(x / n, y / n);
  }
  return points;
}

Points ValidationPoints(const std::vector<TrainLogEntry>& entries) {
  Points points;
  for (const TrainLogEntry& entry : entries) {
    if (entry.validation_loss < 0) continue;
    points.emplace_back(static_cast<double>(entry.tokens) * 1e-6, entry.validation_loss);
  }
  return points;
}

// A step of 1, 2 or 5 times a power of ten that gives about kTicks marks.
double TickStep(const Range& range) {
  const double rough = (range.high - range.low) / kTicks;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double share = rough / power;
  return power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
}

class Chart {
 public:
  Chart(Range x, Range y) : x_(x), y_(y) {}

  double PixelX(double x) const {
    return kLeft + (x - x_.low) / (x_.high - x_.low) * (kWidth - kLeft - kRight);
  }
  double PixelY(double y) const {
    return kHeight - kBottom - (y - y_.low) / (y_.high - y_.low) * (kHeight - kTop - kBottom);
  }

  void DrawAxes(std::string& out) const {
    const double step_x = TickStep(x_), step_y = TickStep(y_);
    for (double x = std::ceil(x_.low / step_x) * step_x; x <= x_.high * (1 + 1e-9); x += step_x) {
      out += fmt::format(
          "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>"
          "<text x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4:.4g}</text>\n",
          PixelX(x), kTop, kHeight - kBottom, kHeight - kBottom + 18, x);
    }
    for (double y = std::ceil(y_.low / step_y) * step_y; y <= y_.high * (1 + 1e-9); y += step_y) {
      out += fmt::format(
          "<line class=\"grid\" x1=\"{1}\" x2=\"{2}\" y1=\"{0:.1f}\" y2=\"{0:.1f}\"/>"
          "<text x=\"{3}\" y=\"{4:.1f}\" text-anchor=\"end\">{5:.4g}</text>\n",
          PixelY(y), kLeft, kWidth - kRight, kLeft - 8, PixelY(y) + 4, y);
    }
    out += fmt::format(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">million tokens</text>\n"
        "<text transform=\"translate(16 {}) rotate(-90)\" text-anchor=\"middle\">loss (nats a "
        "token)</text>\n",
        (kLeft + kWidth - kRight) / 2, kHeight - 10, kHeight / 2);
  }

  void DrawLine(const Points& points, const char* style, std::string& out) const {
    out += fmt::format("<polyline class=\"{}\" points=\"", style);
    for (const auto& [x, y] : points) {
      out += fmt::format("{:.1f},{:.1f} ", PixelX(x), PixelY(std::min(y, y_.high)));
    }
    out += "\"/>\n";
  }

 private:
  Range x_, y_;
};

void Widen(const Points& points, Range& x, Range& y) {
  for (const auto& [px, py] : points) {
    x.high = std::max(x.high, px);
    y.low = std::min(y.low, py);
    y.high = std::max(y.high, py);
  }
}

constexpr const char* kHead =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 450\" font-family=\"sans-serif\" "
    "font-size=\"12\">\n<style>\n"
    ":root{color-scheme:light dark}\n"
    "text{fill:#444}.grid{stroke:#8884;stroke-width:1}\n"
    "polyline{fill:none;stroke-width:1.5}\n"
    ".train{stroke:#3b7dd8}.held{stroke:#d9742b;stroke-width:2.5}\n"
    "@media (prefers-color-scheme:dark){text{fill:#ccc}}\n</style>\n"
    "<title>Loss of the training run</title>\n"
    "<line class=\"train\" stroke-width=\"2\" x1=\"60\" x2=\"90\" y1=\"20\" y2=\"20\"/>"
    "<text x=\"96\" y=\"24\">training</text>\n"
    "<line class=\"held\" x1=\"170\" x2=\"200\" y1=\"20\" y2=\"20\"/>"
    "<text x=\"206\" y=\"24\">held-out documents</text>\n";

}  // namespace

std::string DrawLossCurve(const std::vector<TrainLogEntry>& entries) {
  const Points training = TrainingPoints(entries), validation = ValidationPoints(entries);
  Range x{0, 1e-6}, y{1e9, -1e9};
  Widen(training, x, y);
  Widen(validation, x, y);
  if (y.low > y.high) y = {0, 1};
  const double margin = std::max(0.05, (y.high - y.low) * 0.05);
  y = {std::max(0.0, y.low - margin), y.high + margin};
  const Chart chart(x, y);
  std::string out = kHead;
  chart.DrawAxes(out);
  chart.DrawLine(training, "train", out);
  chart.DrawLine(validation, "held", out);
  return out + "</svg>\n";
}

void WriteLossCurve(const fs::path& run_dir, const fs::path& svg_path) {
  WriteFileAtomically(svg_path, DrawLossCurve(ReadLog(RunFolder{run_dir}.log())));
}

}  // namespace pioneer
