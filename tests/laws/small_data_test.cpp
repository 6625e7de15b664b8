// Data that are few, equal or redundant: the right answer where the posterior is proper, a message where it is not.
#include <cmath>
#include <numbers>
#include <string>

#include "catch.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using tests::variable;

namespace {

run::Fit fitted(const std::string& model, const std::string& csv, int restarts = 1) {
  run::FitOptions options;
  options.restarts = restarts;
  const Result<run::Fit> fit = tests::fit_text({model, csv}, options);
  if (!fit) FAIL(model << tests::messages(fit.diagnostics()));
  CHECK(fit->converged);
  CHECK(std::isfinite(fit->elbo));
  return *fit;
}

std::string refused(const std::string& model, const std::string& csv) {
  const Result<run::Fit> fit = tests::fit_text({model, csv});
  return fit ? "fitted" : fit.diagnostics().front().code;
}

const std::string mean_of_rows = "data y: real[N]  m ~ normal(0, 1)  for n in 1..N { y[n] ~ normal(m, 1) }";
const std::string mixture_vb =
    "const K = 4  data y: real[N]  w ~ dirichlet(ones(K))  for k in 1..K { m[k] ~ normal(0, 3)  t[k] ~ gamma(1, 1) }\n"
    "for n in 1..N { z[n] ~ categorical(w)  y[n] ~ normal(m[z[n]], precision = t[z[n]]) }";
const std::string mixture_em =
    "const K = 2  data y: real[N]  param w: simplex(K)  param m: real[K]  param s: positive[K]\n"
    "for n in 1..N { z[n] ~ categorical(w)  y[n] ~ normal(m[z[n]], s[z[n]]) }";

}  // namespace

TEST_CASE("without rows the posterior is the prior") {
  const run::Fit fit = fitted(mean_of_rows, "y\n");
  CHECK(variable(fit, "m").mean[0] == 0);
  CHECK(variable(fit, "m").sd[0] == 1);
  CHECK_THAT(fit.elbo, WithinAbs(0, 1e-14));
  const run::Fit mixture = fitted(mixture_vb, "y\n");
  CHECK_THAT(mixture.elbo, WithinAbs(0, 1e-12));
  for (const double w : variable(mixture, "w").mean) CHECK_THAT(w, WithinAbs(0.25, 1e-14));
  CHECK(variable(fitted("data g: category(G)[N]  data y: real[N]  for j in 1..G { m[j] ~ normal(0, 1) }  for n in 1..N { y[n] ~ normal(m[g[n]], 1) }",
                        "g,y\n"),
                 "m")
            .mean.empty());
}

TEST_CASE("one row") {
  const run::Fit fit = fitted(mean_of_rows, "y\n3\n");
  CHECK_THAT(variable(fit, "m").mean[0], WithinAbs(1.5, 1e-14));
  CHECK_THAT(fit.elbo, WithinAbs(-0.5 * std::log(4 * std::numbers::pi) - 9.0 / 4, 1e-13));  // y ~ normal(0, sqrt(2))
  fitted(mixture_vb, "y\n3\n");
  CHECK(refused(mixture_em, "y\n3\n") == "all-restarts-collapsed");
}

TEST_CASE("fewer rows than components") {
  fitted(mixture_vb, "y\n3\n-1\n");
  CHECK(refused(mixture_em, "y\n3\n-1\n") == "all-restarts-collapsed");
}

TEST_CASE("rows that are all equal") {
  fitted(mixture_vb, "y\n2\n2\n2\n2\n2\n2\n");
  CHECK(refused(mixture_em, "y\n2\n2\n2\n2\n2\n2\n") == "all-restarts-collapsed");
  CHECK_THAT(variable(fitted(mean_of_rows, "y\n2\n2\n2\n"), "m").mean[0], WithinAbs(1.5, 1e-14));
}

TEST_CASE("a component that collapses on one row is detected, and the runs that did not collapse are kept") {
  CHECK(refused(mixture_em, "y\n1\n1.1\n0.9\n1.3\n0.7\n50\n") == "all-restarts-collapsed");
  const Result<run::Fit> fit = tests::fit_text({mixture_em, "y\n1\n1.1\n0.9\n1.3\n0.7\n50\n"});
  REQUIRE_FALSE(fit.ok());
  CHECK_THAT(fit.diagnostics().front().message, Catch::Matchers::Matches(".*collapsed at `s\\[[12]\\]`.*"));
}

// With v = 2u exactly, precision matrix I + [[S, 2S], [2S, 4S]] and S = Σ u², so the mean is (1, 2) Σ u y / (1 + 5S).
TEST_CASE("exactly collinear columns under a proper prior") {
  const std::string rows = "y,u,v\n1,1,2\n2.5,2,4\n3,3,6\n",
                    likelihood = "for n in 1..N { y[n] ~ normal(a * u[n] + b * v[n], 1) }  data y, u, v: real[N]  ";
  const run::Fit fit = fitted(likelihood + "a ~ normal(0, 1)  b ~ normal(0, 1)", rows);
  CHECK_THAT(variable(fit, "a").mean[0], WithinAbs(15.0 / 71, 1e-13));
  CHECK_THAT(variable(fit, "b").mean[0], WithinAbs(30.0 / 71, 1e-13));
  CHECK(refused(likelihood + "param a, b: real", rows) == "no-unique-value");
  const run::Fit map = fitted(likelihood + "param a, b: real  a ~ normal(0, 1)  b ~ normal(0, 1)", rows);
  CHECK_THAT(variable(map, "b").value[0], WithinAbs(30.0 / 71, 1e-13));
}

TEST_CASE("a param that no data bear on") {
  CHECK(refused("data y: real[N]  param m, unused: real  for n in 1..N { y[n] ~ normal(m + unused * 0, 1) }", "y\n1\n2\n") == "no-unique-value");
  CHECK(refused("data y: real[N]  param m: real  for n in 1..N { y[n] ~ normal(m, 1) }", "y\n") == "no-unique-value");
}

TEST_CASE("columns named as functions and keywords of other places") {
  const run::Fit fit = fitted(
      "data count: count[N]  data mean, scale, weight, sum: real[N]  slope ~ normal(0, 1)  rate ~ gamma(1, 1)\n"
      "for n in 1..N weight weight[n] { mean[n] ~ normal(slope * scale[n] + sum[n], 1)  count[n] ~ poisson(rate) }",
      "count,mean,scale,weight,sum\n3,1,2,1,2\n2,2,4,0.5,1\n");
  CHECK_THAT(variable(fit, "slope").mean[0], WithinAbs((2 * -1 * 1 + 4 * 1 * 0.5) / (1 + 4 + 8), 1e-13));
  CHECK_THAT(variable(fit, "rate").mean[0], WithinAbs((1 + 3 + 0.5 * 2) / (1 + 1.5), 1e-13));
}
