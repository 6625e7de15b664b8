#include "run/convergence.hpp"

#include <cmath>

#include "catch.hpp"

using namespace jensen;
using Catch::Matchers::WithinRel;

TEST_CASE("Aitken's estimate is exact for a geometric approach", "[run]") {
  std::vector<double> trace;
  for (int i = 0; i < 10; ++i) trace.push_back(-100 - 5 * std::pow(0.8, i));
  REQUIRE_THAT(run::rise_to_come(trace, 1e-12), WithinRel(5 * std::pow(0.8, 9), 1e-9));
}

TEST_CASE("a slow approach is not taken for convergence", "[run]") {
  std::vector<double> trace;
  for (int i = 0; i < 10; ++i) trace.push_back(-1e6 - 1e-3 * std::pow(0.9999, i));
  REQUIRE_FALSE(run::has_converged(trace, 1e-10, 1e-6, 1e-9));  // changes by 1e-13 of itself, but 1e-3 is still to come
}

TEST_CASE("a bound that stands still has converged after two iterations, and never at tolerance 0", "[run]") {
  REQUIRE(run::has_converged({-12.5, -12.5}, 1e-10, 1e-6, 1e-12));
  REQUIRE_FALSE(run::has_converged({-12.5, -12.5}, 0, 1e-6, 1e-12));
  REQUIRE_FALSE(run::has_converged({-12.5}, 1e-10, 1e-6, 1e-12));
}
