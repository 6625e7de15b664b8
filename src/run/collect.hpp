// The final state as people and programs read it.
#pragma once

#include "run/ascent.hpp"
#include "run/standard_errors.hpp"

namespace jensen::run {

// Names of --rows and --map that are no variable of a block; empty where all are.
Diagnostics check_rows(const Problem& problem);

// Fills Fit::blocks and Fit::variables. Rows asked for are computed in one more sweep.
std::optional<Diagnostic> collect(const Problem& problem, Engine& engine, const StandardErrors& errors, Fit& fit);

}  // namespace jensen::run
