// Chooses the command. Every exception ends here: none reaches the user as such.
#include <algorithm>
#include <array>
#include <exception>
#include <new>

#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/console.hpp"
#include "diagnostics/suggest.hpp"
#include "jensen/version.h"

namespace jensen::cli {

std::span<const Command> commands() {
  static const std::array<Command, 10> table{{
      {"fit", "Fit a model to data", run_fit},
      {"derive", "Show the factorisation, the updates and the bound of a model", run_derive},
      {"graph", "Show a model's plates, variables and factors", run_graph},
      {"plan", "Show what a fit would compute, with every size known", run_plan},
      {"check", "Parse and resolve a model and say what would be done", run_check},
      {"stdlib", "List the distributions, or show the text of one", run_stdlib},
      {"simulate", "Draw parameters and data from the priors", run_simulate},
      {"predict", "Posterior predictive and `predict` quantities of a fit", run_predict},
      {"evidence", "Estimate the evidence and the gap of the bound", nullptr},
      {"repl", "An interactive session", nullptr},
  }};
  return table;
}

namespace {

std::string help_text() {
  std::string text =
      "Jensen: a small probabilistic programming language that derives its own inference.\n"
      "\n"
      "Usage: jensen COMMAND [ARGUMENTS]\n"
      "       jensen COMMAND --help\n"
      "\n"
      "Commands:\n";
  for (const Command& command : commands()) {
    text += fmt::format("  {:<9} {}{}\n", command.name, command.summary, command.run == nullptr ? " (not supported yet)" : "");
  }
  return text +
         "\n"
         "Examples:\n"
         "  jensen derive mixture.model                      the derivation, as on paper\n"
         "  jensen fit mixture.model faithful.csv            fit, and print the table\n"
         "  jensen fit mixture.model faithful.csv --set K=3 --json fit.json\n"
         "  jensen graph mixture.model --format svg > mixture.svg\n"
         "\n"
         "Results go to the standard output, everything else to the standard error.\n"
         "Exit status: 0 done; 2 finished but not converged; 64 usage; 65 a wrong model or wrong data; 66 no such\n"
         "input; 69 not supported yet; 70 internal error; 73 cannot write.\n";
}

ExitStatus unknown_command(const Console& console, const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : commands()) names.push_back(command.name);
  const char* kind = name.starts_with('-') ? "option" : "command";
  Diagnostic diagnostic = usage_error(fmt::format("unknown {} `{}`{}", kind, name, did_you_mean(name, names)));
  diagnostic.notes.push_back({Note::Kind::help, "`jensen --help` lists the commands"});
  return failed(console, {diagnostic});
}

ExitStatus run(Arguments arguments) {
  const Console console;
  if (arguments.empty()) {
    console.message(help_text());
    return ExitStatus::usage;
  }
  const std::string name = arguments.front();
  arguments.erase(arguments.begin());
  if (name == "--version") return console.result("jensen " JENSEN_VERSION_STRING "\n");
  if (name == "--help" || name == "-h") return console.result(help_text());
  if (name == "help") return arguments.empty() ? console.result(help_text()) : run({arguments.front(), "--help"});
  const auto found = std::find_if(commands().begin(), commands().end(), [&](const Command& command) { return command.name == name; });
  if (found == commands().end()) return unknown_command(console, name);
  if (found->run == nullptr) return failed(console, {not_supported_yet(fmt::format("`jensen {}`", name))});
  return found->run(arguments);
}

Diagnostic internal_error(std::string message) {
  return {.code = "internal-error",
          .message = std::move(message),
          .notes = {{Note::Kind::help, "this is a bug in Jensen: please report it with the model and the command"}},
          .status = ExitStatus::internal};
}

ExitStatus run_guarded(Arguments arguments) {
  try {
    return run(std::move(arguments));
  } catch (const Failure& failure) {
    return failed(Console(), {failure.diagnostic()});
  } catch (const std::bad_alloc&) {
    return failed(Console(), {{.code = "out-of-memory", .message = "not enough memory", .status = ExitStatus::internal}});
  } catch (const std::exception& error) {
    return failed(Console(), {internal_error(error.what())});
  }
}

}  // namespace

}  // namespace jensen::cli

int main(int argc, char** argv) { return static_cast<int>(jensen::cli::run_guarded({argv + std::min(argc, 1), argv + argc})); }
