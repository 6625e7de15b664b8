// Values of constrained supports as numbers that may be anything: where a line through two values, and a small step from one, stay inside.
//
//   positive         log v                         unit, interval   logit of the share of the interval
//   simplex          log v_k, up to a constant     ordered          the first, then logs of the differences
//   covariance,      of the Cholesky factor L of V: log L_ii and L_ij below,
//   precision        row by row                    correlation      the same; the rows are brought to length 1 on the way back
//   real, angle, lower_triangular                  the numbers themselves
//
// What lies on the edge of its support has an infinite coordinate: a zero of a simplex stays one.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "family/statistic.hpp"

namespace jensen::run {

// How many coordinates a value of `size` numbers has.
std::size_t coordinate_count(const Support& support, std::size_t size);

// False where the value has none: a matrix that is not positive definite, a discrete variable.
bool to_coordinates(const Support& support, std::span<const double> value, std::span<double> out);

// False where the value would not be finite.
bool from_coordinates(const Support& support, std::span<const double> coordinates, std::span<double> value);

}  // namespace jensen::run
