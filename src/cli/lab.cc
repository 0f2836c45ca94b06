// Why: `pioneer lab`: training runs seen and steered from a terminal, by people and by programs.
#include <fmt/format.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/lab_screen.h"
#include "serve/lab/lab_json.h"

namespace pioneer {
namespace {

constexpr int kDrawAgainMs = 500;

struct LabOptions {
  std::vector<std::string> names;
  std::string runs_folder, name;
  bool json = false, once = false;

  fs::path folder() const {
    return runs_folder.empty() ? lab::DefaultRunsFolder() : fs::path(runs_folder);
  }
};

ScreenSize TerminalSize() {
  winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return {};
  return {size.ws_col, size.ws_row};
}

// Keys come one by one, unseen, and the screen is another one, until it ends.
class RawTerminal {
 public:
  RawTerminal() {
    ::tcgetattr(STDIN_FILENO, &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
    fmt::print("\x1b[?1049h\x1b[?25l");
  }
  ~RawTerminal() {
    fmt::print("\x1b[?25h\x1b[?1049l");
    std::fflush(stdout);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  // One key, "" when none came in time. A key of several bytes begins with Escape, and they come
  // together.
  static std::string ReadKey(int timeout_ms) {
    pollfd input = {STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, timeout_ms) <= 0) return "";
    char bytes[3] = {};
    if (::read(STDIN_FILENO, bytes, 1) <= 0) return "q";  // the terminal is gone
    if (bytes[0] == '\r' || bytes[0] == '\n') return "enter";
    if (bytes[0] != '\x1b') return std::string(1, bytes[0]);
    if (::poll(&input, 1, 0) <= 0 || ::read(STDIN_FILENO, bytes + 1, 2) < 2) return "escape";
    switch (bytes[2]) {
      case 'A':
        return "up";
      case 'B':
        return "down";
      case 'C':
        return "right";
      case 'D':
        return "left";
      default:
        return "";
    }
  }

 private:
  termios before_ = {};
};

void PrintScreen(const std::vector<std::string>& lines, int rows) {
  std::string text = "\x1b[H";
  const size_t n = std::min(lines.size(), static_cast<size_t>(rows));
  for (size_t i = 0; i < n; ++i) text += lines[i] + (i + 1 < n ? "\x1b[K\r\n" : "\x1b[K");
  fmt::print("{}\x1b[J", text);
  std::fflush(stdout);
}

void Watch(lab::Lab& lab, const LabOptions& options) {
  LabScreen screen(lab, options.names, true);
  const InterruptCancels interrupt;
  const RawTerminal terminal;
  while (!interrupt.token().cancelled()) {
    const ScreenSize size = TerminalSize();
    PrintScreen(screen.Draw(size), size.rows);
    const std::string key = RawTerminal::ReadKey(kDrawAgainMs);
    if (!key.empty() && !screen.Press(key)) return;
  }
}

// Without a terminal there are no colours.
std::string WithoutColours(const std::string& line) {
  std::string plain;
  for (size_t at = 0; at < line.size(); ++at) {
    if (line[at] != '\x1b') {
      plain += line[at];
    } else {
      at = line.find('m', at);
      if (at == std::string::npos) break;
    }
  }
  return plain;
}

void PrintOnce(lab::Lab& lab, const LabOptions& options) {
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  for (const std::string& line : LabScreen(lab, options.names, false).Draw(TerminalSize())) {
    fmt::print("{}\n", terminal ? line : WithoutColours(line));
  }
}

void PrintJson(lab::Lab& lab, const LabOptions& options) {
  OrderedJson runs = OrderedJson::array();
  if (options.names.empty()) {
    for (const lab::RunSummary& run : lab.List()) runs.push_back(serve::RunSummaryJson(run));
  }
  for (const std::string& name : options.names) {
    OrderedJson run = serve::RunSummaryJson(lab.Summary(name));
    lab::SampleBook samples(lab.Find(name).samples());
    samples.Update();
    run["series"] = serve::LogSeriesJson(lab.Log(name).series());
    run["samples"] = serve::SamplesJson(samples.steps());
    runs.push_back(std::move(run));
  }
  fmt::print("{}\n", DumpJson(OrderedJson{{"folder", lab.folder().string()}, {"runs", runs}}));
}

void Show(const LabOptions& options) {
  lab::Lab lab(options.folder());
  if (options.json) return PrintJson(lab, options);
  const bool keys = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  if (keys && !options.once) return Watch(lab, options);
  PrintOnce(lab, options);
}

}  // namespace

void AddLabCommand(CLI::App& root) {
  auto options = std::make_shared<LabOptions>();
  CLI::App* command = AddCommand(root, "lab", "See training runs, stop and resume them",
                                 "pioneer lab first second");
  const auto add_folder = [options](CLI::App& app) {
    app.add_option("--runs", options->runs_folder,
                   "The folder of the runs; default: runs in the program's data folder");
  };
  command->add_option("RUN", options->names,
                      "Runs to look into, over one another; none = the list");
  add_folder(*command);
  command->add_flag("--once", options->once, "Print what is there now and end");
  command->add_flag("--json", options->json, "One JSON object; with RUN, curves and samples too");

  CLI::App* stop = AddCommand(*command, "stop", "Let a run write its checkpoint and end",
                              "pioneer lab stop first");
  CLI::App* resume = AddCommand(*command, "resume", "Go on with a run, in the background",
                                "pioneer lab resume first");
  for (CLI::App* action : {stop, resume}) {
    action->add_option("RUN", options->name, "The run's name")->required();
    add_folder(*action);
  }
  stop->callback([options] { lab::Lab(options->folder()).Stop(options->name); });
  resume->callback([options] { lab::Lab(options->folder()).Resume(options->name); });
  command->callback([options, stop, resume] {
    if (!stop->parsed() && !resume->parsed()) Show(*options);
  });
}

}  // namespace pioneer
