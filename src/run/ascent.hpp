// One run: coordinate ascent from a start to convergence.
#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "derive/blocks.hpp"
#include "model/bound_data.hpp"
#include "run/engine.hpp"
#include "run/fit.hpp"
#include "run/initialise.hpp"

namespace jensen::run {

struct Problem {
  const model::ModelGraph& graph;
  const derive::Derivation& derivation;
  const plan::Plan& plan;
  const FitOptions& options;
  Given given;
  std::vector<std::optional<double>> variances;  // of data_variances
  const model::BoundData& data;
};

struct Run {
  std::vector<double> trace;
  Bound bound;                                             // at the final state
  double rise = std::numeric_limits<double>::quiet_NaN();  // Aitken's estimate of the rise to come
  bool converged = false;
  bool interrupted = false;              // stopped on request after a whole number of iterations
  std::optional<BlockFailure> collapse;  // the run is to be discarded
  std::optional<Diagnostic> error;       // the fit is to be given up
  double first_pass_seconds = 0;         // of the start
  double iteration_seconds = 0;
};

// Leaves the final state in the engine.
Run ascend(const Problem& problem, Engine& engine, int restart);

}  // namespace jensen::run
