// The commands of `jensen`, one file each.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.hpp"

namespace jensen::cli {

using Arguments = std::vector<std::string>;  // without the program and the command

ExitStatus run_fit(const Arguments& arguments);
ExitStatus run_derive(const Arguments& arguments);
ExitStatus run_graph(const Arguments& arguments);
ExitStatus run_plan(const Arguments& arguments);
ExitStatus run_simulate(const Arguments& arguments);
ExitStatus run_predict(const Arguments& arguments);
ExitStatus run_check(const Arguments& arguments);
ExitStatus run_stdlib(const Arguments& arguments);

struct Command {
  std::string name;
  std::string summary;
  ExitStatus (*run)(const Arguments&);  // null: planned, answers 'not supported yet'
};
std::span<const Command> commands();

}  // namespace jensen::cli
