#include "run/convergence.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace jensen::run {
namespace {

constexpr std::size_t longest = 8;  // values that a difference spans
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

// The rise over `span` values that end `back` before the last.
double rise(const std::vector<double>& trace, std::size_t back, std::size_t span) {
  const std::size_t end = trace.size() - 1 - back;
  return trace[end] - trace[end - span];
}

bool reaches(const std::vector<double>& trace, std::size_t values) { return trace.size() > values; }

// The ratio of two neighbouring differences, as large as rounding lets it be.
double ratio(double recent, double before, double rounding) { return before > rounding ? (recent + rounding) / (before - rounding) : unknown; }

// Of the last two differences; over single values, where a ratio may be an accident, the larger of the last two ratios.
double last_ratio(const std::vector<double>& trace, std::size_t span, double rounding) {
  const double last = ratio(rise(trace, 0, span), rise(trace, span, span), rounding);
  if (span > 1 || !reaches(trace, 3)) return last;
  const double before = ratio(rise(trace, 1, 1), rise(trace, 2, 1), rounding);
  return before < 1 ? std::max(last, before) : last;  // a ratio above 1 is of another regime
}

// Nothing where there are too few values.
std::optional<double> estimate(const std::vector<double>& trace, std::size_t span, double rounding) {
  if (!reaches(trace, span)) return std::nullopt;
  const double recent = rise(trace, 0, span);
  if (std::abs(recent) <= rounding) return 0.0;
  if (!reaches(trace, 2 * span)) return std::nullopt;
  const double c = last_ratio(trace, span, rounding);
  return c > 0 && c < 1 ? recent * c / (1 - c) : unknown;
}

}  // namespace

double rounding_of(const std::vector<double>& trace, double unit) {
  double fall = 0;
  for (std::size_t back = 0; back < longest && reaches(trace, back + 1); ++back) fall = std::max(fall, -rise(trace, back, 1));
  return std::max(unit, 2 * fall);
}

double rise_to_come(const std::vector<double>& trace, double rounding) {
  std::optional<double> most;
  for (std::size_t span = 1; span <= longest; span *= 2) {
    const std::optional<double> found = estimate(trace, span, rounding);
    if (!found) break;
    if (std::isnan(*found)) return unknown;
    most = std::max(most.value_or(0.0), *found);
  }
  return most.value_or(unknown);
}

bool has_converged(const std::vector<double>& trace, double tolerance, double aitken_tolerance, double unit) {
  if (!reaches(trace, 1) || tolerance <= 0) return false;
  const double rounding = rounding_of(trace, unit);
  const double certain = rounding_of(trace, 4 * std::numeric_limits<double>::epsilon() * std::abs(trace.back()));
  const double change = std::abs(rise(trace, 0, 1));
  if (!(change < tolerance * std::max(1.0, std::abs(trace.back())) || change <= certain)) return false;
  const double limit = std::max(aitken_tolerance, 4 * certain);
  if (!(rise_to_come(trace, rounding) < limit)) return false;
  if (!reaches(trace, 2)) return true;  // the first iteration has found the maximum
  const auto first = trace.end() - static_cast<std::ptrdiff_t>(std::min(trace.size(), 2 * longest + 2));
  const std::vector<double> before(first, trace.end() - 1);
  return rise_to_come(before, rounding_of(before, unit)) < limit;
}

bool is_slow(const std::vector<double>& trace, double rounding) {
  return reaches(trace, 2) && rise(trace, 0, 1) > rounding && rise(trace, 0, 1) > 0.5 * rise(trace, 1, 1);
}

}  // namespace jensen::run
