// A fit as people and programs read it.
#pragma once

#include <string>

#include "run/fit.hpp"

namespace jensen::report {

struct JsonOptions {
  bool timings = false;  // adds the key "timings": seconds per stage
};

// The JSON of `fit --json`: the keys of docs/output.md, in that order; what a fit does not have is left out.
std::string to_json(const run::Fit& fit, const JsonOptions& options = {});

// The table of `fit`: latent variables with mean and sd, params with their value, then the bound and how the run ended.
std::string summary(const run::Fit& fit);

// The lines of `--timings`.
std::string timings_text(const run::Fit& fit);

}  // namespace jensen::report
