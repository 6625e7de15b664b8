// The numerical maximum of a smooth function of R^n, for point blocks without a closed form.
//
// Up to `most_newton` coordinates Newton's method: the Hessian by differences of the gradient, made negative definite by the absolute values of its
// eigenvalues (Nocedal and Wright 2006, 3.4), so that every step ascends. Above that L-BFGS (algorithm 7.4 there). Both with a line search that
// accepts a point only if the function rises (their 3.4 and 3.6), so that the result is never below the start.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

namespace jensen::family {

inline constexpr std::size_t most_newton = 50;

struct Objective {
  std::size_t size = 0;
  // f(x) and, unless `gradient` is empty, its gradient; `magnitude` is the sum of the absolute values added up in f: rounding is about 1e-16 of it.
  std::function<double(std::span<const double> x, std::span<double> gradient, double& magnitude)> value;
  // Coordinates that stand for factors: a step in one is at most `longest_factor_step`, and one that has gone beyond `farthest_factor` runs away.
  std::vector<bool> logarithmic;
};

struct Maximum {
  enum class Status {
    reached,      // the rise still to come is below rounding
    not_yet,      // the number of steps was not enough; the best point so far
    unbounded,    // f grows, or flattens without end, as `coordinate` runs away
    not_a_number  // f or its gradient is not finite at the start
  };
  Status status = Status::reached;
  std::vector<double> x;
  double value = 0;
  double start_value = 0;
  std::size_t coordinate = 0;
  bool upwards = true;
  int steps = 0;
};

Maximum maximise(const Objective& objective, std::span<const double> start);

}  // namespace jensen::family
