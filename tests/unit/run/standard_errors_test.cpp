#include <algorithm>
#include <boost/math/special_functions/trigamma.hpp>
#include <cmath>

#include "catch.hpp"
#include "support/model_text.hpp"
#include "support/program.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using Numbers = std::vector<double>;

namespace {

std::string text_of(const std::string& path) { return tests::read_text(std::string(JENSEN_SOURCE_DIR) + "/examples/" + path); }

run::Fit asked(const std::string& model, const std::string& csv) {
  run::FitOptions options;
  options.standard_errors = run::StandardErrorChoice::on;
  options.tolerance = 1e-13;  // compared to more digits than the bound needs
  return test::fit(model, csv, options);
}

const run::FittedVariable& variable(const run::Fit& fit, const std::string& name) {
  return *std::find_if(fit.variables.begin(), fit.variables.end(), [&](const auto& v) { return v.name == name; });
}

double se(const run::Fit& fit, const std::string& name) {
  INFO(name << ": " << fit.no_standard_errors);
  REQUIRE(variable(fit, name).se.size() == 1);
  return variable(fit, name).se[0];
}

const std::string sample = "y\n3.1\n-0.4\n2.2\n5.6\n1.9\n0.3\n4.4\n2.8\n";
constexpr double n = 8;

}  // namespace

TEST_CASE("a normal sample: sd/√n and sd/√(2n)", "[run][standard_errors]") {
  const run::Fit fit = asked("data y: real[N] param m: real param s: positive for i in 1..N { y[i] ~ normal(m, s) }", sample);
  const double s = variable(fit, "s").value[0];
  CHECK_THAT(se(fit, "m"), WithinRel(s / std::sqrt(n), 1e-6));
  CHECK_THAT(se(fit, "s"), WithinRel(s / std::sqrt(2 * n), 1e-6));
}

TEST_CASE("variance and precision of it: v √(2/n) and r √(2/n)", "[run][standard_errors]") {
  const run::Fit v = asked("data y: real[N] param v: positive for i in 1..N { y[i] ~ normal(2, variance = v) }", sample);
  CHECK_THAT(se(v, "v"), WithinRel(variable(v, "v").value[0] * std::sqrt(2 / n), 1e-6));
  const run::Fit r = asked("data y: real[N] param r: positive for i in 1..N { y[i] ~ normal(2, precision = r) }", sample);
  CHECK_THAT(se(r, "r"), WithinRel(variable(r, "r").value[0] * std::sqrt(2 / n), 1e-6));
}

TEST_CASE("an exponential rate: rate/√n", "[run][standard_errors]") {
  const run::Fit fit = asked("data y: positive[N] param r: positive for i in 1..N { y[i] ~ exponential(r) }", "y\n0.3\n1.7\n0.2\n4.1\n0.9\n");
  CHECK_THAT(se(fit, "r"), WithinRel(variable(fit, "r").value[0] / std::sqrt(5.0), 1e-6));
}

// Information n [[ψ1(a) − ψ1(a + b), −ψ1(a + b)], [−ψ1(a + b), ψ1(b) − ψ1(a + b)]].
TEST_CASE("both parameters of a beta, searched for together", "[run][standard_errors]") {
  const run::Fit fit = asked("data y: unit[N] param a, b: positive for i in 1..N { y[i] ~ beta(a, b) }", "y\n0.2\n0.35\n0.6\n0.5\n0.45\n0.7\n0.3\n");
  using boost::math::trigamma;
  const double a = variable(fit, "a").value[0], b = variable(fit, "b").value[0], both = trigamma(a + b);
  const double aa = 7 * (trigamma(a) - both), bb = 7 * (trigamma(b) - both), ab = -7 * both, determinant = aa * bb - ab * ab;
  CHECK_THAT(se(fit, "a"), WithinRel(std::sqrt(bb / determinant), 1e-5));
  CHECK_THAT(se(fit, "b"), WithinRel(std::sqrt(aa / determinant), 1e-5));
}

// R 4.2: glm(am ~ hp + wt, binomial, mtcars), column Std. Error.
TEST_CASE("coefficients of a logistic regression", "[run][standard_errors]") {
  const run::Fit fit = asked(text_of("logistic/transmission.model"), text_of("logistic/mtcars.csv"));
  CHECK_THAT(se(fit, "intercept"), WithinAbs(7.44356, 1e-3));
  CHECK_THAT(se(fit, "by_power"), WithinAbs(0.01773, 1e-5));
  CHECK_THAT(se(fit, "by_weight"), WithinAbs(3.06868, 1e-3));
}

TEST_CASE("a proportion: √(p (1 − p)/n), and the same of a simplex", "[run][standard_errors]") {
  const std::string csv = "y\n1\n0\n0\n1\n0\n0\n0\n1\n0\n0\n";
  const run::Fit fit = asked("data y: bool[N] param p: unit for i in 1..N { y[i] ~ bernoulli(p) }", csv);
  CHECK_THAT(se(fit, "p"), WithinRel(std::sqrt(0.3 * 0.7 / 10), 1e-6));
  const run::Fit shares =
      asked("data y: category(K)[N] param w: simplex(K) for i in 1..N { y[i] ~ categorical(w) }", "y\na\nb\nb\nc\nb\na\nb\nb\nc\nb\n");
  REQUIRE(variable(shares, "w").se.size() == 3);
  for (std::size_t k = 0; k < 3; ++k) {
    const double p = variable(shares, "w").value[k];
    CHECK_THAT(variable(shares, "w").se[k], WithinRel(std::sqrt(p * (1 - p) / 10), 1e-6));
  }
}

TEST_CASE("the covariance of a bivariate sample: √((S_ii S_jj + S_ij²)/n)", "[run][standard_errors]") {
  const run::Fit fit =
      asked("data x: vector(2)[N] = columns(a, b) param S: covariance(2) for i in 1..N { x[i] ~ mvnormal(zeros(2), covariance = S) }",
            "a,b\n1,2\n-1,0.3\n0.4,-2\n2,1\n-2,-1.5\n0.2,0.9\n");
  const Numbers &s = variable(fit, "S").value, &errors = variable(fit, "S").se;
  REQUIRE(errors.size() == 4);
  for (std::size_t i = 0; i < 2; ++i) {
    for (std::size_t j = 0; j < 2; ++j) {
      const double expected = std::sqrt((s[i * 2 + i] * s[j * 2 + j] + s[i * 2 + j] * s[i * 2 + j]) / 6);
      CHECK_THAT(errors[i * 2 + j], WithinRel(expected, 1e-5));
    }
  }
}

// R 4: summary(lm(dist ~ speed, cars)) gives 6.7584, 0.4155 from the variance with 48 degrees of freedom; maximum likelihood divides by 50.
TEST_CASE("the coefficients of a regression: those of least squares", "[run][standard_errors]") {
  const run::Fit fit = asked(text_of("cars/regression_ml.model"), text_of("cars/cars.csv"));
  CHECK_THAT(se(fit, "a"), WithinAbs(6.7584 * std::sqrt(48.0 / 50), 1e-4));
  CHECK_THAT(se(fit, "b"), WithinAbs(0.4155 * std::sqrt(48.0 / 50), 1e-4));
  CHECK_THAT(se(fit, "s"), WithinRel(variable(fit, "s").value[0] / 10, 1e-6));
}

// The Hessian of the likelihood written out in NumPy, by central differences at the maximum (steps 1e-3 for w, 1e-2 for the others).
TEST_CASE("a mixture by EM: the Hessian of its likelihood", "[run][standard_errors]") {
  const run::Fit fit = asked(text_of("faithful/waiting_em.model"), text_of("faithful/faithful.csv"));
  const auto check = [&](const std::string& name, Numbers expected) {
    Numbers found = variable(fit, name).se;
    std::sort(found.begin(), found.end());
    std::sort(expected.begin(), expected.end());
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK_THAT(found[i], WithinRel(expected[i], 2e-4));
  };
  check("w", {0.03116454, 0.03116454});
  check("mean", {0.50459395, 0.6996738});
  check("sd", {0.40095489, 0.53731437});
}

// The Hessian of the Kalman filter's likelihood in NumPy, by central differences (steps 0.05) at 122.883211, 38.312090.
TEST_CASE("a local level: the Hessian of the Kalman filter's likelihood", "[run][standard_errors]") {
  const std::string nile =
      "flow\n1120\n1160\n963\n1210\n1160\n1160\n813\n1230\n1370\n1140\n995\n935\n1110\n994\n1020\n960\n1180\n799\n958\n1140\n1100\n1210\n1150\n1250\n"
      "1260\n"
      "1220\n1030\n1100\n774\n840\n874\n694\n940\n833\n701\n916\n692\n1020\n1050\n969\n831\n726\n456\n824\n702\n1120\n1100\n832\n764\n821\n768\n845\n"
      "864\n862\n"
      "698\n845\n744\n796\n1040\n759\n781\n865\n845\n944\n984\n897\n822\n1010\n771\n676\n649\n846\n812\n742\n801\n1040\n860\n874\n848\n890\n744\n749"
      "\n838\n1050\n"
      "918\n986\n797\n923\n975\n815\n1020\n906\n901\n1170\n912\n746\n919\n718\n714\n740\n";
  const run::Fit fit = asked(R"(data flow: real[T]
param sd_level, sd_obs: positive
level[1] ~ normal(1000, 1000)
for t in 2..T { level[t] ~ normal(level[t-1], sd_level) }
for t in 1..T { flow[t] ~ normal(level[t], sd_obs) })",
                             nile);
  CHECK_THAT(fit.elbo, WithinAbs(-640.380540285, 1e-6));
  CHECK_THAT(se(fit, "sd_obs"), WithinRel(12.80096307, 2e-4));
  CHECK_THAT(se(fit, "sd_level"), WithinRel(16.70222309, 2e-4));
}

// The vignette of lme4 and Bates (2010), "lme4: Mixed-effects modeling with R": REML = FALSE.
TEST_CASE("fixed effects beside random ones: those of lme4", "[run][standard_errors]") {
  const run::Fit sleep = asked(text_of("sleepstudy/sleepstudy_ml.model"), text_of("sleepstudy/sleepstudy.csv"));
  CHECK_THAT(se(sleep, "a"), WithinAbs(6.632, 1e-3));
  CHECK_THAT(se(sleep, "b"), WithinAbs(1.502, 1e-3));
  const run::Fit zones = asked(text_of("crossed_effects/penicillin.model"), text_of("crossed_effects/penicillin.csv"));
  CHECK_THAT(se(zones, "mean"), WithinAbs(0.7446, 1e-4));
}

TEST_CASE("no standard errors, and why", "[run][standard_errors]") {
  const run::Fit flat = asked(text_of("factor_analysis/attitude.model"), text_of("factor_analysis/attitude.csv"));
  CHECK_THAT(flat.no_standard_errors, Catch::Matchers::Contains("not positive definite"));  // the factors may be rotated
  CHECK(variable(flat, "psi").se.empty());
  const run::Fit bound =
      asked("data y: real[N] param s: positive m ~ normal(0, 1) r ~ gamma(1, 1) for i in 1..N { y[i] ~ normal(m * s, precision = r) }", sample);
  CHECK_THAT(bound.no_standard_errors, Catch::Matchers::Contains("not the exact posterior"));
}

TEST_CASE("a share of zero has no standard error; the others are those given it", "[run][standard_errors]") {
  run::FitOptions options;
  options.standard_errors = run::StandardErrorChoice::on;
  options.init_json = R"({"w": {"value": [0.4, 0.6, 0]}})";
  const run::Fit fit = test::fit(
      "const K = 3 data y: real[N] const m = [0, 4, 9] param w: simplex(K)"
      " for i in 1..N { z[i] ~ categorical(w) y[i] ~ normal(m[z[i]], 1) }",
      "y\n0.1\n4.2\n-0.3\n0.4\n3.7\n", options);
  const Numbers& errors = variable(fit, "w").se;
  REQUIRE(errors.size() == 3);
  CHECK(std::isnan(errors[2]));
  CHECK_THAT(errors[0], WithinRel(std::sqrt(0.4 * 0.6 / 5), 0.02));  // the components lie apart
  CHECK_THAT(errors[0], WithinRel(errors[1], 1e-6));
}
