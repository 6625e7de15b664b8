// Integrals over a circle: the periodic trapezoidal rule, which converges exponentially (Trefethen and Weideman 2014, section 3), or where the
// density lives on a small arc the rule of line_integral.hpp on that arc.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "family/line_integral.hpp"

namespace jensen::family {

struct CircleProblem {
  std::size_t size = 0;                                             // statistics
  std::function<LogDensity(double v, double* statistics)> density;  // v in (−π, π]
};

struct CircleResult {
  bool empty = false;
  double peak = 0, log_integral = 0;
  double direction = 0;  // the mean direction
  std::vector<double> mean;
  std::vector<bool> infinite;
  // For quantiles: v = center + scale sinh(u) on an arc, v = u on the whole circle, at equidistant u.
  bool arc = false;
  double center = 0, scale = 1, first = 0, step = 0;
  std::vector<double> log_density;

  [[nodiscard]] double quantile(double target) const;
};

CircleResult integrate_circle(const CircleProblem& problem, int extra_halvings);
double circle_peak(const LineFunction& f);  // the angle of the largest value

}  // namespace jensen::family
