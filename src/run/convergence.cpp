#include "run/convergence.hpp"

#include <cmath>

namespace jensen::run {

double rise_to_come(const std::vector<double>& trace, double rounding) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  const std::size_t n = trace.size();
  if (n < 2) return unknown;
  const double last = trace[n - 1] - trace[n - 2];
  if (std::abs(last) <= rounding) return 0;
  if (n < 3) return unknown;
  const double before = trace[n - 2] - trace[n - 3];
  const double ratio = last / before;
  if (!(ratio > 0 && ratio < 1)) return unknown;
  return last * ratio / (1 - ratio);
}

bool has_converged(const std::vector<double>& trace, double tolerance, double aitken_tolerance, double rounding) {
  const std::size_t n = trace.size();
  if (n < 2 || tolerance <= 0) return false;
  const double change = std::abs(trace[n - 1] - trace[n - 2]) / std::max(1.0, std::abs(trace[n - 1]));
  if (!(change < tolerance)) return false;
  const double rise = rise_to_come(trace, rounding);
  return rise < aitken_tolerance;
}

}  // namespace jensen::run
