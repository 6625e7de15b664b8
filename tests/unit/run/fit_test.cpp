#include "run/run.hpp"

#include <fmt/format.h>

#include <cmath>

#include "catch.hpp"
#include "plan/plan.hpp"
#include "support/planned_model.hpp"
#include "unit/plan/joint_builder.hpp"

using namespace jensen;
using namespace jensen::test;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

Result<run::Fit> fit(const JointBuilder& b, const run::FitOptions& options) {
  const auto plan = plan::make_plan(b.graph, b.derivation, b.data);
  REQUIRE(plan.ok());
  return run::fit(b.graph, b.derivation, *plan, b.data, options);
}

// The same joint with its latents stored: another way through planning to the same figures.
JointBuilder stored(JointBuilder b) {
  for (auto& v : b.graph.variables) v.data_sized = false;
  return b;
}

std::string responsibilities(std::int64_t rows, std::int64_t levels) {
  std::string out = R"({"z": {"responsibility": [)";
  family::Stream stream(3, family::Purpose::test, 9);
  for (std::int64_t r = 0; r < rows; ++r) {
    std::vector<double> p(static_cast<std::size_t>(levels));
    double total = 0;
    for (double& v : p) total += v = stream.uniform();
    for (double& v : p) v /= total;
    out += fmt::format("{}[{:.17g}]", r == 0 ? "" : ",", fmt::join(p, ","));
  }
  return out + "]}}";
}

// y[n] ~ normal(b[group[n]], precision = tau), b[c] ~ normal(0, 1), tau ~ gamma(2, 2), with an indicator of the group as data.
JointBuilder groups(std::int64_t n, std::int64_t c, bool weighted, const std::vector<std::int64_t>& copies) {
  JointBuilder b;
  std::vector<double> y, group, weight;
  family::Stream stream(11, family::Purpose::test, 0);
  for (std::int64_t i = 0; i < n; ++i) {
    const double value = stream.normal() + static_cast<double>(i % c);
    const std::int64_t times = copies.empty() ? 1 : copies[static_cast<std::size_t>(i) % copies.size()];
    for (std::int64_t k = 0; k < (weighted ? 1 : times); ++k) {
      y.push_back(value);
      group.push_back(static_cast<double>(i % c + 1));
      weight.push_back(static_cast<double>(times));
    }
  }
  const auto rows = static_cast<std::int64_t>(y.size());
  const IndexId row = b.index("n", rows), level = b.index("c", c);
  const VariableId data = b.data_variable("y", {rows}, y), county = b.data_variable("group", {rows}, group);
  const VariableId times = b.data_variable("times", {rows}, weight);
  const VariableId tau = b.variable("tau", model::Role::latent, SupportKind::positive, {}, 0);
  const VariableId mean = b.variable("b", model::Role::latent, SupportKind::real, {c}, 1);
  const DataExprId yn = b.element(data, {row}), pick = b.one_hot(b.element(county, {row}), level);
  const auto precision = b.atom(tau, value_of, {});
  if (weighted) b.weight = b.element(times, {row});
  b.term(0.5, {pick}, {b.atom(tau, log_of, {})}, {row, level});
  b.term(-0.5 * std::log(2 * M_PI), {pick}, {}, {row, level});
  b.term(-0.5, {pick, yn, yn}, {precision}, {row, level});
  b.term(1, {pick, yn}, {precision, b.atom(mean, value_of, {level})}, {row, level});
  b.term(-0.5, {pick}, {precision, b.atom(mean, {StatisticKind::power, 2}, {level})}, {row, level});
  b.weight.reset();
  b.term(-0.5, {}, {b.atom(mean, {StatisticKind::power, 2}, {level})}, {level});
  b.term(-0.5 * std::log(2 * M_PI), {}, {}, {level});
  b.term(1, {}, {b.atom(tau, log_of, {})}, {});
  b.term(-2, {}, {precision}, {});
  b.term(2 * std::log(2.0), {}, {}, {});
  b.block(derive::BlockKind::family, {.kind = Kind::gaussian}, false, mean, 1);
  b.block(derive::BlockKind::family, {.kind = Kind::gamma_power, .power = 1}, false, tau, 0);
  return b;
}

}  // namespace

TEST_CASE("a swept and a stored block give the same fit, whatever the number of rows", "[run]") {
  for (const std::int64_t n : {1, 5, 255, 256, 257, 8193}) {
    const std::int64_t k = 3, d = 2;
    const JointBuilder b = mixture_by_likelihood(n, d, k, random_rows(n, d, k, 5));
    const auto plan = plan::make_plan(b.graph, b.derivation, b.data);
    REQUIRE(plan.ok());
    REQUIRE(plan->blocks.back().swept);
    run::FitOptions options;
    options.max_iterations = 3;
    options.tolerance = 0;
    options.collapse_threshold = 0;
    options.init_json = responsibilities(n, k);
    const auto swept = fit(b, options), kept = fit(stored(b), options);
    REQUIRE(swept.ok() == kept.ok());
    if (!swept.ok()) continue;  // fewer rows than a covariance needs
    for (std::size_t i = 0; i < swept->elbo_trace.size(); ++i) REQUIRE_THAT(swept->elbo_trace[i], WithinRel(kept->elbo_trace[i], 1e-10));
  }
}

TEST_CASE("results are the same bits for any number of threads", "[run]") {
  const JointBuilder b = mixture_by_likelihood(40000, 3, 4, random_rows(40000, 3, 4, 2));
  run::FitOptions options;
  options.max_iterations = 5;
  options.tolerance = 0;
  const auto one = fit(b, options);
  REQUIRE(one.ok());
  for (const int threads : {2, 4}) {
    options.threads = threads;
    const auto many = fit(b, options);
    REQUIRE(many.ok());
    REQUIRE(many->elbo_trace == one->elbo_trace);
    for (std::size_t v = 0; v < one->variables.size(); ++v) REQUIRE(many->variables[v].value == one->variables[v].value);
  }
}

TEST_CASE("the bound never falls, and the rows asked for are probabilities", "[run]") {
  const JointBuilder b = mixture_by_likelihood(500, 2, 3, random_rows(500, 2, 3, 8));
  run::FitOptions options;
  options.max_iterations = 200;
  options.rows = {"z"};
  const auto f = fit(b, options);
  REQUIRE(f.ok());
  for (std::size_t i = 1; i < f->elbo_trace.size(); ++i) REQUIRE(f->elbo_trace[i] >= f->elbo_trace[i - 1] - 1e-9);
  REQUIRE(f->variables.size() == 4);
  REQUIRE(f->variables.back().shape == std::vector<std::size_t>{500, 3});
  for (std::size_t r = 0; r < 500; ++r) {
    const double* p = f->variables.back().mean.data() + 3 * r;
    REQUIRE_THAT(p[0] + p[1] + p[2], WithinAbs(1, 1e-13));
  }
  REQUIRE_THAT(f->log_likelihood.value(), WithinRel(f->elbo, 1e-15));
}

TEST_CASE("a fit's own output starts another fit where it ended", "[run]") {
  const JointBuilder b = groups(200, 4, false, {});
  run::FitOptions options;
  const auto first = fit(b, options);
  REQUIRE(first.ok());
  REQUIRE(first->converged);
  std::string json = R"({"variables": {}, "blocks": [)";
  for (const auto& block : first->blocks) {
    json += fmt::format(R"({}{{"variables": ["{}"], "natural": [{:.17g}]}})", json.back() == '[' ? "" : ",", block.variables[0],
                        fmt::join(block.natural, ","));
  }
  options.init_json = json + "]}";
  options.max_iterations = 0;
  const auto second = fit(b, options);
  REQUIRE(second.ok());
  REQUIRE_THAT(second->elbo, WithinAbs(first->elbo, 1e-9));
}

TEST_CASE("a row of weight w counts as w rows", "[run]") {
  const std::vector<std::int64_t> copies{1, 3, 0, 2};
  const auto weighted = fit(groups(101, 5, true, copies), {}), repeated = fit(groups(101, 5, false, copies), {});
  REQUIRE(weighted.ok());
  REQUIRE(repeated.ok());
  REQUIRE_THAT(weighted->elbo, WithinRel(repeated->elbo, 1e-10));
}

TEST_CASE("no rows at all leave the priors", "[run]") {
  const auto f = fit(groups(0, 3, false, {}), {});
  REQUIRE(f.ok());
  REQUIRE(f->converged);
  REQUIRE_THAT(f->elbo, WithinAbs(0, 1e-9));  // the evidence of no data is 1
}

TEST_CASE("components that cannot all be filled are said to collapse, never NaN", "[run]") {
  const auto f = fit(mixture_by_likelihood(3, 2, 3, {0, 0, 1, 1, 2, 5}), {});
  REQUIRE_FALSE(f.ok());
  REQUIRE(f.diagnostics().front().code == "all-restarts-collapsed");
}

TEST_CASE("start values are checked", "[run]") {
  const JointBuilder b = groups(20, 2, false, {});
  const auto code = [&](const std::string& json) {
    run::FitOptions options;
    options.init_json = json;
    const auto f = fit(b, options);
    return f.ok() ? std::string("ok") : f.diagnostics().front().code;
  };
  REQUIRE(code(R"({"tau": {"shape": 2, "rate": 1}, "b": {"mean": [0, 1], "sd": [1, 1]}})") == "ok");
  REQUIRE(code("[1]") == "init-not-json");
  REQUIRE(code("{") == "init-not-json");
  REQUIRE(code(R"({"tao": {"mean": 1}})") == "init-unknown-variable");
  REQUIRE(code(R"({"tau": {"men": 1}})") == "init-unknown-key");
  REQUIRE(code(R"({"tau": {"shape": 1}})") == "init-incomplete");
  REQUIRE(code(R"({"tau": {"mean": -1}})") == "init-improper");
  REQUIRE(code(R"({"b": {"mean": [0, 1, 2]}})") == "init-wrong-shape");
  REQUIRE(code(R"({"b": {"mean": ["x", null]}})") == "init-not-a-number");
  REQUIRE(code(R"({"b": {"mean": "missing.npy"}})") != "ok");
}

TEST_CASE("a fit can be stopped", "[run]") {
  std::atomic<bool> cancel = true;
  run::FitOptions options;
  options.cancel = &cancel;
  const auto f = fit(groups(20, 2, false, {}), options);
  REQUIRE_FALSE(f.ok());
  REQUIRE(f.diagnostics().front().status == ExitStatus::stopped);
}

TEST_CASE("a scale is not drawn to infinity by the part of a density that stands alone", "[fit]") {
  const auto fit =
      tests::fit_text({"data y: count[N] = [2, 1, 5, 5, 1, 6, 5, 2, 4, 6, 6, 0]\na ~ lognormal(0, 1)\n"
                       "for n in 1..N { y[n] ~ beta_binomial(9, a, 2) }\n",
                       ""});
  REQUIRE(fit);
  const double mean = tests::variable(*fit, "a").mean.at(0);
  CHECK(mean > 0.3);
  CHECK(mean < 10);
  for (std::size_t i = 1; i < fit->elbo_trace.size(); ++i) CHECK(fit->elbo_trace[i] >= fit->elbo_trace[i - 1] - 1e-9);
}

TEST_CASE("a latent of which one element lies outside a weighted plate has no one weight", "[fit]") {
  const auto fit =
      tests::fit_text({"data y: real[N] = [1, 0, 1]\nx[1] ~ normal(0, 1)\nfor t in 2..N weight 2 { x[t] ~ normal(0, 1)  y[t] ~ normal(x[t], 1) "
                       "}\ny[1] ~ normal(0, 1)\n",
                       ""});
  CHECK_FALSE(fit);
}

TEST_CASE("local updates of a block that meets one with a pattern lead where plain ones do", "[fit]") {
  const std::string model =
      "data y: real[N] = [1.2, 0.4, 2.2, 1.9, 0.8, 3.1, 2.7, 0.1]\ndata g: category(G)[N] = [\"a\", \"b\", \"a\", \"c\", \"b\", \"c\", \"a\", "
      "\"b\"]\n"
      "param mu: real\nfor j in 1..G { b[j] ~ normal(mu, 2)  s[j] ~ gamma(3, 2) }\n"
      "for n in 1..N { h[n] ~ normal(0, 1)  y[n] ~ normal(b[g[n]] + h[n], precision = s[g[n]]) }\n";
  run::FitOptions options;
  const auto plain = tests::fit_text({model, ""}, options);
  options.local.updates = 3;
  const auto local = tests::fit_text({model, ""}, options);
  REQUIRE(plain);
  REQUIRE(local);
  CHECK_THAT(local->elbo, WithinAbs(plain->elbo, 1e-5));
  for (std::size_t i = 1; i < local->elbo_trace.size(); ++i) CHECK(local->elbo_trace[i] >= local->elbo_trace[i - 1] - 1e-9);
}

TEST_CASE("a table of data looked up by two columns", "[fit]") {
  const auto fit =
      tests::fit_text({"data table: real[2, 3] = [[1, 2, 3], [10, 20, 30]]\ndata y: real[N]\ndata a: int[N]\ndata b: int[N]\n"
                       "m ~ normal(0, 10)\nfor n in 1..N { y[n] ~ normal(m + table[a[n], b[n]], 1) }\n",
                       "y,a,b\n20.5,2,2\n3.5,1,3\n"});
  if (!fit) FAIL(tests::messages(fit.diagnostics()));
  CHECK_THAT(tests::variable(*fit, "m").mean[0], WithinAbs((0.5 + 0.5) / 2.01, 1e-9));
}
