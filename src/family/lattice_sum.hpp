// Sums of exp(log density) and of statistics against it over consecutive integers, from the peak outwards.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

namespace jensen::family {

struct LatticeProblem {
  std::size_t size = 0;  // statistics
  std::function<double(double n, double* statistics)> density;
  double low = 0, high = 0;  // inclusive; infinite where there is none
  bool every_term = false;   // never in strides: for draws
};

struct LatticeTerm {
  double n = 0, log_density = 0;
};

struct LatticeResult {
  enum class Failure { none, empty, rises_low, rises_high, too_slow };
  Failure failure = Failure::none;
  double peak = 0;
  double log_sum = 0;
  std::vector<double> mean;
  std::vector<bool> infinite;
  std::vector<LatticeTerm> terms;  // ascending
};

// The sum over a peak that is many integers wide is taken in strides: for a smooth summand sums over every q-th integer agree up to
// exp(−2π²(σ/q)²) (Poisson's summation formula), and the stride is halved until two do.
LatticeResult sum(const LatticeProblem& problem);

// The best integer; `failure` where the values still rise at an end without a bound.
LatticeResult find_best(const LatticeProblem& problem, double& value);

}  // namespace jensen::family
