#include "catch.hpp"
#include "report/report.hpp"

using Catch::Matchers::ContainsSubstring;
using jensen::report::summary;
using jensen::run::Fit;
using jensen::run::FittedVariable;

namespace {

using Cells = std::vector<std::vector<std::size_t>>;

Fit fit_with(std::vector<FittedVariable> variables) {
  Fit fit;
  fit.elbo = -1187.20753682;
  fit.iterations = 69;
  fit.converged = true;
  fit.rise_to_come = 3.21e-8;
  fit.seconds = 0.0125;
  fit.variables = std::move(variables);
  return fit;
}

FittedVariable latent(std::string name, std::string family, std::vector<std::size_t> shape, std::vector<double> mean, std::vector<double> sd) {
  return {std::move(name), "latent", std::move(family), std::move(shape), std::move(mean), std::move(sd), {}, {}, false};
}

std::vector<double> ramp(std::size_t n) {
  std::vector<double> values(n);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<double>(i);
  return values;
}

}  // namespace

TEST_CASE("a matrix is shown row by row with its numbers below each other") {
  const std::string text = summary(fit_with({latent("mu", "mvnormal", {2, 2}, {4.289789, 79.96813, 12.03639, 54.4785}, {0.1, 0.2, 0.3, 0.4})}));
  CHECK(text ==
        "variable  shape  family    mean                sd\n"
        "mu[1]     2 x 2  mvnormal  [4.28979, 79.9681]  [0.1, 0.2]\n"
        "mu[2]                      [12.0364, 54.4785]  [0.3, 0.4]\n"
        "\n"
        "ELBO            -1187.20753682\n"
        "iterations      69, converged; rise to come 3.2e-08 nats\n"
        "time            12.5 ms\n");
}

TEST_CASE("short vectors stay on one line, long ones have a line per element up to a limit") {
  const std::string text =
      summary(fit_with({latent("w", "dirichlet", {3}, {.25, .25, .5}, {.1, .1, .1}), latent("b", "normal", {40}, ramp(40), ramp(40))}));
  CHECK_THAT(text, ContainsSubstring("[0.25, 0.25, 0.5]"));
  CHECK_THAT(text, ContainsSubstring("b[10]"));
  CHECK_THAT(text, ContainsSubstring("... (30 more)"));
  CHECK(text.find("b[11]") == std::string::npos);
}

TEST_CASE("a long row is cut and says how many numbers follow") {
  CHECK_THAT(summary(fit_with({latent("phi", "dirichlet", {2, 23}, ramp(46), ramp(46))})),
             ContainsSubstring("[ 0,  1,  2,  3,  4,  5, ... (17 more)]"));
}

TEST_CASE("params stand apart with their value and no sd") {
  FittedVariable sigma{"sigma", "param", "", {}, {}, {}, {15.37958}, {}, false};
  Fit fit = fit_with({latent("b", "normal", {}, {3.93}, {0.4}), sigma});
  const std::string text = summary(fit);
  CHECK_THAT(text, ContainsSubstring("param  shape   family  value\nsigma  scalar          15.3796\n"));
}

TEST_CASE("levels are named") {
  FittedVariable z{"z", "latent", "categorical", {2, 2}, {.9, .1, .2, .8}, {}, {}, {"yes", "no"}, true};
  FittedVariable b{"b", "latent", "normal", {7}, ramp(7), ramp(7), {}, {"A", "B", "C", "D", "E", "F", "G"}, false};
  const std::string text = summary(fit_with({z, b}));
  CHECK_THAT(text, ContainsSubstring("[yes 0.9, no 0.1]"));
  CHECK_THAT(text, ContainsSubstring("b[G]"));
}

TEST_CASE("the bound is named for what it is") {
  Fit exact = fit_with({latent("b", "normal", {}, {3.93}, {0.4})});
  exact.exact = true;
  CHECK_THAT(summary(exact), ContainsSubstring("(the log evidence: q is exact)"));

  exact.variables.push_back({"sigma", "param", "", {}, {}, {}, {1}, {}, false});
  exact.log_likelihood = -1130.26396;
  const std::string text = summary(exact);
  CHECK_THAT(text, ContainsSubstring("log likelihood  -1130.26396\n"));
  CHECK(text.find("ELBO") == std::string::npos);
}

TEST_CASE("a run that stopped early and discarded restarts says so") {
  Fit fit = fit_with({});
  fit.converged = false;
  fit.discarded_restarts = 2;
  CHECK_THAT(summary(fit), ContainsSubstring("69, not converged; rise to come"));
  CHECK_THAT(summary(fit), ContainsSubstring("restarts        2 discarded because they collapsed"));
}

TEST_CASE("timings give the time per iteration") {
  Fit fit = fit_with({});
  fit.timings.iterations = 0.138;
  CHECK_THAT(jensen::report::timings_text(fit), ContainsSubstring("138 ms  (2 ms per iteration)"));
}

TEST_CASE("missing cells stand with their places in the data, ten of many") {
  FittedVariable ozone = latent("ozone", "normal", {2}, {40.5, 12}, {9, 8});
  ozone.cells = Cells{{5}, {25}};
  const std::string text = summary(fit_with({ozone}));
  CHECK_THAT(text, ContainsSubstring("ozone[5]   2 cells  normal  40.5"));
  CHECK_THAT(text, ContainsSubstring("ozone[25]"));
  FittedVariable many = latent("x", "normal", {37}, ramp(37), ramp(37));
  many.cells.emplace();
  for (std::size_t i = 0; i < 37; ++i) many.cells->push_back({2 * i + 1, 3});
  const std::string cut = summary(fit_with({many}));
  CHECK_THAT(cut, ContainsSubstring("x[19, 3]") && ContainsSubstring("... (27 more)"));
  CHECK(cut.find("x[21, 3]") == std::string::npos);
}

TEST_CASE("a missing cell of a category shows the probabilities of its levels") {
  FittedVariable sort = latent("sort", "categorical", {1, 2}, {.25, .75}, {});
  sort.levels = {"red", "blue"};
  sort.cells = Cells{{3}};
  CHECK_THAT(summary(fit_with({sort})), ContainsSubstring("sort[3]   1 cell  categorical  [red 0.25, blue 0.75]"));
}
