// A density known at equidistant nodes, taken as log-linear in between.
#pragma once

#include <vector>

namespace jensen::family {

// Where the cumulative share `target` is reached: a number of steps from the first node.
double quantile_in_steps(const std::vector<double>& log_density, double target);

}  // namespace jensen::family
