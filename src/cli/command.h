// Why: the contract between main and the subcommands, one file each. A command declares its options
// and hands over a callback; what fails throws Error, and main turns that into exit status 1 (a
// wrong command line is 2).
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace pioneer {

void AddServeCommand(CLI::App& root);
void AddChatCommand(CLI::App& root);
void AddCompleteCommand(CLI::App& root);
void AddModelsCommand(CLI::App& root);
void AddQuantizeCommand(CLI::App& root);
void AddTokenizeCommand(CLI::App& root);
void AddPerplexityCommand(CLI::App& root);
void AddImatrixCommand(CLI::App& root);
void AddBenchCommand(CLI::App& root);
void AddTrainCommand(CLI::App& root);
void AddTuneCommand(CLI::App& root);
void AddDataCommand(CLI::App& root);
void AddLabCommand(CLI::App& root);
void AddEvalCommand(CLI::App& root);
void AddEvalSearchCommand(CLI::App& eval);
void AddIndexCommand(CLI::App& root);
void AddSearchCommand(CLI::App& root);
void AddDoctorCommand(CLI::App& root);
void AddKeysCommand(CLI::App& root);

// A subcommand whose --help ends with an example.
CLI::App* AddCommand(CLI::App& root, const std::string& name, const std::string& description,
                     const std::string& example);

}  // namespace pioneer
