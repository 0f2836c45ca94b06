// Why: what is drawn has its size, and what a file says cannot take over the terminal.
#include "lab/terminal_plot.h"

#include <gtest/gtest.h>

#include <cmath>

namespace pioneer::lab {
namespace {

TEST(TerminalPlotTest, FallsFromTopLeftToBottomRight) {
  TerminalCurve curve;
  for (int x = 0; x <= 100; ++x) curve.points.emplace_back(x, 100 - x);
  const auto lines = DrawPlot({.columns = 40, .rows = 6}, {curve});
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_TRUE(lines[0].starts_with("      100 \u2502")) << lines[0];
  EXPECT_NE(lines[0].find("\u2502\u2809"), std::string::npos) << lines[0];  // dots in the corner
  EXPECT_TRUE(lines[4].starts_with("        0 \u2502 ")) << lines[4];
  EXPECT_NE(lines[5].find("\u25140 "), std::string::npos);
  EXPECT_TRUE(lines[5].ends_with("100"));
  for (const std::string& line : lines) EXPECT_LE(TextColumns(line), 40u) << line;
}

TEST(TerminalPlotTest, TakesWhatCannotBeDrawn) {
  const double nan = std::nan("");
  EXPECT_EQ(DrawPlot({.columns = 0, .rows = 0}, {}).size(), 2u);
  EXPECT_EQ(DrawPlot({.columns = 30, .rows = 5}, {{{{1, nan}, {nan, 2}, {2, -1}}, ""}}).size(), 5u);
  EXPECT_EQ(
      DrawPlot({.columns = 30, .rows = 5, .logarithmic = true}, {{{{1, 0}, {2, -1}}, "31"}}).size(),
      5u);
  EXPECT_EQ(DrawPlot({.columns = 30, .rows = 5}, {{{{7, 7}}, "31"}}).size(), 5u);
}

TEST(TerminalPlotTest, TextIsHarmlessAndFits) {
  EXPECT_EQ(FitText("a\x1b[2Jb\nc\xc2\x9b"
                    "d",
                    40),
            "a [2Jb c d");
  EXPECT_EQ(FitText("\xe2\x80\xae"
                    "abc",
                    40),
            " abc");
  EXPECT_EQ(FitText("abcdef", 4), "abc\u2026");
  EXPECT_EQ(FitText("abcd", 4), "abcd");
  EXPECT_EQ(FitText("한국어", 6), "한국어");
  EXPECT_EQ(FitText("한국어", 5), "한국\u2026");
  EXPECT_EQ(TextColumns("한a"), 3u);
  EXPECT_EQ(FitText("\xff\xfe", 9), "\ufffd\ufffd");
}

}  // namespace
}  // namespace pioneer::lab
