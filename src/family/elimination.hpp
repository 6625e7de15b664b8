// The order in which the variables of a discrete network are summed out, which decides what an exact sum costs (Koller and Friedman 2009, 9.4).
#pragma once

#include <cstdint>
#include <vector>

#include "family/families.hpp"

namespace jensen::family {

struct Elimination {
  std::vector<std::int32_t> order;
  // Per step: the variables that are summed out later and share a table with the step's variable, ascending. Together they are its clique.
  std::vector<std::vector<std::int32_t>> neighbours;
  bool complete = true;  // false: stopped after the first clique of more than `most_cells`
};

// Greedily the variable whose clique needs the fewest new edges, then the fewest cells, then the lowest index.
Elimination eliminate(const DiscreteNetwork& network, double most_cells);

// Π levels of the variables; the largest double where the product is beyond it.
double count_cells(const DiscreteNetwork& network, const std::vector<std::int32_t>& variables);

}  // namespace jensen::family
