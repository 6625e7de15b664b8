// The optimum of one element of a block, for stored blocks and rows alike.
#pragma once

#include <optional>
#include <span>

#include "plan/plan.hpp"

namespace jensen::run {

// The family's update, with the numbers that are not there (PlannedBlock::present) left out: they add nothing to `log_partition`, and what `mean`
// holds at them multiplies zeros only. An element without any number has log_partition 0.
std::optional<family::Improper> update_element(const plan::PlannedBlock& block, std::int64_t element, std::span<double> natural,
                                               std::span<double> mean, double& log_partition);

// Mean and standard deviation of the element's value, the numbers that are not there being 0.
void element_moments(const plan::PlannedBlock& block, std::int64_t element, std::span<const double> natural, std::span<double> mean,
                     std::span<double> sd);

}  // namespace jensen::run
