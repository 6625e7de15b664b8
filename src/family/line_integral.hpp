// Integrals of exp(log density) and of statistics against it over the whole line, for integrands that are smooth and decay at both ends.
//
// The peaks are located first; w = c + s sinh(u) then makes any decay, down to that of a power, double exponential or at least exponential, and
// the trapezoidal rule in u converges exponentially in 1/h (Trefethen and Weideman 2014, "The exponentially convergent trapezoidal rule",
// section 5; Takahasi and Mori 1974). h is halved until the integral and every expectation agree.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace jensen::family {

// −inf is density 0; `magnitude` is the size of what was summed to it, so that its rounding error is known. Not a number: unknown, since parts of it
// are beyond range.
struct LogDensity {
  double value = 0;
  double magnitude = 0;
};
double value_of(const LogDensity& density);       // −inf where it is unknown
double sure_value_of(const LogDensity& density);  // what it is at least, whatever rounding did

struct LineProblem {
  std::size_t size = 0;  // statistics
  std::function<LogDensity(double w, double* statistics)> density;
  std::vector<double> scan;  // ascending: where peaks are looked for
  double low = 0, high = 0;  // between which the density may be asked for
  double overflow = 100;     // the |w| beyond which a density of 0 may be an overflow instead
  int extra_halvings = 0;    // beyond convergence, for draws
};

struct LineNode {
  double u = 0, w = 0;
  double log_density = 0;  // in u
};

struct LineResult {
  enum class End { neither, low, high };
  End diverges = End::neither;  // the end at which the integral does; nothing below is meant then
  bool empty = false;           // no density anywhere
  double peak = 0;              // the w of the largest log density
  double log_integral = 0;
  std::vector<double> mean;      // expectations
  std::vector<bool> infinite;    // those that are, or are beyond range
  double center = 0, scale = 1;  // w = center + scale sinh(u)
  double step = 0;               // in u
  std::vector<LineNode> nodes;   // ascending
};

LineResult integrate(const LineProblem& problem);

// Whether the log density becomes unknown towards that end of the scan while it still rises.
bool rises_beyond_range(const LineProblem& problem, LineResult::End end);

// The w of the largest value of a function that is scanned at coarse nodes, refined; `rising` says at which end of the scan it still rises.
struct Peak {
  double w = 0, value = 0;
  double scale = 0;  // about the distance at which the value has fallen by one half
  LineResult::End rising = LineResult::End::neither;
};
using LineFunction = std::function<double(double w)>;
std::vector<Peak> find_peaks(const LineFunction& f, const std::vector<double>& scan);  // within 50 of the best; the best first
double polish_peak(const LineFunction& f, const Peak& peak);                           // to the precision of the values

}  // namespace jensen::family
