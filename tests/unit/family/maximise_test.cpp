#include "family/maximise.hpp"

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "family/unconstrained.hpp"

using namespace jensen;
using namespace jensen::family;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

// −Σ (1 − x_i)² + 100 (x_{i+1} − x_i²)² over neighbours: its maximum is 0 at all ones (Rosenbrock 1960).
Objective rosenbrock(std::size_t n) {
  return {n,
          [n](std::span<const double> x, std::span<double> g, double& magnitude) {
            double f = 0;
            std::fill(g.begin(), g.end(), 0.0);
            for (std::size_t i = 0; i + 1 < n; ++i) {
              const double a = 1 - x[i], b = x[i + 1] - x[i] * x[i];
              f -= a * a + 100 * b * b;
              g[i] += 2 * a + 400 * b * x[i];
              g[i + 1] -= 200 * b;
            }
            magnitude = std::abs(f);
            return f;
          },
          std::vector<bool>(n, false)};
}

// The log likelihood of a logistic regression on one centred column that separates the answers.
Objective separated() {
  return {1,
          [](std::span<const double> x, std::span<double> g, double& magnitude) {
            double f = 0;
            g[0] = 0;
            for (const double row : {-2.0, -1.0, 1.0, 3.0}) {
              const double away = std::abs(row) * x[0];
              f -= std::log1p(std::exp(-away));
              g[0] += std::abs(row) / (1 + std::exp(away));
            }
            magnitude = std::abs(f);
            return f;
          },
          {false}};
}

void check_round_trip(const PointPart& part, const std::vector<double>& u) {
  const Unconstrained map({part});
  REQUIRE(map.size() == u.size());
  std::vector<double> v(map.value_size()), back(u.size()), weight(v.size()), gradient(u.size());
  map.to_value(u, v);
  map.from_value(v, back);
  for (std::size_t i = 0; i < u.size(); ++i) CHECK_THAT(back[i], WithinAbs(u[i], 1e-9));
  for (std::size_t i = 0; i < v.size(); ++i) weight[i] = 0.3 + static_cast<double>(i);
  map.pull_back(u, v, weight, gradient);
  const auto f = [&](std::vector<double> at) {
    std::vector<double> w(v.size());
    map.to_value(at, w);
    double sum = 0;
    for (std::size_t i = 0; i < w.size(); ++i) sum += weight[i] * w[i];
    return sum;
  };
  for (std::size_t i = 0; i < u.size(); ++i) {
    std::vector<double> low = u, high = u;
    low[i] -= 1e-5;
    high[i] += 1e-5;
    CHECK_THAT(gradient[i], WithinAbs((f(high) - f(low)) / 2e-5, 1e-6 * (1 + std::abs(gradient[i]))));
  }
}

}  // namespace

TEST_CASE("Newton and L-BFGS climb a curved ridge to its top", "[family][maximise]") {
  for (const std::size_t n : {2U, 20U, 60U, 200U}) {
    const std::vector<double> start(n, -1.2);
    const Objective objective = rosenbrock(n);
    Maximum found = maximise(objective, start);
    for (int again = 0; found.status == Maximum::Status::not_yet && again < 20; ++again) {
      const double before = found.value;
      found = maximise(objective, found.x);
      CHECK(found.value >= before);
    }
    CHECK(found.status == Maximum::Status::reached);
    CHECK(found.value > found.start_value);
    // The chain has a second maximum near x_1 = -1 (Kok and Sandrock 2009): only the short one is known to end at ones.
    if (n == 2) {
      for (const double x : found.x) CHECK_THAT(x, WithinAbs(1.0, 1e-6));
    }
  }
}

TEST_CASE("a function without a maximum is told from one with", "[family][maximise]") {
  const std::vector<double> zero{0};
  const Maximum flat = maximise(separated(), zero);
  CHECK(flat.status == Maximum::Status::unbounded);
  CHECK(flat.upwards);
  CHECK(flat.steps < 60);
  const Objective line{1,
                       [](std::span<const double> x, std::span<double> g, double& magnitude) {
                         g[0] = -3;
                         magnitude = std::abs(x[0]);
                         return -3 * x[0];
                       },
                       {true}};
  const Maximum fall = maximise(line, zero);
  CHECK(fall.status == Maximum::Status::unbounded);
  CHECK_FALSE(fall.upwards);
  const Objective nowhere{1, [](std::span<const double>, std::span<double> g, double&) { return g[0] = std::nan(""); }, {false}};
  CHECK(maximise(nowhere, zero).status == Maximum::Status::not_a_number);
}

TEST_CASE("unconstrained coordinates lead there and back, with their slopes", "[family][maximise]") {
  check_round_trip({{SupportKind::real}, 0, 3, {}, "x", {3}}, {0.2, -1, 4});
  check_round_trip({{SupportKind::positive}, 0, 2, {}, "x", {2}}, {0.2, -3});
  check_round_trip({{SupportKind::unit}, 0, 2, {}, "x", {2}}, {0.2, -3});
  check_round_trip({{SupportKind::interval, -2, 5}, 0, 2, {}, "x", {2}}, {0.2, 1});
  check_round_trip({{SupportKind::interval, 3}, 0, 1, {}, "x", {}}, {0.7});
  check_round_trip({{SupportKind::simplex}, 0, 2, {3}, "x", {2, 3}}, {0.2, -1, 1, 0.4});
  check_round_trip({{SupportKind::ordered}, 0, 1, {3}, "x", {3}}, {0.2, -1, 1});
  check_round_trip({{SupportKind::covariance}, 0, 2, {2, 2}, "x", {2, 2, 2}}, {0.2, -1, 0.5, 0, 0.3, -0.4});
  check_round_trip({{SupportKind::precision}, 0, 1, {3, 3}, "x", {3, 3}}, {0.2, -1, 0.5, 0, 0.3, -0.4});
  check_round_trip({{SupportKind::correlation}, 0, 1, {3, 3}, "x", {3, 3}}, {0.2, -1, 0.5});
  check_round_trip({{SupportKind::lower_triangular}, 0, 1, {2, 2}, "x", {2, 2}}, {0.2, -1, 0.5});
}

TEST_CASE("a coordinate is named after the number that it moves", "[family][maximise]") {
  const Unconstrained map({{{SupportKind::real}, 0, 2, {2}, "b", {2, 2}},
                           {{SupportKind::positive}, 4, 1, {}, "s", {}},
                           {{SupportKind::simplex}, 5, 2, {3}, "w", {2, 3}}});
  CHECK(map.name(2) == "b[2, 1]");
  CHECK(map.name(4) == "s");
  CHECK(map.name(7) == "w[2]");
  CHECK_FALSE(map.is_logarithmic(2));
  CHECK(map.is_logarithmic(4));
}
