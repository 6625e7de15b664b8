#include "run/coordinates.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using Numbers = std::vector<double>;

namespace {

Numbers there(const Support& support, const Numbers& value) {
  Numbers x(run::coordinate_count(support, value.size()));
  REQUIRE(run::to_coordinates(support, value, x));
  return x;
}

Numbers back(const Support& support, const Numbers& x, std::size_t size) {
  Numbers value(size);
  REQUIRE(run::from_coordinates(support, x, value));
  return value;
}

}  // namespace

TEST_CASE("coordinates and back give the value", "[run]") {
  const std::vector<std::pair<Support, Numbers>> cases = {{{SupportKind::real}, {-3}},
                                                          {{SupportKind::positive}, {1e-7}},
                                                          {{SupportKind::unit}, {0.99}},
                                                          {{SupportKind::interval, -2, 5}, {4.5}},
                                                          {{SupportKind::simplex}, {0.2, 0.7, 0.1}},
                                                          {{SupportKind::ordered}, {-1, 0.5, 4}},
                                                          {{SupportKind::covariance}, {4, 1, 0.5, 1, 3, -1, 0.5, -1, 2}},
                                                          {{SupportKind::precision}, {2, -1, -1, 5}},
                                                          {{SupportKind::correlation}, {1, 0.3, 0.3, 1}}};
  for (const auto& [support, value] : cases) {
    const Numbers again = back(support, there(support, value), value.size());
    for (std::size_t i = 0; i < value.size(); ++i) CHECK_THAT(again[i], WithinAbs(value[i], 1e-14 * std::max(1.0, std::abs(value[i]))));
  }
}

TEST_CASE("any coordinates are a value of the support", "[run]") {
  const Numbers simplex = back({SupportKind::simplex}, {3, -700, 900}, 3);
  CHECK_THAT(simplex[0] + simplex[1] + simplex[2], WithinAbs(1, 1e-14));
  const Numbers covariance = back({SupportKind::covariance}, {-3, 7, -2}, 4);
  CHECK(covariance[0] * covariance[3] - covariance[1] * covariance[2] > 0);
  CHECK(covariance[1] == covariance[2]);
  const Numbers correlation = back({SupportKind::correlation}, {0.5, 30, 0.1}, 4);
  CHECK(correlation[0] == 1);
  CHECK(std::abs(correlation[1]) < 1);
}

TEST_CASE("a zero of a simplex stays one", "[run]") {
  Numbers x = there({SupportKind::simplex}, {0, 0.5, 0.5});
  x[1] += 1;
  const Numbers value = back({SupportKind::simplex}, x, 3);
  CHECK(value[0] == 0);
  CHECK(value[1] > value[2]);
}

TEST_CASE("what has no coordinates says so", "[run]") {
  Numbers x(3), value(1);
  CHECK_FALSE(run::to_coordinates({SupportKind::covariance}, Numbers{1, 2, 2, 1}, x));
  CHECK_FALSE(run::to_coordinates({SupportKind::category}, Numbers{1}, x));
  CHECK_FALSE(run::from_coordinates({SupportKind::positive}, Numbers{1000}, value));
}
