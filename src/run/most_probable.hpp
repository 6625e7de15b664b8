// The jointly most probable values of latent variables under q, given the rest as fitted: Viterbi's path where rows are linked.
#pragma once

#include "run/ascent.hpp"

namespace jensen::run {

// Names of --map that are no latent variable; empty where all are.
Diagnostics check_most_probable(const Problem& problem);

// One variable of role `map` for each name asked for, after the others.
std::optional<Diagnostic> add_most_probable(const Problem& problem, Engine& engine, Fit& fit);

}  // namespace jensen::run
