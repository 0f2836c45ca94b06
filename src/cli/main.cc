// Why: the program's entry: reads the command line, runs one command, reports what failed.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <new>

#include "base/error.h"
#include "base/log.h"
#include "cli/command.h"

namespace pioneer {

CLI::App* AddCommand(CLI::App& root, const std::string& name, const std::string& description,
                     const std::string& example) {
  CLI::App* command = root.add_subcommand(name, description);
  command->footer("Example:\n  " + example);
  return command;
}

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

// CLI11 would only say that a subcommand is required.
bool IsUnknownCommand(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return false;
  const auto is_named = [&](const CLI::App* command) { return command->get_name() == argv[1]; };
  return app.get_subcommands(is_named).empty();
}

int Run(int argc, char** argv) {
  CLI::App app("Pioneer: a whole AI lab and AI service in one program", "pioneer");
  app.set_version_flag("--version", PIONEER_VERSION);
  app.require_subcommand(1);
  app.footer("pioneer COMMAND --help tells more about a command.");
  AddServeCommand(app);
  AddChatCommand(app);
  AddCompleteCommand(app);
  AddModelsCommand(app);
  AddQuantizeCommand(app);
  AddTokenizeCommand(app);
  AddPerplexityCommand(app);
  AddImatrixCommand(app);
  AddBenchCommand(app);
  AddTrainCommand(app);
  AddTuneCommand(app);
  AddDataCommand(app);
  AddLabCommand(app);
  AddEvalCommand(app);
  AddIndexCommand(app);
  AddSearchCommand(app);
  AddDoctorCommand(app);
  AddKeysCommand(app);
  if (IsUnknownCommand(app, argc, argv)) {
    fmt::print(stderr, "pioneer: there is no command {}; pioneer --help lists them\n", argv[1]);
    return kWrongUsage;
  }
  try {
    app.parse(argc, argv);
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }
}

}  // namespace
}  // namespace pioneer

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  pioneer::InitLog();
  try {
    return pioneer::Run(argc, argv);
  } catch (const pioneer::Error& error) {
    fmt::print(stderr, "pioneer: {}\n", error.what());
  } catch (const std::bad_alloc&) {
    fmt::print(stderr, "pioneer: this machine has too little free memory for that\n");
  } catch (const std::exception& error) {
    fmt::print(stderr, "pioneer: a defect of this program: {}\n", error.what());
  }
  return pioneer::kFailed;
}
