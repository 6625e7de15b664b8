// Simulated data obey the distributions of the model: moments within five standard errors, and a fit finds what was drawn.
#include <cmath>

#include "catch.hpp"
#include "support/simulated_model.hpp"

using Catch::Matchers::WithinAbs;
using jensen::tests::fit_text;
using jensen::tests::simulate_text;

namespace {

constexpr int many = 20000;

struct Moments {
  double mean = 0, variance = 0;
};

Moments moments_of(const std::vector<double>& values) {
  Moments out;
  for (const double v : values) out.mean += v / static_cast<double>(values.size());
  for (const double v : values) out.variance += (v - out.mean) * (v - out.mean) / static_cast<double>(values.size() - 1);
  return out;
}

// `text` is the right side of `x[n] ~`; the figures are those of its textbook.
struct Case {
  std::string text;
  double mean;
  double variance;
};

}  // namespace

TEST_CASE("every distribution that a family covers has its mean and variance", "[law]") {
  const Case it = GENERATE(Case{"normal(3, 2)", 3, 4}, Case{"normal(-1, precision = 4)", -1, 0.25}, Case{"gamma(3, 2)", 1.5, 0.75},
                           Case{"exponential(4)", 0.25, 0.0625}, Case{"beta(2, 3)", 0.4, 0.04}, Case{"bernoulli(0.3)", 0.3, 0.21},
                           Case{"inverse_gamma(5, 8)", 2, 4.0 / 3}, Case{"half_normal(2)", 2 * std::sqrt(2 / M_PI), 4 * (1 - 2 / M_PI)});
  INFO(it.text);
  const auto simulated = simulate_text({.model = "for n in 1..20000 { x[n] ~ " + it.text + " }\n"}, 3);
  if (!simulated) INFO(jensen::tests::messages(simulated.diagnostics()));
  REQUIRE(simulated);
  const Moments moments = moments_of(simulated->values("x"));
  CHECK_THAT(moments.mean, WithinAbs(it.mean, 5 * std::sqrt(it.variance / many)));
  CHECK_THAT(moments.variance, WithinAbs(it.variance, 0.1 * it.variance));
}

TEST_CASE("vectors, matrices and levels have their means", "[law]") {
  const auto simulated = simulate_text({.model = "for n in 1..20000 {\n"
                                                 "  w[n] ~ dirichlet([1, 2, 5])\n"
                                                 "  z[n] ~ categorical([0.2, 0.3, 0.5])\n"
                                                 "  v[n] ~ mvnormal([1, -1], covariance = [[2, 1], [1, 3]])\n"
                                                 "  P[n] ~ wishart(df = 5, scale = [[1, 0.5], [0.5, 1]])\n"
                                                 "}\n"},
                                       5);
  if (!simulated) INFO(jensen::tests::messages(simulated.diagnostics()));
  REQUIRE(simulated);
  const auto column = [&](const std::string& name, std::size_t size, std::size_t at) {
    const std::vector<double> all = simulated->values(name);
    std::vector<double> out;
    for (std::size_t i = at; i < all.size(); i += size) out.push_back(all[i]);
    return moments_of(out);
  };
  const auto close = [&](const Moments& moments, double mean) { return std::abs(moments.mean - mean) < 5 * std::sqrt(moments.variance / many); };
  CHECK(close(column("w", 3, 0), 0.125));
  CHECK(close(column("w", 3, 2), 0.625));
  CHECK(close(column("z", 1, 0), 2.3));
  CHECK(close(column("v", 2, 0), 1));
  CHECK(close(column("v", 2, 1), -1));
  CHECK_THAT(column("v", 2, 1).variance, WithinAbs(3, 0.2));
  CHECK(close(column("P", 4, 0), 5));
  CHECK(close(column("P", 4, 1), 2.5));
}

TEST_CASE("a fit of simulated data finds the values they were drawn from", "[law]") {
  const std::string model =
      "const K = 2\n"
      "data x: real[N]\ndata y: real[N]\n"
      "a ~ normal(0, 3)\nb ~ normal(0, 3)\n"
      "tau ~ gamma(4, 1)\n"
      "for n in 1..N { y[n] ~ normal(a + b * x[n], precision = tau) }\n";
  std::string covariates = "x\n";
  for (int n = 0; n < 2000; ++n) covariates += std::to_string(0.01 * (n % 400) - 2) + "\n";
  const auto simulated = simulate_text({.model = model, .csv = covariates}, 11);
  REQUIRE(simulated);
  std::string csv = "x,y\n";
  const auto x = simulated->values("x"), y = simulated->values("y");
  for (std::size_t n = 0; n < x.size(); ++n) csv += std::to_string(x[n]) + "," + std::to_string(y[n]) + "\n";
  const auto fit = fit_text({.model = model, .csv = csv});
  REQUIRE(fit);
  for (const std::string name : {"a", "b", "tau"}) {
    const auto& fitted = jensen::tests::variable(*fit, name);
    CHECK_THAT(fitted.mean[0], WithinAbs(simulated->values(name)[0], 5 * fitted.sd[0]));
  }
}
