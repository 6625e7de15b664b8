// A fit as people and programs read it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "run/fit.hpp"

namespace jensen::report {

struct JsonOptions {
  bool timings = false;  // adds the key "timings": seconds per stage
};

// The JSON of `fit --json`: the keys of docs/output.md, in that order; what a fit does not have is left out.
std::string to_json(const run::Fit& fit, const JsonOptions& options = {});

// The table of `fit`: latent variables with mean and sd, params with their value, then the bound and how the run ended.
std::string summary(const run::Fit& fit);

// What `predict` gives.
struct Prediction {
  std::string model;
  int draws = 0;
  std::uint64_t seed = 1;
  std::vector<run::FittedVariable> variables;
};
std::string to_json(const Prediction& prediction);
std::string summary(const Prediction& prediction);
// One row per element: name, indices, mean, sd and the 5 % and 95 % quantiles; of a discrete quantity the last index is the level, the mean its
// probability.
std::string to_csv(const Prediction& prediction);
// A row per draw, a column per element. `draws` is by variable and draw.
std::string draws_csv(const Prediction& prediction, const std::vector<std::vector<std::vector<double>>>& draws);

// The lines of `--timings`.
std::string timings_text(const run::Fit& fit);

}  // namespace jensen::report
