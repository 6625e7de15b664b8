#include "run/anderson.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using Numbers = std::vector<double>;

namespace {

// x → A x + b with eigenvalues 0.99, 0.9 and 0.5, and the fixed point (1, 2, 3).
Numbers linear(const Numbers& x) {
  const Numbers d = {x[0] - 1, x[1] - 2, x[2] - 3};
  return {1 + 0.99 * d[0] + 0.2 * d[1], 2 + 0.9 * d[1] - 0.3 * d[2], 3 + 0.5 * d[2]};
}

}  // namespace

TEST_CASE("a linear map of three numbers is solved from four points", "[run]") {
  run::Anderson anderson(3);
  Numbers x = {-4, 9, 0.5};
  const Numbers units(3, 1.0);
  CHECK_FALSE(anderson.extrapolate(units));
  for (int i = 0; i < 4; ++i) {
    anderson.add(x, linear(x));
    x = linear(x);
  }
  const auto found = anderson.extrapolate(units);
  REQUIRE(found);
  CHECK_THAT((*found)[0], WithinAbs(1, 1e-3));
  CHECK_THAT((*found)[1], WithinAbs(2, 1e-3));
  CHECK_THAT((*found)[2], WithinAbs(3, 1e-3));
}

TEST_CASE("an infinite entry stands still and spoils nothing", "[run]") {
  const double infinite = -std::numeric_limits<double>::infinity();
  run::Anderson anderson(2);
  for (double x = 8; x > 1; x *= 0.9) anderson.add({infinite, x}, {infinite, 0.9 * x});
  const auto found = anderson.extrapolate({1, 1});
  REQUIRE(found);
  CHECK((*found)[0] == infinite);
  CHECK_THAT((*found)[1], WithinAbs(0, 1e-6));
}

TEST_CASE("steps that grow are told from steps that shrink", "[run]") {
  run::Anderson away(2), towards(2);
  away.add({1}, {1.1});
  away.add({1.1}, {1.21});
  towards.add({1}, {0.9});
  towards.add({0.9}, {0.81});
  CHECK(away.is_growing({1}));
  CHECK_FALSE(towards.is_growing({1}));
}
