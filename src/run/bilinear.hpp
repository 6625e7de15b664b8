// Gaussian blocks that multiply each other: both at mean 0 is a saddle point.
#pragma once

#include <vector>

#include "plan/plan.hpp"

namespace jensen::run {

bool is_gaussian(const plan::PlannedBlock& block);

// The other Gaussian blocks, points and swept ones among them, with which the block has a product: a term with the squares of both, which a sum of
// the two does not give.
std::vector<int> multipliers(const plan::Plan& plan, int block);

}  // namespace jensen::run
