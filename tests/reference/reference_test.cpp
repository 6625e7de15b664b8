// Figures of independent programs (references.json: each with its source and tolerance) from the models of examples/.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/planned_model.hpp"
#include "support/references.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using tests::check_value;
using tests::check_values;
using tests::fit_example;
using tests::reference;
using tests::variable;

namespace {

// To a fixed point: parameters are an order less converged than the bound, which is flat there.
run::Fit fitted(const std::string& model, int restarts = 1) {
  run::FitOptions options;
  options.restarts = restarts;
  options.tolerance = 1e-15;
  options.aitken_tolerance = 1e-12;
  const Result<run::Fit> fit = fit_example(model, options);
  if (!fit) FAIL(tests::messages(fit.diagnostics()));
  CHECK(fit->converged);
  return *fit;
}

// Components in order of the first number of `by`.
std::vector<std::size_t> component_order(const std::vector<double>& by, std::size_t components) {
  std::vector<std::size_t> order(components);
  std::iota(order.begin(), order.end(), 0U);
  const std::size_t stride = by.size() / components;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return by[a * stride] < by[b * stride]; });
  return order;
}

std::vector<double> reordered(const std::vector<double>& values, const std::vector<std::size_t>& order) {
  const std::size_t stride = values.size() / order.size();
  std::vector<double> out;
  for (const std::size_t k : order)
    out.insert(out.end(), values.begin() + static_cast<std::ptrdiff_t>(k * stride), values.begin() + static_cast<std::ptrdiff_t>((k + 1) * stride));
  return out;
}

void check_mixture_vb(const std::string& model, const std::string& id) {
  const run::Fit fit = fitted(model, 4);
  check_value(fit.elbo, id, "elbo");
  CHECK_FALSE(fit.log_likelihood);
  const auto order = component_order(variable(fit, "mu").mean, 2);
  check_values(reordered(variable(fit, "w").mean, order), reference(id, "E[w]"));
  check_values(reordered(variable(fit, "mu").mean, order), reference(id, "E[mu]"));
  check_values(reordered(variable(fit, "P").mean, order), reference(id, "E[P]"));
}

}  // namespace

TEST_CASE("faithful: a mixture by variational Bayes") { check_mixture_vb("faithful/mixture.model", "faithful-vbgmm2"); }

TEST_CASE("faithful: a Wishart scale that is not symmetric in its roles") {
  check_mixture_vb("faithful/mixture_scale.model", "faithful-vbgmm2-scale");
}

TEST_CASE("faithful: the mixture by EM") {
  const run::Fit fit = fitted("faithful/mixture_em.model");
  REQUIRE(fit.log_likelihood);
  check_value(*fit.log_likelihood, "faithful-gmm2", "log_likelihood");
  CHECK(fit.elbo == *fit.log_likelihood);
  const auto order = component_order(variable(fit, "mu").value, 2);
  check_values(reordered(variable(fit, "w").value, order), reference("faithful-gmm2", "w"));
  check_values(reordered(variable(fit, "mu").value, order), reference("faithful-gmm2", "mu"));
  check_values(reordered(variable(fit, "S").value, order), reference("faithful-gmm2", "S"));
}

TEST_CASE("faithful: waiting times by EM") {
  const run::Fit fit = fitted("faithful/waiting_em.model");
  REQUIRE(fit.log_likelihood);
  check_value(*fit.log_likelihood, "faithful-gmm2-waiting", "log_likelihood");
  const auto order = component_order(variable(fit, "mean").value, 2);
  check_values(reordered(variable(fit, "mean").value, order), reference("faithful-gmm2-waiting", "mean"));
  check_values(reordered(variable(fit, "sd").value, order), reference("faithful-gmm2-waiting", "sd"));
}

TEST_CASE("iris: three components by EM from several starts") {
  const run::Fit fit = fitted("iris/mixture_em.model", 10);
  REQUIRE(fit.log_likelihood);
  check_value(*fit.log_likelihood, "iris-gmm3", "log_likelihood");
}

TEST_CASE("cars: known noise, so the ELBO is the log evidence") {
  const run::Fit fit = fitted("cars/regression.model");
  CHECK(fit.exact);
  check_value(fit.elbo, "cars-known-noise", "elbo");
  check_values({variable(fit, "a").mean[0], variable(fit, "b").mean[0]}, reference("cars-known-noise", "posterior mean"));
  check_values({variable(fit, "a").sd[0], variable(fit, "b").sd[0]}, reference("cars-known-noise", "posterior sd"));
}

TEST_CASE("cars: unknown noise, so the ELBO is just below the log evidence") {
  const run::Fit fit = fitted("cars/regression_vb.model");
  CHECK_FALSE(fit.exact);
  check_value(fit.elbo, "cars-vb", "elbo");
  CHECK(fit.elbo < reference("cars-vb", "log evidence")["value"].get<double>());
}

TEST_CASE("cars: least squares") {
  const run::Fit fit = fitted("cars/regression_ml.model");
  REQUIRE(fit.log_likelihood);
  check_value(*fit.log_likelihood, "cars-ml", "log_likelihood");
  check_values({variable(fit, "a").value[0], variable(fit, "b").value[0], variable(fit, "s").value[0]}, reference("cars-ml", "(a,b,s)"));
}

TEST_CASE("coin: the ELBO is the log evidence") {
  const run::Fit fit = fitted("coin/coin.model");
  CHECK(fit.exact);
  check_value(fit.elbo, "beta-bernoulli", "elbo");
  CHECK_THAT(variable(fit, "p").mean[0], WithinAbs(9.0 / 25.0, 1e-14));
}

TEST_CASE("earthquakes: a gamma posterior of a Poisson rate") {
  const run::Fit fit = fitted("earthquakes/rate.model");
  CHECK(fit.exact);
  check_value(fit.elbo, "gamma-poisson", "elbo");
}

TEST_CASE("insect sprays: a text column picks the rate") {
  const run::Fit fit = fitted("insectsprays/rates.model");
  CHECK(fit.exact);
  check_value(fit.elbo, "insectsprays-gamma-poisson", "elbo");
  check_values(variable(fit, "rate").mean, reference("insectsprays-gamma-poisson", "E[rate]"));
}

// With B = scale + Σ x²/2 and A = shape + 3N/2, ∫ Π maxwell(x | s) prior(s) ds = Π (2/π)^½ x² · scale^shape / Γ(shape) · Γ(A) / B^A.
TEST_CASE("maxwell: distributions defined in the model have a conjugate posterior and an exact evidence") {
  const run::Fit fit = fitted("maxwell/speeds.model");
  std::ifstream stream(JENSEN_SOURCE_DIR "/examples/maxwell/speeds.csv");
  std::string header;
  std::getline(stream, header);
  const double shape = 2, scale = 1e5;
  double log_evidence = shape * std::log(scale) - std::lgamma(shape), n = 0, b = scale;
  for (double x = 0; stream >> x; ++n) {
    log_evidence += 0.5 * std::log(2 / std::acos(-1.0)) + 2 * std::log(x);
    b += x * x / 2;
  }
  const double a = shape + 1.5 * n;
  log_evidence += std::lgamma(a) - a * std::log(b);
  REQUIRE(n == 200);
  CHECK(fit.exact);
  CHECK_THAT(fit.elbo, WithinAbs(log_evidence, 1e-9));
  CHECK_THAT(fit.elbo, WithinAbs(-1334.12815041770, 1e-8));  // by quadrature over the scale
  CHECK_THAT(variable(fit, "scale").mean[0], WithinAbs(std::sqrt(b) * std::exp(std::lgamma(a - 0.5) - std::lgamma(a)), 1e-9));
}

TEST_CASE("an example's data may be named on the command line") {
  const Result<run::Fit> without = fit_example("faithful/mixture.model");
  const Result<run::Fit> with = fit_example("faithful/mixture.model", {}, {JENSEN_SOURCE_DIR "/examples/faithful/faithful.csv"});
  REQUIRE((with.ok() && without.ok()));
  CHECK(with->elbo == without->elbo);
}
