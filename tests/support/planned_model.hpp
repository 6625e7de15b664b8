// A model and its data as texts in memory, through every stage up to the plan or the fit; and the examples' fits.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "derive/blocks.hpp"
#include "diagnostics/diagnostic.hpp"
#include "model/bound_data.hpp"
#include "model/build.hpp"
#include "model/graph.hpp"
#include "plan/plan.hpp"
#include "run/fit.hpp"

namespace jensen::tests {

struct ModelText {
  std::string model;
  std::string csv = {};  // empty: no data file
  std::vector<std::string> sets = {};
  model::Method method = model::Method::automatic;
  bool by_row = true;  // chains go row by row where they can, as in the product; otherwise one q stores them whole
};

struct Planned {
  std::unique_ptr<Sources> sources;
  model::ModelGraph graph;
  derive::Derivation derivation;
  std::unique_ptr<model::BoundData> data;  // the plan points into it
  plan::Plan plan;
};

Result<Planned> plan_text(const ModelText& text);
Result<run::Fit> fit_text(const ModelText& text, const run::FitOptions& options = {});

// As `jensen derive` prints it, without line numbers.
std::string derive_text(const ModelText& text);

// A model of examples/, such as "coin/coin.model".
Result<run::Fit> fit_example(const std::string& model, const run::FitOptions& options = {}, const std::vector<std::string>& data_files = {});

// All messages of a failure, one per line: `code: message`.
std::string messages(const Diagnostics& diagnostics);

const run::FittedVariable& variable(const run::Fit& fit, const std::string& name);

// Everything of a fit but its times and its model's name, as JSON.
std::string figures(run::Fit fit);

}  // namespace jensen::tests
