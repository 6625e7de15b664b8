// Data columns of the elements of a stored block, as a sweep would read them from its pass.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "run/engine.hpp"

namespace jensen::run {

// What data columns speak of: the joint level of a set of discrete variables of one element, whose indicators lie together in its mean parameters; or
// an element of any other block.
struct Site {
  std::int64_t element = 0;
  std::int64_t first = 0;               // of its indicators among the element's mean parameters
  std::vector<std::int32_t> variables;  // numbered within the element; one for a block with one variable
};

// Sites with the same number of levels whose variables are the same but for their indices, with a column of data for each.
struct SiteColumns {
  std::vector<std::int64_t> levels;  // by variable
  std::vector<Site> sites;
  Eigen::MatrixXd points;  // features × sites, scaled to variance 1: the counts and indicators of one category together, other features each
};

// What the block's terms multiply its statistics by: data, and sums of data (their means where the rows are counted too); of a block that meets no
// data those of the blocks it meets. A product of two other columns is left out. Kinds of sites with more variables come first; those that no data
// tell apart are absent. Empty where it would be too large.
std::vector<SiteColumns> element_columns(const Engine& engine, int block);

}  // namespace jensen::run
