// What coordinate ascent promises, on generated models: the bound never falls, it is what the printed terms say, and every update is its optimum.
#include <cmath>

#include "catch.hpp"
#include "generate/generate.hpp"
#include "support/planned_model.hpp"
#include "support/term_sum.hpp"
#include "support/watched_run.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using tests::Planned;

namespace {

Planned planned(const tests::GeneratedModel& model) {
  Result<Planned> plan = tests::plan_text({model.text(), model.csv()});
  if (!plan) FAIL(model.text() << tests::messages(plan.diagnostics()));
  return std::move(*plan);
}

}  // namespace

TEST_CASE("the ELBO never falls, on 200 generated models") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const tests::GeneratedModel model = tests::generate(seed);
    run::FitOptions options;
    options.max_iterations = 200;
    const Result<run::Fit> fit = tests::fit_text({model.text(), model.csv()}, options);
    CAPTURE(seed);
    if (!fit) FAIL_CHECK(model.text() << tests::messages(fit.diagnostics()));
    if (!fit) continue;
    for (std::size_t i = 1; i < fit->elbo_trace.size(); ++i) {
      CHECK(fit->elbo_trace[i] >= fit->elbo_trace[i - 1] - 1e-10 * (1 + std::abs(fit->elbo_trace[i - 1])));
    }
    CHECK(fit->elbo >= fit->elbo_trace.front() - 1e-9);
  }
}

TEST_CASE("the bound of the run is the sum of the printed terms and the entropies") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const tests::GeneratedModel generated = tests::generate(seed);
    const Planned model = planned(generated);
    CAPTURE(seed);
    INFO(generated.text());
    tests::Watched run(model);
    REQUIRE(run.start().value_or("") == "");
    tests::TermSum terms(model);
    for (int i = 0; i < 2; ++i) {
      REQUIRE(run.iterate().value_or("") == "");
      const run::Bound bound = run.engine().bound();
      CHECK_THAT(terms.elbo(run.factors()), WithinAbs(bound.elbo, 1e-11 * bound.magnitude));
    }
  }
}

TEST_CASE("every update is a stationary point of the bound") {
  int checked = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    tests::GenerateOptions options;
    options.max_rows = 6;
    const tests::GeneratedModel generated = tests::generate(seed, options);
    const Planned model = planned(generated);
    CAPTURE(seed);
    INFO(generated.text());
    tests::Watched run(model);
    REQUIRE(run.start().value_or("") == "");
    REQUIRE(run.iterate().value_or("") == "");
    tests::TermSum terms(model);
    const double rounding = 1e-13 * run.engine().bound().magnitude;
    for (std::size_t b = 0; b < model.plan.blocks.size(); ++b) {
      REQUIRE(run.update(b).value_or("") == "");
      CHECK(tests::not_stationary(terms, model.plan.blocks[b], b, run.factors(), rounding, checked).value_or("") == "");
    }
  }
  CHECK(checked > 1000);
}
