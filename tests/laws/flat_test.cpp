// flat(): density 1 on whatever the variable is. Evidence in closed form, or that of the proper prior that is constant there.
#include <cmath>
#include <numbers>
#include <string>

#include "catch.hpp"
#include "support/model_text.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

run::Fit fit(const std::string& model) {
  INFO(model);
  Result<run::Fit> result = tests::fit_text({model});
  if (!result) FAIL(tests::messages(result.diagnostics()));
  return *result;
}

std::string code(const std::string& model) {
  const Result<run::Fit> result = tests::fit_text({model});
  return result ? "" : result.diagnostics().at(0).code;
}

const std::string colours = "data c: category(3)[N] = [1, 2, 2, 3, 3, 3]\nfor n in 1..N { c[n] ~ categorical(w) }\n";
const std::string coins = "data h: bool[N] = [1, 0, 1, 1]\nfor n in 1..N { h[n] ~ bernoulli(p) }\n";
const std::string points = "data x: vector(2)[N] = [[0.1, 1.2], [1.0, 2.9], [-0.4, 0.3], [0.8, 2.2], [0.3, 0.9], [1.4, 1.8]]\n";

}  // namespace

TEST_CASE("flat on a simplex, the unit and an interval is the constant density up to its height", "[flat]") {
  CHECK_THAT(fit(colours + "w ~ flat() on simplex(3)\n").elbo, WithinAbs(fit(colours + "w ~ dirichlet(ones(3))\n").elbo - std::log(2), 1e-12));
  CHECK_THAT(fit(coins + "p ~ flat() on unit\n").elbo, WithinAbs(fit(coins + "p ~ beta(1, 1)\n").elbo, 1e-12));
  CHECK_THAT(fit(coins + "p ~ flat() on interval(0.2, 0.7)\n").elbo, WithinAbs(fit(coins + "p ~ uniform(0.2, 0.7)\n").elbo + std::log(0.5), 1e-9));
  CHECK_THAT(fit("w ~ flat() on simplex(3)\n").elbo, WithinAbs(-std::log(2), 1e-12));
}

TEST_CASE("flat on vectors and arrays: the normal posterior of the data alone", "[flat]") {
  // ∫ Π_n N(x_n; m, 1) dm over each coordinate: (2π)^(-(N-1)/2) N^(-1/2) exp(-S/2).
  const auto log_evidence = [](const std::vector<double>& x) {
    double mean = 0, squares = 0;
    for (const double v : x) mean += v / static_cast<double>(x.size());
    for (const double v : x) squares += (v - mean) * (v - mean);
    const auto n = static_cast<double>(x.size());
    return -0.5 * (n - 1) * std::log(2 * std::numbers::pi) - 0.5 * std::log(n) - 0.5 * squares;
  };
  const double expected = log_evidence({0.1, 1.0, -0.4, 0.8, 0.3, 1.4}) + log_evidence({1.2, 2.9, 0.3, 2.2, 0.9, 1.8});
  const std::string rows = "for n in 1..N { x[n] ~ mvnormal(m, precision = eye(2)) }\n";
  CHECK_THAT(fit(points + rows + "m ~ flat() on vector(2)\n").elbo, WithinAbs(expected, 1e-10));
  CHECK_THAT(fit(points + rows + "m ~ flat() on real[2]\n").elbo, WithinAbs(expected, 1e-10));
  CHECK_THAT(fit(points + rows + "for d in 1..2 { m[d] ~ flat() }\n").elbo, WithinAbs(expected, 1e-10));
  const std::string means = "data g: category(2)[N] = [1, 1, 1, 2, 2, 2]\nfor n in 1..N { x[n] ~ mvnormal(m[g[n]], precision = eye(2)) }\n";
  const double by_group =
      log_evidence({0.1, 1.0, -0.4}) + log_evidence({1.2, 2.9, 0.3}) + log_evidence({0.8, 0.3, 1.4}) + log_evidence({2.2, 0.9, 1.8});
  CHECK_THAT(fit(points + means + "for k in 1..2 { m[k] ~ flat() on vector(2) }\n").elbo, WithinAbs(by_group, 1e-10));
}

TEST_CASE("flat on matrices: the likelihood alone gives the degrees of freedom", "[flat]") {
  const std::string covariance = points + "for n in 1..N { x[n] ~ mvnormal(zeros(2), covariance = S) }\nS ~ flat() on covariance(2)\n";
  const std::string precision = points + "for n in 1..N { x[n] ~ mvnormal(zeros(2), precision = S) }\nS ~ flat() on precision(2)\n";
  // Σ x xᵀ / (df - D - 1) with df = N - D - 1 = 3 leaves no mean; the precision is Wishart with df = N + D + 1 = 9 and mean df (Σ x xᵀ)^-1.
  CHECK(test::derive(covariance).block("S").family.name() == "inverse_wishart");
  const run::Fit fitted = fit(precision);
  const double a = 0.01 + 1 + 0.16 + 0.64 + 0.09 + 1.96, b = 0.12 + 2.9 - 0.12 + 1.76 + 0.27 + 2.52, d = 1.44 + 8.41 + 0.09 + 4.84 + 0.81 + 3.24;
  CHECK_THAT(tests::variable(fitted, "S").mean.at(0), WithinRel(9 * d / (a * d - b * b), 1e-10));
  CHECK(code("data x: vector(2)[N] = [[0.1, 1.2]]\nfor n in 1..N { x[n] ~ mvnormal(zeros(2), covariance = S) }\nS ~ flat() on covariance(2)\n") ==
        "improper-posterior");
}

TEST_CASE("flat on an angle is uniform around the circle", "[flat]") {
  const std::string model = "data a: angle[N] = [0.3, 0.9]\nm ~ flat() on angle\nfor n in 1..N { a[n] ~ von_mises(m, 2) }\n";
  // ∫ exp(2 Σ cos(a_n - m)) dm = 2π I0(2 |Σ e^(i a_n)|).
  const double length = std::hypot(std::cos(0.3) + std::cos(0.9), std::sin(0.3) + std::sin(0.9));
  const double expected = std::log(2 * std::numbers::pi) + std::log(std::cyl_bessel_i(0.0, 2 * length)) -
                          2 * (std::log(2 * std::numbers::pi) + std::log(std::cyl_bessel_i(0.0, 2.0)));
  CHECK_THAT(fit(model).elbo, WithinAbs(expected, 1e-10));
}

TEST_CASE("flat takes the type that the variable has", "[flat]") {
  CHECK_THAT(fit(colours + "param w: simplex(3)\nw ~ flat()\n").elbo, WithinAbs(fit(colours + "param w: simplex(3)\n").elbo, 1e-12));
  const std::string walk =
      "data y: real[T] = [0.2, 1.1]\nl[1] ~ flat()\nfor t in 2..T { l[t] ~ normal(l[t-1], 1) }\n"
      "for t in 1..T { y[t] ~ normal(l[t], 1) }\n";
  CHECK_THAT(fit(walk).elbo, WithinAbs(-0.5 * std::log(2 * std::numbers::pi * 3) - 0.5 * 0.81 / 3, 1e-10));
  CHECK(code("a ~ flat()\nb ~ flat()\ndata y: real[N] = [1]\nfor n in 1..N { y[n] ~ normal(a + b, 1) }\n") == "improper-posterior");
  CHECK(code("a ~ normal(0, 1) on vector(2)\n") == "fixed-support");
  CHECK(code("a ~ flat() on wector(2)\n") == "unknown-type");
}

TEST_CASE("`on` is an ordinary name where no type follows it", "[flat]") {
  CHECK_THAT(fit("data y: real[N] = [1, 2]\na ~ flat()\non ~ normal(0, 1)\nfor n in 1..N { y[n] ~ normal(a, 1) }\n").elbo,
             WithinAbs(-0.5 * std::log(2 * std::numbers::pi) - 0.5 * std::log(2) - 0.25, 1e-10));
}

TEST_CASE("a distribution of one's own may be on any support", "[flat]") {
  const std::string reciprocal =
      "distribution reciprocal() on any { logpdf(x) = -log(x) }\ndata k: count[N] = [3, 1]\n"
      "r ~ reciprocal() on positive\nfor n in 1..N { k[n] ~ poisson(r) }\n";
  CHECK_THAT(fit(reciprocal).elbo, WithinAbs(std::lgamma(4) - 4 * std::log(2) - std::log(6), 1e-10));
}
