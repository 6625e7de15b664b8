// Parameters and data drawn from the model: ancestral sampling in the order of the statements' dependence.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "diagnostics/diagnostic.hpp"
#include "model/bind_data.hpp"
#include "model/bound_data.hpp"
#include "model/graph.hpp"

namespace jensen::simulate {

// Which statements a simulation carries out, and what it needs for them.
struct Needs {
  std::set<VariableId> drawn;       // variables that get values
  std::set<VariableId> covariates;  // data without a distribution that a statement uses
  std::set<VariableId> partial;     // data some of whose elements may have no distribution: the first of a series
};
Needs needs_of(const model::ModelGraph& graph);
// What it takes from files, and what it leaves there because it draws it.
model::BindOptions binding_of(const model::ModelGraph& graph, const Needs& needs);
// Names the data that only a file can give.
Diagnostics check_covariates(const model::ModelGraph& graph, const Needs& needs);

// Numbers by variable, row-major, in place of a draw: {"mu": [1, 2]}, what `simulate --json` writes, or the params of a fit's JSON.
using Values = std::map<VariableId, std::vector<double>>;
Result<Values> read_values(const std::string& json, const model::ModelGraph& graph);

struct Options {
  std::uint64_t seed = 1;
  int draws = 1;
  Values values;
};

// One world per draw: the covariates and every variable of the model.
Result<std::vector<model::BoundData>> simulate(const model::ModelGraph& graph, const model::BoundData& given, const Options& options);

// A variable's numbers with the last index running fastest.
std::vector<double> row_major(const model::BoundArray& array);
void set_row_major(model::BoundArray& array, const std::vector<double>& values);

}  // namespace jensen::simulate
