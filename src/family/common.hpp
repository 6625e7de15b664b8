// What the families share: layouts, checks and messages of improper parameters, names of natural parameters in formulas.
#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "family/family.hpp"

namespace jensen::family {

inline constexpr double not_available = std::numeric_limits<double>::quiet_NaN();

Layout make_layout(const std::vector<std::pair<Statistic, std::size_t>>& statistics);

// "η[log v]" and "\eta_{\log v}": the natural parameter of a statistic of the variable v.
std::string eta(const Statistic& statistic);
std::string eta_latex(const Statistic& statistic);

// The first entry that is not finite, as a reason.
std::optional<Improper> not_finite(std::span<const double> natural);

// log v of a probability at a mode. One below the smallest normal double is taken as that; one that is 0 stays 0 whatever the data say, as log 0
// stays beyond any sum of densities, and is finite, so that 0 · log 0 is 0.
inline double log_probability(double v) {
  return v == 0 ? -1e290 : std::log(v > std::numeric_limits<double>::min() ? v : std::numeric_limits<double>::min());
}

}  // namespace jensen::family
