// The order of elimination of a sparse symmetric matrix and the supernodes it gives: all that is known without the rows of the factor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "family/families.hpp"

namespace jensen::family {

// Columns first .. first + columns − 1, with `below` rows beneath them.
struct PanelShape {
  std::int32_t first = 0;
  std::int32_t columns = 0;
  std::int32_t below = 0;
};

struct EliminationOrder {
  std::vector<std::int32_t> coordinate;  // of a column; points last
  std::int32_t leading = 0;              // how many are not points
  std::vector<PanelShape> panels;        // in order; none has columns on both sides of `leading`
  bool dense = false;                    // one panel of all that are not points, one of the points
};

EliminationOrder elimination_order(const GaussianPattern& pattern);

// Multiplications of a factor and its selected inverse.
double products(const std::vector<PanelShape>& panels);

// The symmetric graph of the pairs between two different coordinates, its nodes renamed by `name`.
struct Adjacency {
  std::vector<std::size_t> start;
  std::vector<std::int32_t> neighbours;
};
Adjacency adjacency(const GaussianPattern& pattern, const std::vector<std::int32_t>& name);

// The inverse of a permutation.
std::vector<std::int32_t> inverted(const std::vector<std::int32_t>& permutation);

}  // namespace jensen::family
