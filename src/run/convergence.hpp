// When to stop: the relative change of the bound, and how much it may still rise.
#pragma once

#include <limits>
#include <vector>

namespace jensen::run {

// Aitken's estimate of the rise still to come, from the last three values of a geometrically converging sequence: with c the ratio of the last two
// differences, the limit lies c/(1 - c) times the last difference above the last value. NaN while it cannot be told.
double rise_to_come(const std::vector<double>& trace, double rounding);

// `rounding`: a change of the bound that means nothing.
bool has_converged(const std::vector<double>& trace, double tolerance, double aitken_tolerance, double rounding);

}  // namespace jensen::run
