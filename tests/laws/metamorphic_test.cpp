// The same model said differently has the same figures.
#include <cmath>

#include "catch.hpp"
#include "generate/generate.hpp"
#include "report/report.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using tests::GeneratedModel;

namespace {

run::Fit fitted(const GeneratedModel& model, const run::FitOptions& options) {
  const Result<run::Fit> fit = tests::fit_text({model.text(), model.csv()}, options);
  if (!fit) FAIL(model.text() << model.csv() << tests::messages(fit.diagnostics()));
  return *fit;
}

// Without latents of single rows that are kept between iterations: the JSON of a fit, from which the other model starts, does not hold them.
GeneratedModel generated(std::uint64_t seed) {
  tests::GenerateOptions options;
  options.factors = false;
  return tests::generate(seed, options);
}

run::FitOptions few_iterations() {
  run::FitOptions options;
  options.max_iterations = 6;
  return options;
}

// From the state in which another model's fit ended, since a start depends on the order of rows and blocks.
run::FitOptions from(const run::Fit& fit, int iterations) {
  run::FitOptions options;
  options.init_json = report::to_json(fit);
  options.max_iterations = iterations;
  return options;
}

void check_same_variables(const run::Fit& a, const run::Fit& b, double tolerance) {
  REQUIRE(a.variables.size() == b.variables.size());
  for (const run::FittedVariable& v : a.variables) {
    const run::FittedVariable& w = tests::variable(b, v.name);
    const std::vector<double>&left = v.value.empty() ? v.mean : v.value, &right = w.value.empty() ? w.mean : w.value;
    REQUIRE(left.size() == right.size());
    for (std::size_t i = 0; i < left.size(); ++i) CHECK_THAT(right[i], WithinAbs(left[i], tolerance * (1 + std::abs(left[i]))));
  }
}

// The state after some iterations has the same bound under both models, and five more iterations lead to the same place.
void check_same(const GeneratedModel& model, const GeneratedModel& other) {
  INFO(model.text() << "\nagainst\n" << other.text());
  const run::Fit start = fitted(model, few_iterations());
  for (const int iterations : {0, 5}) {
    const run::Fit a = fitted(model, from(start, iterations)), b = fitted(other, from(start, iterations));
    CHECK_THAT(b.elbo, WithinAbs(a.elbo, 1e-9 * (1 + std::abs(a.elbo))));
    check_same_variables(a, b, iterations == 0 ? 1e-9 : 1e-6);
  }
}

}  // namespace

TEST_CASE("rows in another order give the same figures") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    const GeneratedModel model = generated(seed);
    check_same(model, tests::with_rows_shuffled(model, seed));
  }
}

TEST_CASE("statements in another order give the same figures") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    const GeneratedModel model = generated(seed);
    check_same(model, tests::with_statements_shuffled(model, seed));
  }
}

TEST_CASE("every row twice is the same as a weight of 2") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    const GeneratedModel model = generated(seed);
    check_same(tests::with_weight_two(model), tests::with_rows_doubled(model));
  }
}

TEST_CASE("other names give the same figures") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    const GeneratedModel model = generated(seed), renamed = tests::with_names_changed(model);
    const run::Fit a = fitted(model, few_iterations()), b = fitted(renamed, few_iterations());
    REQUIRE(a.elbo_trace.size() == b.elbo_trace.size());
    for (std::size_t i = 0; i < a.elbo_trace.size(); ++i)
      CHECK_THAT(b.elbo_trace[i], WithinAbs(a.elbo_trace[i], 1e-9 * (1 + std::abs(a.elbo_trace[i]))));
  }
}
