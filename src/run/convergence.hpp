// When to stop: the relative change of the bound, and how much it may still rise.
#pragma once

#include <limits>
#include <vector>

namespace jensen::run {

// What a change of the bound means nothing below: `unit`, or more where the values themselves show it. An exact update never lowers the bound, so a
// fall measures rounding: twice the largest among the last eight changes.
double rounding_of(const std::vector<double>& trace, double unit);

// An estimate of the rise still to come, from values that converge geometrically (Aitken): with c the ratio of the last two differences, the limit
// lies c/(1 - c) times the last difference above the last value. The largest of the estimates from differences over 1, 2, 4 and 8 values, as far as
// there are so many, c over single ones being the larger of the last two: one lucky ratio does not make a slow approach look fast. Ratios are taken
// as large as rounding lets them be. NaN while it cannot be told.
double rise_to_come(const std::vector<double>& trace, double rounding);

// Two estimates in a row have to agree that little is left: a jump that ends on a plateau says nothing of the plateau. `trace` is of plain updates.
// `unit`: how far the bound is rounded. A bound that is large is not asked for digits that it does not have.
bool has_converged(const std::vector<double>& trace, double tolerance, double aitken_tolerance, double unit);

// Whether plain updates are slow enough for acceleration to pay: the last difference is more than half of the one before.
bool is_slow(const std::vector<double>& trace, double rounding);

}  // namespace jensen::run
