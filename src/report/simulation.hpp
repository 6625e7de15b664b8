// A simulation as files: tables of the data, and the values that they were drawn from.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/bound_data.hpp"
#include "model/graph.hpp"

namespace jensen::report {

struct SimulatedTable {
  std::string extent;  // of its rows as the model names it: "N"; "scalars" for numbers outside arrays
  std::size_t rows = 0;
  bool drawn = false;  // has a column that was drawn; otherwise all of it was given
  std::string csv;
};

// One table for each number of rows, the columns named as the model binds them. Several draws stand below each other, told apart by a column `draw`.
std::vector<SimulatedTable> simulated_tables(const model::ModelGraph& graph, const std::vector<model::BoundData>& draws);

// Every latent variable, param and derived quantity by name, as nested arrays; of several draws the first index is the draw.
std::string simulated_values(const model::ModelGraph& graph, const std::vector<model::BoundData>& draws);

}  // namespace jensen::report
