#include "cli/window_options.h"

#include "cli/model_option.h"

namespace pioneer {

void AddWindowOptions(CLI::App& command, WindowOptions& options, const std::string& what) {
  AddModelOption(command, options.model);
  command.add_option("--file", options.file, what)->required();
  command.add_option("--context", options.context, "Tokens of each window")
      ->check(CLI::Range(2, 1 << 20))
      ->capture_default_str();
  command.add_option("--threads", options.threads, "0 = all cores this process may use")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command.add_flag("--json", options.json, "Print JSON");
}

}  // namespace pioneer
