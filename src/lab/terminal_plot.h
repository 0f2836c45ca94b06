// Why: a curve in a terminal: two columns and four rows of dots in each character (Unicode's
// Braille patterns), so that a loss curve is a curve there too.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pioneer::lab {

struct TerminalCurve {
  std::vector<std::pair<double, double>> points;  // by x
  std::string colour;                             // an SGR code as "36"; "" = the terminal's own
};

struct TerminalPlot {
  int columns = 80, rows = 12;  // characters, labels included
  bool logarithmic = false;     // only what is above 0 is drawn then
};

// `rows` lines: labels of the value on the left, the range of x below. Values that are not finite
// are left out.
std::vector<std::string> DrawPlot(const TerminalPlot& plot,
                                  const std::vector<TerminalCurve>& curves);

// The text as it may be shown in a terminal: one line, no control characters (which could do
// anything to it), cut to a width. Wide characters count twice.
std::string FitText(std::string_view text, size_t columns);
size_t TextColumns(std::string_view text);

}  // namespace pioneer::lab
