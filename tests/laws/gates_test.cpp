// Branches on several levels of a category: the evidence by enumeration, with the latents inside summed out in closed form.
#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/model_text.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;

namespace {

// log ∫ N(b; mean, sd²) Π N(y_n; b, 1) db, by the predictive densities one after the other.
double log_marginal(const std::vector<double>& y, double mean, double sd) {
  double precision = 1 / (sd * sd), total = 0;
  for (const double v : y) {
    const double variance = 1 + 1 / precision;
    total += -0.5 * std::log(2 * std::numbers::pi * variance) - 0.5 * (v - mean) * (v - mean) / variance;
    mean = (precision * mean + v) / (precision + 1);
    precision += 1;
  }
  return total;
}

run::Fit fit(const std::string& model) {
  INFO(model);
  Result<run::Fit> result = tests::fit_text({model});
  if (!result) FAIL(tests::messages(result.diagnostics()));
  return *result;
}

void check_exact(const std::string& model, double log_evidence) {
  const run::Fit result = fit(model);
  INFO(model);
  CHECK(result.exact);
  CHECK_THAT(result.elbo, WithinAbs(log_evidence, 1e-10));
}

const std::vector<double> rows = {1.2, 0.4, 2.1};
const std::string observations = "data y: real[N] = [1.2, 0.4, 2.1]\n";
const std::string three = observations + "z ~ categorical([0.2, 0.3, 0.5])\n";
const std::string near_zero = "a ~ normal(0, 1)  for n in 1..N { y[n] ~ normal(a, 1) }";
const std::string near_three = "b ~ normal(3, 2)  for n in 1..N { y[n] ~ normal(b, 1) }";

}  // namespace

TEST_CASE("the else branch of one of two levels is the other level", "[gates]") {
  const std::string model = observations + "z ~ categorical([0.2, 0.8])\nif z == 2 { " + near_zero + " } else { " + near_three + " }\n";
  check_exact(model, std::log(0.8 * std::exp(log_marginal(rows, 0, 1)) + 0.2 * std::exp(log_marginal(rows, 3, 2))));
  CHECK(test::derive(model).block("b").gates.at(0).levels == std::vector<model::Size>{1});
  CHECK_FALSE(test::derive(model).block("b").gates.at(0).except);
}

TEST_CASE("the else branch of one of three levels holds for the two others", "[gates]") {
  const double log_evidence = std::log(0.3 * std::exp(log_marginal(rows, 0, 1)) + 0.7 * std::exp(log_marginal(rows, 3, 2)));
  check_exact(three + "if z == 2 { " + near_zero + " } else { " + near_three + " }\n", log_evidence);
  check_exact(three + "if z != 2 { " + near_three + " } else { " + near_zero + " }\n", log_evidence);
  const run::Fit result = fit(three + "if z == 2 { " + near_zero + " } else { " + near_three + " }\n");
  const std::vector<double>& z = tests::variable(result, "z").mean;
  CHECK_THAT(z[1], WithinAbs(0.3 * std::exp(log_marginal(rows, 0, 1) - log_evidence), 1e-10));
  CHECK_THAT(z[0] / z[2], WithinAbs(0.4, 1e-10));
}

TEST_CASE("levels joined by `or`, and chains of `else if`", "[gates]") {
  const double zero = std::exp(log_marginal(rows, 0, 1)), late = std::exp(log_marginal(rows, 3, 2)), far = std::exp(log_marginal(rows, -4, 1));
  const std::string minus_four = "c ~ normal(-4, 1)  for n in 1..N { y[n] ~ normal(c, 1) }";
  check_exact(three + "if z == 1 or z == 3 { " + near_three + " } else { " + near_zero + " }\n", std::log(0.3 * zero + 0.7 * late));
  check_exact(three + "if z == 1 { " + near_zero + " } else if z == 2 { " + near_three + " } else { " + minus_four + " }\n",
              std::log(0.2 * zero + 0.3 * late + 0.5 * far));
  const std::string four = observations + "z ~ categorical([0.1, 0.2, 0.3, 0.4])\n";
  check_exact(four + "if z == 1 { " + near_zero + " } else if z == 2 { " + near_three + " } else { " + minus_four + " }\n",
              std::log(0.1 * zero + 0.2 * late + 0.7 * far));
}

TEST_CASE("a latent of several levels may be used under one of them", "[gates]") {
  // Under levels 1 and 3 b is there; only level 3 adds 2 to it. q(b) is one for both, so the bound is below.
  const std::string model = three +
                            "if z != 2 {\n b ~ normal(3, 2)\n if z == 3 { for n in 1..N { y[n] ~ normal(b + 2, 1) } }\n"
                            " else { for n in 1..N { y[n] ~ normal(b, 1) } }\n} else { " +
                            near_zero + " }\n";
  const double zero = std::exp(log_marginal(rows, 0, 1)), plain = std::exp(log_marginal(rows, 3, 2));
  const double shifted = std::exp(log_marginal({rows[0] - 2, rows[1] - 2, rows[2] - 2}, 3, 2));
  const double log_evidence = std::log(0.2 * plain + 0.3 * zero + 0.5 * shifted);
  const run::Fit result = fit(model);
  CHECK_FALSE(result.exact);
  CHECK(result.elbo < log_evidence);
  CHECK(result.elbo > log_evidence - 0.5);
}

TEST_CASE("inside an else branch the level still picks", "[gates]") {
  const std::string model = three + "data m: real[3] = [0.5, 0, 1.5]\nif z == 2 { " + near_zero +
                            " } else { b ~ normal(0, 2)  for n in 1..N { y[n] ~ normal(b + m[z], 1) } }\n";
  const auto less = [](double by) { return std::vector{rows[0] - by, rows[1] - by, rows[2] - by}; };
  const double log_evidence = std::log(0.2 * std::exp(log_marginal(less(0.5), 0, 2)) + 0.3 * std::exp(log_marginal(rows, 0, 1)) +
                                       0.5 * std::exp(log_marginal(less(1.5), 0, 2)));
  const run::Fit result = fit(model);
  CHECK_FALSE(result.exact);
  CHECK(result.elbo < log_evidence);
  CHECK(result.elbo > log_evidence - 0.2);
}

TEST_CASE("under a gate of one level the density may use the level", "[gates]") {
  const std::string model = three +
                            "data m: real[3] = [0.5, 0, 1.5]\nif z == 3 { a ~ normal(0, 1)  for n in 1..N { y[n] ~ normal(a + m[z], 1) } }\n"
                            "else { " +
                            near_three + " }\n";
  check_exact(model,
              std::log(0.5 * std::exp(log_marginal({rows[0] - 1.5, rows[1] - 1.5, rows[2] - 1.5}, 0, 1)) + 0.5 * std::exp(log_marginal(rows, 3, 2))));
}

TEST_CASE("each element of an array has its own gate of several levels", "[gates]") {
  const std::string model =
      "data y: real[N] = [1.2, 0.4, 2.1]\n"
      "for n in 1..N {\n z[n] ~ categorical([0.2, 0.3, 0.5])\n"
      " if z[n] == 2 { a[n] ~ normal(0, 1)  y[n] ~ normal(a[n], 1) } else { b[n] ~ normal(3, 2)  y[n] ~ normal(b[n], 1) }\n}\n";
  double log_evidence = 0;
  for (const double v : rows) log_evidence += std::log(0.3 * std::exp(log_marginal({v}, 0, 1)) + 0.7 * std::exp(log_marginal({v}, 3, 2)));
  check_exact(model, log_evidence);
}

TEST_CASE("the derivation prints gates of several levels", "[gates]") {
  const std::string text = test::derive(three + "if z == 2 { " + near_zero + " } else { " + near_three + " }\n").text("b");
  INFO(text);
  CHECK(text.find("q(z ≠ 2)") != std::string::npos);
  CHECK(text.find("Σ_n y[n]") != std::string::npos);  // the sum over the levels cancels
}
