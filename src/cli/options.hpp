// Options that commands share, and the reading of a command's arguments.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "pipeline.hpp"

namespace jensen::cli {

// An application without subcommands, so that a file or a variable may bear a command's name.
void describe(CLI::App& app, const std::string& name, const std::string& description,
              const std::vector<std::pair<std::string, std::string>>& examples);

void add_console_options(CLI::App& app, Console& console);
void add_model_options(CLI::App& app, pipeline::ModelOptions& model);  // MODEL --set --max-model-bytes
void add_data_argument(CLI::App& app, std::vector<std::string>& files);

// An option whose value is one of `names`; another value is a usage error with the nearest of them.
CLI::Option* add_choice(CLI::App& app, const std::string& option, std::string& value, std::vector<std::string> names, const std::string& help);

// What a number may be: whole or not, and at least `low`.
CLI::Validator whole_number(std::uint64_t low, std::uint64_t high);
CLI::Validator nonnegative_number();

// --method; `apply_method` answers 'not supported yet' for those to come.
void add_method_option(CLI::App& app, std::string& method);
Diagnostics apply_method(const std::string& method, pipeline::ModelOptions& model);

// Fills the options; a status where the command ends here (help, a usage error).
std::optional<ExitStatus> read_arguments(CLI::App& app, const Arguments& arguments, const Console& console);

}  // namespace jensen::cli
