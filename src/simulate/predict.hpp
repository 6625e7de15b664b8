// Quantities of a fitted posterior by Monte Carlo: `predict` statements and deterministic functions of latent variables.
#pragma once

#include <cstdint>
#include <vector>

#include "simulate/posterior.hpp"

namespace jensen::simulate {

struct PredictOptions {
  std::uint64_t seed = 1;
  int draws = 1000;
  bool keep_draws = false;
};

struct Predicted {
  std::vector<run::FittedVariable> variables;           // role "derived" or "predict", row-major
  std::vector<std::vector<std::vector<double>>> draws;  // by variable and draw, where kept
  Diagnostics left_out;                                 // one note for each prediction that cannot be computed, with what it lacks
};

// `given` holds the data that there are. What needs other data, or the q of a row of the fit's data, is left out.
Result<Predicted> predict(const model::ModelGraph& graph, const Posterior& posterior, const model::BoundData& given, const PredictOptions& options);

}  // namespace jensen::simulate
