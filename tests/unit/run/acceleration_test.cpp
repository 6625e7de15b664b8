#include <algorithm>

#include "catch.hpp"
#include "support/model_text.hpp"
#include "support/program.hpp"
#include "support/references.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;

namespace {

std::string text_of(const std::string& path) { return tests::read_text(std::string(JENSEN_SOURCE_DIR) + "/examples/" + path); }

const run::FittedVariable& variable(const run::Fit& fit, const std::string& name) {
  return *std::find_if(fit.variables.begin(), fit.variables.end(), [&](const auto& v) { return v.name == name; });
}

run::Fit plain_fit(const std::string& model, const std::string& csv, int iterations = 10000) {
  run::FitOptions options;
  options.accelerate = false;
  options.max_iterations = iterations;
  return test::fit(model, csv, options);
}

// Beyond rounding the bound never falls.
void check_monotone(const run::Fit& fit) {
  REQUIRE(fit.elbo_trace.size() == static_cast<std::size_t>(fit.iterations));
  for (std::size_t i = 1; i < fit.elbo_trace.size(); ++i) CHECK(fit.elbo_trace[i] >= fit.elbo_trace[i - 1] - 1e-9);
  CHECK(fit.elbo == fit.elbo_trace.back());
}

const std::string poisson_chain = R"(const K = 2
data count: count[T]
param start: simplex(K)
param trans: simplex(K)[K]
param rate: positive[K]
z[1] ~ categorical(start)
for t in 2..T { z[t] ~ categorical(trans[z[t-1]]) }
for t in 1..T { count[t] ~ poisson(rate[z[t]]) })";

}  // namespace

TEST_CASE("factor analysis reaches its maximum in a small share of the plain iterations", "[run][acceleration]") {
  const std::string model = text_of("factor_analysis/attitude.model"), csv = text_of("factor_analysis/attitude.csv");
  const run::Fit fit = test::fit(model, csv);
  CHECK(fit.converged);
  CHECK(fit.iterations < 200);
  check_monotone(fit);
  CHECK_THAT(fit.elbo, WithinAbs(tests::reference("attitude-factor-analysis", "log_likelihood")["value"].get<double>(), 1e-5));
  const run::Fit plain = plain_fit(model, csv, fit.iterations);
  CHECK_FALSE(plain.converged);
  CHECK(plain.elbo < fit.elbo - 1e-3);
}

TEST_CASE("accelerated and plain runs end at the same maximum", "[run][acceleration]") {
  for (const std::string name : {"ppca/iris", "matrix_factorisation/ratings", "eight_schools/eight_schools", "sleepstudy/sleepstudy_ml",
                                 "latent_class/shoppers", "dawid_skene/annotators_ml"}) {
    INFO(name);
    const std::string model = text_of(name + ".model");
    const std::string folder = name.substr(0, name.find('/'));
    const std::string csv = folder == "eight_schools"  ? text_of(folder + "/eight_schools.csv")
                            : folder == "latent_class" ? text_of(folder + "/answers.csv")
                            : folder == "dawid_skene"  ? text_of(folder + "/annotations.csv")
                                                       : text_of(folder + "/" +
                                                                 (folder == "ppca"         ? "iris"
                                                                  : folder == "sleepstudy" ? folder
                                                                                           : "ratings") +
                                                                 ".csv");
    const run::Fit fit = test::fit(model, csv), plain = plain_fit(model, csv);
    CHECK(fit.converged);
    check_monotone(fit);
    CHECK_THAT(fit.elbo, WithinAbs(plain.elbo, 5e-6));
    CHECK(fit.iterations <= plain.iterations + plain.iterations / 4 + 5);
  }
}

TEST_CASE("a share on its way to zero does not mislead the acceleration, and one that is zero stays so", "[run][acceleration]") {
  const std::string csv = text_of("earthquakes/earthquakes.csv");
  run::FitOptions options;
  options.init_json = R"({"start": {"value": [1, 0]}, "trans": {"value": [[0.9, 0.1], [0.1, 0.9]]}, "rate": {"value": [15, 25]}})";
  const run::Fit fit = test::fit(poisson_chain, csv, options);
  CHECK(fit.converged);
  CHECK(fit.iterations < 40);
  check_monotone(fit);
  CHECK_THAT(fit.elbo, WithinAbs(tests::reference("earthquakes-hmm2", "log_likelihood")["value"].get<double>(), 1e-5));
  CHECK(variable(fit, "start").value == std::vector<double>{1, 0});
}

TEST_CASE("a fixed number of iterations is one of plain iterations", "[run][acceleration]") {
  const std::string model = text_of("ppca/iris.model"), csv = text_of("ppca/iris.csv");
  run::FitOptions options;
  options.tolerance = 0;
  options.max_iterations = 30;
  const run::Fit fixed = test::fit(model, csv, options);
  options.accelerate = false;
  CHECK(fixed.elbo_trace == test::fit(model, csv, options).elbo_trace);
  CHECK(fixed.iterations == 30);
}

TEST_CASE("the tightest tolerance ends where changes are rounding", "[run][acceleration]") {
  const std::string model = text_of("crossed_effects/penicillin.model"), csv = text_of("crossed_effects/penicillin.csv");
  for (const bool accelerate : {true, false}) {
    run::FitOptions options;
    options.tolerance = 1e-14;
    options.max_iterations = 300;
    options.accelerate = accelerate;
    CHECK(test::fit(model, csv, options).converged);
  }
}
