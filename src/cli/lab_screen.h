// Why: the lab in a terminal: a list of runs and a look at some of them, drawn again and again
// while keys steer it. What is drawn is made here as text; who prints it is lab.cc.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "lab/lab.h"
#include "lab/samples.h"
#include "lab/terminal_plot.h"

namespace pioneer {

struct ScreenSize {
  int columns = 80, rows = 24;
};

// One thread.
class LabScreen {
 public:
  // Looks at `names` at once; none = the list. `keys`: somebody is there to press them.
  LabScreen(lab::Lab& lab, std::vector<std::string> names, bool keys);

  // The screen as it is now, one string a line, none wider than the terminal.
  std::vector<std::string> Draw(const ScreenSize& size);

  // "up", "down", "enter", "escape", "left", "right" or a character. False: leave the lab.
  bool Press(const std::string& key);

 private:
  struct Look {
    lab::RunLog log;
    lab::SampleBook samples;
  };
  enum class Metric { kLoss, kGradientNorm, kTokensPerSecond, kLearningRate };

  std::vector<std::string> DrawList(const ScreenSize& size);
  std::vector<std::string> DrawRuns(const ScreenSize& size);
  std::vector<std::string> DrawSamples(const ScreenSize& size, int rows) const;
  std::vector<std::string> DrawFacts(size_t index, size_t columns);
  std::vector<lab::TerminalCurve> Curves(size_t index) const;
  void Update();
  bool PressInList(const std::string& key);
  bool PressInRuns(const std::string& key);
  void Open(const std::vector<std::string>& names);
  void Act(const std::string& name, bool stop);

  lab::Lab& lab_;
  const bool keys_;
  std::vector<lab::RunSummary> runs_;
  size_t selected_ = 0;
  std::set<std::string> chosen_;
  std::vector<std::string> shown_;  // empty: the list
  std::map<std::string, Look> looks_;
  Metric metric_ = Metric::kLoss;
  bool logarithmic_ = false;
  std::string asks_, says_;  // "stop" or "resume" waits for y; the last thing that happened
};

}  // namespace pioneer
