#include "catch.hpp"
#include "support/model_text.hpp"

using Catch::Matchers::WithinAbs;

TEST_CASE("a piece of a definition holds for its own elements only", "[derive]") {
  const std::string pieces = "f[1] = 0\nfor t in 2..3 { f[t] = t }\n";
  const auto element = jensen::test::fit(pieces + "a ~ normal(f[1] + f[2] + f[3], 1)\n");
  CHECK_THAT(element.variables.at(0).mean.at(0), WithinAbs(5, 1e-12));
  const auto errors = jensen::test::fit_errors(pieces + "a ~ normal(sum(f), 1)\n");
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].code == "piecewise-definition");
}

TEST_CASE("branches of an if on data give each row its own factor", "[derive]") {
  const auto fit = jensen::test::fit(
      "data y: real[4] = [1, 2, 10, 20]  data c: bool[4] = [1, 1, 0, 0]\nm ~ normal(0, 100)\nk ~ normal(0, 100)\n"
      "for n in 1..4 { if c[n] { y[n] ~ normal(m, 1) } else { y[n] ~ normal(k, 1) } }\n");
  CHECK_THAT(fit.variables.at(0).mean.at(0), WithinAbs(3 / 2.0001, 1e-9));  // conjugate normal: sum / (n + 1/100^2)
  CHECK_THAT(fit.variables.at(1).mean.at(0), WithinAbs(30 / 2.0001, 1e-9));
}

TEST_CASE("the log likelihood of a MAP fit leaves out the params' own densities", "[derive]") {
  const auto fit = jensen::test::fit("data y: real[2] = [1, 3]\nparam m: real\nm ~ normal(0, 1)\nfor n in 1..2 { y[n] ~ normal(m, 1) }\n");
  const double mode = 4.0 / 3;  // Σ y / (N + 1)
  const double half_log_2pi = 0.91893853320467274;
  const double likelihood = -2 * half_log_2pi - 0.5 * ((1 - mode) * (1 - mode) + (3 - mode) * (3 - mode));
  const double prior = -half_log_2pi - 0.5 * mode * mode;
  CHECK_THAT(fit.log_likelihood.value(), WithinAbs(likelihood, 1e-12));
  CHECK_THAT(fit.log_prior.value(), WithinAbs(prior, 1e-12));
  CHECK_THAT(fit.elbo, WithinAbs(likelihood + prior, 1e-12));
}
