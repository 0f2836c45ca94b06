#include "lab/terminal_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/utf8.h"

namespace pioneer::lab {
namespace {

constexpr int kLabelColumns = 9;  // "1.234e-05"

// Dots of a cell, by their place in it: Unicode 15, "Braille Patterns".
constexpr unsigned kDots[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

struct Interval {
  double low = 0, high = 1;
  double Share(double value) const { return high > low ? (value - low) / (high - low) : 0.5; }
};

class BrailleCanvas {
 public:
  BrailleCanvas(int columns, int rows)
      : columns_(columns), rows_(rows), cells_(static_cast<size_t>(columns * rows)) {}

  int width() const { return columns_ * 2; }
  int height() const { return rows_ * 4; }

  void Dot(int x, int y, const std::string& colour) {
    if (x < 0 || y < 0 || x >= width() || y >= height()) return;
    Cell& cell = cells_[static_cast<size_t>(y / 4 * columns_ + x / 2)];
    cell.dots |= kDots[y % 4][x % 2];
    cell.colour = colour;
  }

  // Every column between two points gets a dot, and steep lines every row.
  void Line(int x0, int y0, int x1, int y1, const std::string& colour) {
    const int steps = std::max({std::abs(x1 - x0), std::abs(y1 - y0), 1});
    for (int i = 0; i <= steps; ++i) {
      Dot(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps, colour);
    }
  }

  std::string Row(int row) const {
    std::string text, colour;
    for (int column = 0; column < columns_; ++column) {
      const Cell& cell = cells_[static_cast<size_t>(row * columns_ + column)];
      if (cell.dots == 0) {
        text += ' ';
        continue;
      }
      if (cell.colour != colour) {
        colour = cell.colour;
        text += fmt::format("\x1b[{}m", colour.empty() ? "0" : colour);
      }
      AppendUtf8(text, 0x2800 + cell.dots);
    }
    return colour.empty() ? text : text + "\x1b[0m";
  }

 private:
  struct Cell {
    unsigned dots = 0;
    std::string colour;
  };
  int columns_, rows_;
  std::vector<Cell> cells_;
};

bool IsWide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
         (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
         (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) || c >= 0x1f300;
}

bool IsControl(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

std::vector<TerminalCurve> Drawable(const std::vector<TerminalCurve>& curves, bool logarithmic) {
  std::vector<TerminalCurve> drawable;
  for (const TerminalCurve& curve : curves) {
    TerminalCurve kept{{}, curve.colour};
    for (const auto& [x, y] : curve.points) {
      if (!std::isfinite(x) || !std::isfinite(y) || (logarithmic && y <= 0)) continue;
      kept.points.emplace_back(x, logarithmic ? std::log10(y) : y);
    }
    drawable.push_back(std::move(kept));
  }
  return drawable;
}

void Widen(Interval& interval, double value, bool& first) {
  interval.low = first ? value : std::min(interval.low, value);
  interval.high = first ? value : std::max(interval.high, value);
  first = false;
}

}  // namespace

std::vector<std::string> DrawPlot(const TerminalPlot& plot,
                                  const std::vector<TerminalCurve>& curves) {
  const int rows = std::max(2, plot.rows) - 1,
            columns = std::max(8, plot.columns - kLabelColumns - 2);
  const auto drawable = Drawable(curves, plot.logarithmic);
  Interval x_range, y_range;
  bool first_x = true, first_y = true;
  for (const TerminalCurve& curve : drawable) {
    for (const auto& [x, y] : curve.points) {
      Widen(x_range, x, first_x);
      Widen(y_range, y, first_y);
    }
  }
  BrailleCanvas canvas(columns, rows);
  for (const TerminalCurve& curve : drawable) {
    int last_x = -1, last_y = 0;
    for (const auto& [x, y] : curve.points) {
      const int dot_x = static_cast<int>(std::lround(x_range.Share(x) * (canvas.width() - 1)));
      const int dot_y =
          static_cast<int>(std::lround((1 - y_range.Share(y)) * (canvas.height() - 1)));
      if (last_x < 0) {
        canvas.Dot(dot_x, dot_y, curve.colour);
      } else {
        canvas.Line(last_x, last_y, dot_x, dot_y, curve.colour);
      }
      last_x = dot_x;
      last_y = dot_y;
    }
  }
  std::vector<std::string> lines;
  for (int row = 0; row < rows; ++row) {
    const double share = rows > 1 ? static_cast<double>(row) / (rows - 1) : 0;
    const double value = y_range.high - share * (y_range.high - y_range.low);
    const bool labelled = !first_y && (row == 0 || row == rows - 1 || row == rows / 2);
    const std::string label =
        labelled ? fmt::format("{:.4g}", plot.logarithmic ? std::pow(10, value) : value) : "";
    lines.push_back(fmt::format("{:>{}} \u2502{}", label, kLabelColumns, canvas.Row(row)));
  }
  const std::string left = first_x ? "" : fmt::format("{:.6g}", x_range.low);
  const std::string right = first_x ? "" : fmt::format("{:.6g}", x_range.high);
  const int gap = std::max<int>(1, columns - static_cast<int>(left.size() + right.size()));
  lines.push_back(fmt::format("{:>{}} \u2514{}{}{}", "", kLabelColumns, left,
                              std::string(static_cast<size_t>(gap), ' '), right));
  return lines;
}

size_t TextColumns(std::string_view text) {
  size_t columns = 0;
  for (size_t at = 0; at < text.size();) {
    const DecodedChar c = DecodeUtf8(text.substr(at));
    columns += IsWide(c.code_point) ? 2 : 1;
    at += static_cast<size_t>(c.length);
  }
  return columns;
}

std::string FitText(std::string_view text, size_t columns) {
  const std::string whole = RepairUtf8(text);
  std::string fitting;
  size_t used = 0;
  for (size_t at = 0; at < whole.size();) {
    const DecodedChar c = DecodeUtf8(std::string_view(whole).substr(at));
    at += static_cast<size_t>(c.length);
    const char32_t shown = IsControl(c.code_point) ? U' ' : c.code_point;
    const size_t width = IsWide(shown) ? 2 : 1;
    if (used + width + (at < whole.size() ? 1 : 0) > columns) {
      if (used < columns) fitting += "\u2026";
      break;
    }
    used += width;
    AppendUtf8(fitting, shown);
  }
  return fitting;
}

}  // namespace pioneer::lab
