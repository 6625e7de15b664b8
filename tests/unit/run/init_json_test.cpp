#include "run/init_json.hpp"

#include "catch.hpp"
#include "report/report.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;

namespace {

// A param in one block with latents of which only some pairs are statistics.
const tests::ModelText intercepts{R"(
    data y: real[N]
    data group: category(G)[N]
    param mu: real
    param t, s: positive
    for g in 1..G { b[g] ~ normal(mu, t) }
    for n in 1..N { y[n] ~ normal(b[group[n]], s) })",
                                  "y,group\n1.5,a\n2.5,a\n4,b\n4.25,b\n-1,c\n-2,c\n0.5,d\n1,d\n"};

run::FitOptions from(const std::string& json, int iterations = 1000) {
  run::FitOptions options;
  options.init_json = json;
  options.max_iterations = iterations;
  return options;
}

}  // namespace

TEST_CASE("a fit starts where another ended, params among latents included", "[run][init]") {
  const auto first = tests::fit_text(intercepts);
  REQUIRE(first.ok());
  const auto again = tests::fit_text(intercepts, from(report::to_json(*first), 0));
  REQUIRE(again.ok());
  CHECK_THAT(again->elbo, WithinAbs(first->elbo, 1e-5));
}

TEST_CASE("a param among latents is given by its value", "[run][init]") {
  const auto plain = tests::fit_text(intercepts);
  const auto given = tests::fit_text(intercepts, from(R"({"mu": {"value": 3}, "t": {"value": 1}, "s": {"value": 2}})"));
  REQUIRE(plain.ok());
  REQUIRE(given.ok());
  CHECK_THAT(given->elbo, WithinAbs(plain->elbo, 1e-5));
  const auto wrong = tests::fit_text(intercepts, from(R"({"mu": {"mean": 3}})"));
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.diagnostics().front().code == "init-unknown-key");
}
