// Params that are searched for, against closed equations, fixed points written here, and published figures.
#include <fmt/format.h>

#include <array>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/model_text.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using boost::math::digamma;
using Catch::Matchers::Contains;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using tests::variable;

namespace {

run::FitOptions exact() {
  run::FitOptions options;
  options.tolerance = 1e-14;
  options.aitken_tolerance = 1e-10;
  return options;
}

void check_rises(const run::Fit& fit) {
  for (std::size_t i = 1; i < fit.elbo_trace.size(); ++i) CHECK(fit.elbo_trace[i] >= fit.elbo_trace[i - 1] - 1e-9 * std::abs(fit.elbo_trace[i]));
}

double uniform(int i) {  // van der Corput's sequence
  double out = 0, digit = 0.5;
  for (; i > 0; i /= 2, digit /= 2) out += digit * (i % 2);
  return out;
}

}  // namespace

TEST_CASE("the parameters of a beta sample solve its likelihood equations", "[reference][optimised]") {
  std::string csv = "y\n";
  double log_y = 0, log_rest = 0;
  for (int i = 1; i <= 50; ++i) {
    const double y = 0.05 + 0.8 * uniform(i);
    csv += fmt::format("{:.17g}\n", y);
    log_y += std::log(y) / 50;
    log_rest += std::log1p(-y) / 50;
  }
  const run::Fit fit = test::fit("data y: unit[N]\nparam a, b: positive\nfor n in 1..N { y[n] ~ beta(a, b) }", csv, exact());
  const double a = variable(fit, "a").value[0], b = variable(fit, "b").value[0];
  CHECK_THAT(digamma(a) - digamma(a + b), WithinAbs(log_y, 1e-9));
  CHECK_THAT(digamma(b) - digamma(a + b), WithinAbs(log_rest, 1e-9));
  CHECK(fit.log_likelihood.has_value());
  CHECK(fit.converged);
}

TEST_CASE("the concentration of a Dirichlet sample is Minka's fixed point", "[reference][optimised]") {
  const std::vector<std::vector<double>> rows{{0.2, 0.3, 0.5}, {0.1, 0.6, 0.3}, {0.25, 0.25, 0.5}, {0.3, 0.3, 0.4}, {0.05, 0.55, 0.4}};
  std::string csv = "p1,p2,p3\n";
  std::vector<double> mean_log(3);
  for (const auto& row : rows) {
    csv += fmt::format("{},{},{}\n", row[0], row[1], row[2]);
    for (std::size_t k = 0; k < 3; ++k) mean_log[k] += std::log(row[k]) / 5;
  }
  // ψ(α_k) = ψ(Σ α) + mean log p_k, the inverse of ψ by Newton's method (Minka 2000, Estimating a Dirichlet distribution, 1 and appendix C).
  std::vector<double> alpha(3, 1);
  for (int i = 0; i < 20000; ++i) {
    const double total = digamma(alpha[0] + alpha[1] + alpha[2]);
    for (std::size_t k = 0; k < 3; ++k) {
      const double target = total + mean_log[k];
      double low = 1e-6, high = 1e6;
      for (int j = 0; j < 80; ++j) {
        const double middle = std::sqrt(low * high);
        (digamma(middle) < target ? low : high) = middle;
      }
      alpha[k] = low;
    }
  }
  const std::string likelihood = "data p: simplex(3)[N] = columns(p1, p2, p3)\nfor n in 1..N { p[n] ~ dirichlet(alpha) }\n";
  for (const std::string type : {"positive[3]", "positive[K]"}) {
    const run::Fit fit = test::fit((type == "positive[K]" ? "const K = 3\n" : "") + likelihood + "param alpha: " + type, csv, exact());
    for (std::size_t k = 0; k < 3; ++k) CHECK_THAT(variable(fit, "alpha").value[k], WithinRel(alpha[k], 1e-6));
  }
}

// R 4: glm(am ~ hp + wt, data = mtcars, family = binomial): 18.86630, 0.03626, -8.08348, residual deviance 10.059.
TEST_CASE("a logistic regression is that of R's glm", "[reference][optimised]") {
  const Result<run::Fit> fit = tests::fit_example("logistic/transmission.model", exact());
  if (!fit) FAIL(tests::messages(fit.diagnostics()));
  CHECK_THAT(variable(*fit, "intercept").value[0], WithinAbs(18.86630, 1e-5));
  CHECK_THAT(variable(*fit, "by_power").value[0], WithinAbs(0.03626, 1e-5));
  CHECK_THAT(variable(*fit, "by_weight").value[0], WithinAbs(-8.08348, 1e-5));
  CHECK_THAT(-2 * *fit->log_likelihood, WithinAbs(10.059, 1e-3));
  check_rises(*fit);
}

// R 4: nls(rate ~ Vm * conc / (K + conc), Puromycin, subset = state == "treated"): Vm 212.7, K 0.06412, residual standard error 10.93 on 10
// degrees of freedom (Bates and Watts 1988).
TEST_CASE("nonlinear least squares are those of R's nls", "[reference][optimised]") {
  const Result<run::Fit> fit = tests::fit_example("puromycin/michaelis_menten.model", exact());
  if (!fit) FAIL(tests::messages(fit.diagnostics()));
  CHECK_THAT(variable(*fit, "fastest").value[0], WithinAbs(212.7, 0.05));
  CHECK_THAT(variable(*fit, "half_at").value[0], WithinAbs(0.06412, 5e-6));
  CHECK_THAT(variable(*fit, "sd").value[0] * std::sqrt(12.0 / 10), WithinAbs(10.93, 5e-3));
}

// A Poisson regression on a factor alone has the means of its levels (R's InsectSprays: 14.5, 15.3333, 2.0833, 4.9167, 3.5, 16.6667).
TEST_CASE("a Poisson regression on a factor gives the logs of the means", "[reference][optimised]") {
  const std::string model =
      "data count_of: count[N] = column(count)\ndata spray: category(S)[N]\nparam effect: real[S]\n"
      "for n in 1..N { count_of[n] ~ poisson(exp(effect[spray[n]])) }";
  std::string csv = "count,spray\n";
  for (const auto* row : {"10,A", "7,A", "20,A", "0,B", "2,B", "5,C"}) csv += std::string(row) + "\n";
  const run::Fit fit = test::fit(model, csv, exact());
  const std::vector<double> means{37.0 / 3, 1, 5};
  for (std::size_t s = 0; s < 3; ++s) CHECK_THAT(variable(fit, "effect").value[s], WithinAbs(std::log(means[s]), 1e-8));
}

// Mites on apple leaves (Bliss and Fisher 1953, Biometrics 9, 176): size 1.0246, mean 1.1467.
TEST_CASE("a negative binomial is fitted to weighted counts", "[reference][optimised]") {
  const std::string model =
      "data mites: count[N]\ndata leaves: count[N]\nparam size, mean_of: positive\n"
      "distribution nb(r: positive, m: positive) on count {\n"
      "  logpdf(x) = lgamma(x + r) - lgamma(r) - lgamma(x + 1) + r * log(r / (r + m)) + x * log(m / (r + m))\n}\n"
      "for n in 1..N weight leaves[n] { mites[n] ~ nb(size, mean_of) }";
  const run::Fit fit = test::fit(model, "mites,leaves\n0,70\n1,38\n2,17\n3,10\n4,9\n5,3\n6,2\n7,1\n", exact());
  CHECK_THAT(variable(fit, "size").value[0], WithinAbs(1.0246, 5e-5));
  CHECK_THAT(variable(fit, "mean_of").value[0], WithinAbs(172.0 / 150, 1e-6));
  CHECK_THAT(*fit.log_likelihood, WithinAbs(-222.437154, 1e-6));  // scipy 1.10, the same density
}

TEST_CASE("a softmax regression on a factor gives the proportions within its levels", "[reference][optimised]") {
  const std::string model =
      "data g: category(2)[N]\ndata y: category(3)[N]\nparam b: real[2, 3]\nfor c in 1..2 { for k in 1..3 { b[c, k] ~ normal(0, 1000) } }\n"
      "for n in 1..N { y[n] ~ categorical(softmax(b[g[n]])) }";
  const run::Fit fit = test::fit(model, "g,y\n1,1\n1,1\n1,2\n1,3\n2,1\n2,2\n2,2\n2,3\n2,3\n2,3\n", exact());
  const std::vector<double>& b = variable(fit, "b").value;
  CHECK_THAT(b[0] - b[1], WithinAbs(std::log(2.0), 1e-5));
  CHECK_THAT(b[5] - b[3], WithinAbs(std::log(3.0), 1e-5));
}

TEST_CASE("a mixture of betas is fitted by EM with the searched M-step", "[reference][optimised]") {
  const std::string model =
      "const K = 2\ndata y: unit[N]\nparam w: simplex(K)\nparam a, b: positive[K]\n"
      "for n in 1..N { z[n] ~ categorical(w)\n  y[n] ~ beta(a[z[n]], b[z[n]]) }";
  std::string csv = "y\n";
  for (int i = 1; i <= 40; ++i) csv += fmt::format("{:.17g}\n{:.17g}\n", 0.05 + 0.2 * uniform(i), 0.6 + 0.3 * uniform(i));
  run::FitOptions options;
  options.max_iterations = 500;
  const run::Fit fit = test::fit(model, csv, options);
  check_rises(fit);
  CHECK(fit.converged);
  const auto& a = variable(fit, "a").value;
  const auto& b = variable(fit, "b").value;
  const double one = a[0] / (a[0] + b[0]), other = a[1] / (a[1] + b[1]);
  CHECK_THAT(std::min(one, other), WithinAbs(0.15, 0.02));
  CHECK_THAT(std::max(one, other), WithinAbs(0.75, 0.02));
}

// Lange, Little and Taylor (1989): with w = (df + D) / (df + (x − m)' S^-1 (x − m)), m = Σ w x / Σ w and S = Σ w (x − m)(x − m)' / N.
TEST_CASE("location and covariance of a multivariate t solve its estimating equations", "[reference][optimised]") {
  const std::string model =
      "data v: vector(2)[N] = columns(x, y)\nparam m: vector(2)\nparam S: covariance(2)\nfor n in 1..N { v[n] ~ mvt(m, S) }\n"
      "distribution mvt(m: vector(D), S: covariance(D)) on vector(D) {\n"
      "  logpdf(x) = lgamma(3) - lgamma(2) - log(4 * pi) - 0.5 * log_det(S) - 3 * log(1 + dot(x - m, inverse(S) * (x - m)) / 4)\n}";
  std::string csv = "x,y\n";
  std::vector<std::array<double, 2>> rows;
  for (int i = 1; i <= 40; ++i) {
    rows.push_back({3 * uniform(i), uniform(3 * i) + uniform(i)});
    csv += fmt::format("{:.17g},{:.17g}\n", rows.back()[0], rows.back()[1]);
  }
  const run::Fit fit = test::fit(model, csv, exact());
  const std::vector<double>& m = variable(fit, "m").value;
  const std::vector<double>& s = variable(fit, "S").value;
  const double det = s[0] * s[3] - s[1] * s[2];
  double weights = 0, mean[2] = {0, 0}, spread[3] = {0, 0, 0};
  for (const auto& row : rows) {
    const double a = row[0] - m[0], b = row[1] - m[1];
    const double w = 6 / (4 + (s[3] * a * a - 2 * s[1] * a * b + s[0] * b * b) / det);
    weights += w;
    mean[0] += w * row[0];
    mean[1] += w * row[1];
    spread[0] += w * a * a / 40;
    spread[1] += w * a * b / 40;
    spread[2] += w * b * b / 40;
  }
  CHECK_THAT(mean[0] / weights, WithinAbs(m[0], 1e-7));
  CHECK_THAT(mean[1] / weights, WithinAbs(m[1], 1e-7));
  CHECK_THAT(spread[0], WithinAbs(s[0], 1e-7));
  CHECK_THAT(spread[1], WithinAbs(s[1], 1e-7));
  CHECK_THAT(spread[2], WithinAbs(s[3], 1e-7));
}

// Above 50 coordinates by L-BFGS: for each group Σ (y − expit) = a, and Σ (y − expit) x = b.
TEST_CASE("many coefficients with a prior solve their equations", "[reference][optimised]") {
  const std::string model =
      "data g: category(C)[N]\ndata x: real[N]\ndata y: bool[N]\nparam a: real[C]\nparam b: real[C]\n"
      "for c in 1..C { a[c] ~ normal(0, 1)\n b[c] ~ normal(0, 1) }\n"
      "for n in 1..N { y[n] ~ bernoulli(logit = a[g[n]] + b[g[n]] * x[n]) }";
  std::string csv = "g,x,y\n";
  constexpr std::size_t groups = 80, n = 1600;
  std::vector<double> x(n), y(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = std::round(1e4 * (2 * uniform(static_cast<int>(i) + 1) - 1)) / 1e4;
    y[i] = uniform(static_cast<int>(7 * i) + 5) < 0.5 + 0.3 * x[i] ? 1 : 0;
    csv += fmt::format("{},{},{}\n", i % groups + 1, x[i], y[i]);
  }
  const run::Fit fit = test::fit(model, csv, exact());
  CHECK(variable(fit, "a").family == "quasi_newton");
  const std::vector<double>& a = variable(fit, "a").value;
  const std::vector<double>& b = variable(fit, "b").value;
  std::vector<double> by_a(groups), by_b(groups);
  for (std::size_t i = 0; i < n; ++i) {
    const double rest = y[i] - 1 / (1 + std::exp(-a[i % groups] - b[i % groups] * x[i]));
    by_a[i % groups] += rest;
    by_b[i % groups] += rest * x[i];
  }
  for (std::size_t c = 0; c < groups; ++c) {
    CHECK_THAT(by_a[c], WithinAbs(a[c], 2e-5));
    CHECK_THAT(by_b[c], WithinAbs(b[c], 2e-5));
  }
  check_rises(fit);
}

TEST_CASE("separated data and a sample of one value end with the name of the param", "[reference][optimised]") {
  const Diagnostics separated =
      test::fit_errors("data x: real[N]\ndata y: bool[N]\nparam a, b: real\nfor n in 1..N { y[n] ~ bernoulli(logit = a + b * x[n]) }",
                       "x,y\n1,0\n2,0\n3,0\n4,1\n5,1\n6,1\n");
  REQUIRE_FALSE(separated.empty());
  CHECK(separated[0].code == "all-restarts-collapsed");
  CHECK_THAT(separated[0].message, Contains("`b`") || Contains("`a`"));
  const Diagnostics equal = test::fit_errors("data y: unit[N]\nparam a, b: positive\nfor n in 1..N { y[n] ~ beta(a, b) }", "y\n0.3\n0.3\n0.3\n");
  REQUIRE_FALSE(equal.empty());
  CHECK(equal[0].code == "all-restarts-collapsed");
  CHECK_THAT(equal[0].message, Contains("no maximum"));
}
