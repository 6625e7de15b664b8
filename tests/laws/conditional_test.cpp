// Every distribution in every position that has an update: with one variable latent and all else data, q is the exact posterior, so that
// log p(x, v) - log q(v) is the log evidence whatever v is. The log joint at a value is that of the same text with the variable as data.
#include <fmt/format.h>

#include <cmath>
#include <string>
#include <vector>

#include "catch.hpp"
#include "run/engine.hpp"
#include "support/planned_model.hpp"
#include "support/watched_run.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;

namespace {

struct Position {
  std::string type;                 // of v
  std::string prior;                // of v
  std::string rest;                 // what depends on v
  std::vector<std::string> values;  // of v, as literals
};

const std::vector<std::string> reals = {"-1.3", "0.2", "2.7"}, positives = {"0.3", "1.1", "4.2"}, units = {"0.07", "0.5", "0.83"},
                               simplices = {"[0.2, 0.3, 0.5]", "[0.7, 0.2, 0.1]", "[0.05, 0.05, 0.9]"},
                               vectors = {"[0.5, -1]", "[2, 0.3]", "[-1, -1.5]"},
                               matrices = {"[[1, 0.2], [0.2, 0.5]]", "[[3, -1], [-1, 2]]", "[[0.4, 0.1], [0.1, 0.9]]"}, bools = {"0", "1"},
                               levels = {"1", "2", "3"};

// Rows of each kind, and a loop over them.
std::string rows(const std::string& distribution) { return "for n in 1..4 { y[n] ~ " + distribution + " }"; }
std::string real(const std::string& d) { return "data y: real[4] = [0.3, -1.2, 2.5, 0.9]\ndata x: real[4] = [1, 0.5, -2, 0.3]\n" + rows(d); }
std::string positive(const std::string& d) { return "data y: positive[4] = [0.3, 1.2, 2.5, 0.9]\n" + rows(d); }
std::string unit(const std::string& d) { return "data y: unit[4] = [0.3, 0.12, 0.75, 0.9]\n" + rows(d); }
std::string angle(const std::string& d) { return "data y: angle[4] = [0.3, -1.2, 2.5, 0.9]\n" + rows(d); }
std::string boolean(const std::string& d) { return "data y: bool[4] = [1, 0, 1, 1]\n" + rows(d); }
std::string counts(const std::string& d) { return "data y: count[4] = [3, 0, 5, 1]\n" + rows(d); }
std::string category(const std::string& d) { return "data y: category(3)[5] = [1, 3, 2, 3, 3]\nfor n in 1..5 { y[n] ~ " + d + " }"; }
std::string vector(const std::string& d) { return "data y: vector(2)[4] = [[0.3, 1], [-1, 0.4], [2, 2.5], [0.1, -0.7]]\n" + rows(d); }
std::string matrix(const std::string& type, const std::string& d) {
  return "data y: " + type + "(2)[3] = [[[1, 0.2], [0.2, 0.5]], [[2, 0], [0, 1]], [[1, -0.3], [-0.3, 2]]]\nfor n in 1..3 { y[n] ~ " + d + " }";
}
std::string simplex(const std::string& d) { return "data y: simplex(3)[2] = [[0.2, 0.3, 0.5], [0.1, 0.6, 0.3]]\nfor n in 1..2 { y[n] ~ " + d + " }"; }

void add_scales(std::vector<Position>& out) {
  for (const std::string prior : {"gamma(2, 1)", "inverse_gamma(3, 2)", "half_normal(2)", "exponential(0.7)", "lognormal(0.1, 0.6)", "half_cauchy(1)",
                                  "half_t(3, 2)", "weibull(1.5, 2)", "inverse_gaussian(1.5, 2)"}) {
    for (const std::string likelihood : {"normal(0.5, v)", "normal(0.5, precision = v)", "normal(0.5, variance = v)", "normal(x[n], 2 * v)",
                                         "normal(0.5, sqrt(v))", "normal(0.5, precision = 3 / v)"})
      out.push_back({"positive", prior, real(likelihood), positives});
    for (const std::string likelihood :
         {"gamma(2, v)", "gamma(2, scale = v)", "gamma(v, 1.5)", "inverse_gamma(2, v)", "inverse_gamma(v, 2)", "exponential(v)", "exponential(2 * v)",
          "half_normal(v)", "half_t(3, v)", "half_cauchy(v)", "lognormal(0.3, v)", "weibull(1.5, v)", "weibull(v, 2)", "inverse_gaussian(1.5, v)",
          "inverse_gaussian(v, 1.5)"})
      out.push_back({"positive", prior, positive(likelihood), positives});
    for (const std::string likelihood : {"poisson(v)", "poisson(2.5 * v)"}) out.push_back({"positive", prior, counts(likelihood), positives});
    for (const std::string likelihood : {"beta(v, 2)", "beta(2, v)", "beta(v, v)"}) out.push_back({"positive", prior, unit(likelihood), positives});
    out.push_back({"positive", prior, angle("von_mises(0.5, v)"), positives});
    out.push_back({"positive", prior, simplex("dirichlet(v * ones(3))"), positives});
    out.push_back({"positive", prior, simplex("dirichlet([1, 2, v])"), positives});
    out.push_back({"positive", prior, vector("mvnormal(zeros(2), precision = v * eye(2))"), positives});
    out.push_back({"positive", prior, vector("mvnormal(zeros(2), covariance = v * eye(2))"), positives});
  }
}

void add_locations(std::vector<Position>& out) {
  for (const std::string prior : {"normal(0.5, 2)", "normal(0, precision = 0.3)", "normal(1, variance = 2)"}) {
    for (const std::string likelihood :
         {"normal(v, 1.5)", "normal(2 * v - 1, precision = 0.7)", "normal(v * x[n], 1)", "normal(x[n] - v / 2, variance = 2)"})
      out.push_back({"real", prior, real(likelihood), reals});
    out.push_back({"real", prior, positive("lognormal(v, 0.8)"), reals});
    out.push_back({"real", prior, vector("mvnormal([v, 2 * v], precision = [[1, 0.2], [0.2, 0.5]])"), reals});
  }
  for (const std::string likelihood : {"normal(v, 1.5)", "normal(1 - v, 0.7)"}) {
    out.push_back({"interval(-2, 3)", "uniform(-2, 3)", real(likelihood), reals});
    out.push_back({"interval(-2, 3)", "truncated_normal(0.5, 1, -2, 3)", real(likelihood), reals});
    out.push_back({"positive", "exponential(0.8)", real(likelihood), positives});
    out.push_back({"positive", "half_normal(2)", real(likelihood), positives});
    out.push_back({"positive", "gamma(2.5, 1)", real(likelihood), positives});
  }
  out.push_back({"angle", "von_mises(0.3, 1.5)", angle("von_mises(v, 2)"), {"-2", "0.4", "1.9"}});
}

void add_proportions(std::vector<Position>& out) {
  for (const std::string prior : {"beta(2, 1.5)", "uniform(0, 1)"}) {
    const std::string type = prior[0] == 'b' ? "unit" : "interval(0, 1)";
    out.push_back({type, prior, boolean("bernoulli(v)"), units});
    out.push_back({type, prior, boolean("bernoulli(1 - v)"), units});
    out.push_back({type, prior, counts("binomial(6, v)"), units});
    out.push_back({type, prior, counts("geometric(v)"), units});
  }
  out.push_back({"simplex(3)", "dirichlet([1, 2, 0.5])", category("categorical(v)"), simplices});
  out.push_back({"simplex(3)", "dirichlet(ones(3))",
                 "data y: count[2, 3] = [[1, 0, 2], [3, 1, 0]]\nfor n in 1..2 { y[n] ~ multinomial(sum(y[n]), v) }", simplices});
}

void add_matrices(std::vector<Position>& out) {
  out.push_back(
      {"vector(2)", "mvnormal([1, 0], precision = [[1, 0.3], [0.3, 2]])", vector("mvnormal(v, covariance = [[1, 0.2], [0.2, 0.5]])"), vectors});
  out.push_back({"vector(2)", "mvnormal([1, 0], covariance = eye(2))", vector("mvnormal(2 * v, precision = [[1, 0.2], [0.2, 0.5]])"), vectors});
  out.push_back({"vector(2)", "mvnormal([1, 0], covariance = eye(2))", real("normal(v[1] + x[n] * v[2], 0.8)"), vectors});
  out.push_back({"precision(2)", "wishart(df = 4, scale = [[0.5, 0.1], [0.1, 0.3]])", vector("mvnormal([0.5, 0], precision = v)"), matrices});
  out.push_back({"precision(2)", "wishart(df = 4, scale = 0.4 * eye(2))", vector("mvnormal([0.5, 0], precision = 2 * v)"), matrices});
  out.push_back({"covariance(2)", "inverse_wishart(5, [[2, 0.3], [0.3, 1]])", vector("mvnormal([0.5, 0], covariance = v)"), matrices});
  out.push_back({"covariance(2)", "inverse_wishart(5, [[2, 0.3], [0.3, 1]])", matrix("precision", "wishart(df = 4, scale = v)"), matrices});
  out.push_back({"precision(2)", "wishart(df = 4, scale = [[0.5, 0.1], [0.1, 0.3]])", matrix("covariance", "inverse_wishart(5, v)"), matrices});
  for (const std::string prior : {"gamma(3, 1)", "lognormal(1, 0.3)"})
    out.push_back({"positive", prior, matrix("precision", "wishart(df = v + 1, scale = eye(2))"), {"1.3", "2.5", "6"}});
}

void add_levels(std::vector<Position>& out) {
  const std::string three = "const m = [-1, 0.5, 2]\nconst p = [0.2, 0.7, 0.4]\nconst r = [1, 2.5, 0.6]\n";
  for (const std::string& likelihood : {real("normal(m[v], 1)"), real("normal(0, r[v])"), boolean("bernoulli(p[v])"), counts("poisson(r[v])"),
                                        positive("gamma(r[v], 2)"), positive("exponential(r[v])"), real("normal(v == 2 ? 1 : x[n], 1)")})
    out.push_back({"category(3)", "categorical([0.2, 0.5, 0.3])", three + likelihood, levels});
  for (const std::string& likelihood : {real("normal(2 * v, 1)"), real("normal(0, v ? 1 : 3)"), boolean("bernoulli(v ? 0.8 : 0.3)")})
    out.push_back({"bool", "bernoulli(0.3)", likelihood, bools});
}

// The levels of data are the values that occur, so that a level alone would be the first.
double log_joint(const Position& p, const std::string& value) {
  const bool level = p.type.rfind("category", 0) == 0;
  const std::string data =
      level ? fmt::format("data every: {}[3] = [1, 2, 3]\nv = every[{}]", p.type, value) : fmt::format("data v: {} = {}", p.type, value);
  const std::string text = fmt::format("{}\nv ~ {}\n{}\nunused ~ normal(0, 1)\n", data, p.prior, p.rest);
  const Result<run::Fit> fit = tests::fit_text({text});
  if (!fit) FAIL_CHECK(text << tests::messages(fit.diagnostics()));
  return fit ? fit->elbo : std::nan("");
}

std::vector<double> numbers(const std::string& literal) {
  std::vector<double> out;
  for (const char* at = literal.c_str(); *at != '\0';) {
    char* end = nullptr;
    const double v = std::strtod(at, &end);
    if (end == at) {
      ++at;
    } else {
      out.push_back(v);
      at = end;
    }
  }
  return out;
}

void check(const Position& p) {
  INFO("v ~ " << p.prior << "\n" << p.rest);
  const Result<tests::Planned> model = tests::plan_text({fmt::format("v ~ {}\n{}\n", p.prior, p.rest)});
  if (!model) FAIL_CHECK(tests::messages(model.diagnostics()));
  if (!model) return;
  REQUIRE(model->plan.blocks.size() == 1);
  tests::Watched run(*model);
  CHECK(run.start().value_or("") == "");
  CHECK(run.iterate().value_or("") == "");
  const double evidence = run.engine().bound().elbo;
  const family::Family& family = *model->plan.blocks[0].family;
  const std::vector<double> natural = run.factors()[0];
  std::vector<double> mean(family.size());
  double log_partition = 0;
  CHECK_FALSE(family.update(natural, mean, log_partition));
  for (const std::string& value : p.values) {
    std::vector<double> v = numbers(value), t(family.size());
    if (p.type.rfind("category", 0) == 0) v[0] -= 1;
    family.statistics_of(v, t);
    double log_q = -log_partition;
    for (std::size_t s = 0; s < t.size(); ++s) log_q += natural[s] * t[s];
    INFO("at " << value);
    CHECK_THAT(log_joint(p, value) - log_q, WithinAbs(evidence, 1e-9 * (1 + std::abs(evidence) + std::abs(log_q))));
  }
}

void check_all(void (*add)(std::vector<Position>&)) {
  std::vector<Position> positions;
  add(positions);
  for (const Position& p : positions) check(p);
}

}  // namespace

TEST_CASE("complete conditionals: rates, scales, shapes and concentrations") { check_all(add_scales); }
TEST_CASE("complete conditionals: locations") { check_all(add_locations); }
TEST_CASE("complete conditionals: proportions") { check_all(add_proportions); }
TEST_CASE("complete conditionals: vectors and matrices") { check_all(add_matrices); }
TEST_CASE("complete conditionals: levels") { check_all(add_levels); }
