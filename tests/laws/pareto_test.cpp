// The Pareto distribution: its shape is conjugate to a gamma; what is drawn from it has the power law or a density by quadrature.
#include <boost/math/quadrature/exp_sinh.hpp>
#include <cmath>
#include <string>

#include "catch.hpp"
#include "support/model_text.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

run::Fit fit(const std::string& model) {
  INFO(model);
  Result<run::Fit> result = tests::fit_text({model});
  if (!result) FAIL(tests::messages(result.diagnostics()));
  return *result;
}

Diagnostic refused(const std::string& model) {
  const Result<run::Fit> result = tests::fit_text({model});
  return result ? Diagnostic{} : result.diagnostics().at(0);
}

const std::string incomes = "data x: real[N] = [2.5, 3.1, 8.4, 2.2]\n";

}  // namespace

TEST_CASE("a gamma prior of a Pareto shape has a gamma posterior", "[pareto]") {
  const double logs = std::log(2.5) + std::log(3.1) + std::log(8.4) + std::log(2.2), rate = 1 + logs - 4 * std::log(2);
  const run::Fit result = fit(incomes + "a ~ gamma(2, 1)\nfor n in 1..N { x[n] ~ pareto(2, a) }\n");
  CHECK(result.exact);
  CHECK_THAT(result.elbo, WithinAbs(std::lgamma(6) - std::lgamma(2) - 6 * std::log(rate) - logs, 1e-11));
  CHECK_THAT(tests::variable(result, "a").mean.at(0), WithinRel(6 / rate, 1e-12));
  const run::Fit ml = fit(incomes + "param a: positive\nfor n in 1..N { x[n] ~ pareto(2, a) }\n");
  CHECK_THAT(tests::variable(ml, "a").value.at(0), WithinRel(4 / (logs - 4 * std::log(2)), 1e-10));
}

TEST_CASE("what is drawn from it has the power law, or its density by quadrature", "[pareto]") {
  const run::Fit alone = fit("t ~ pareto(1.5, 3)\n");
  CHECK_THAT(tests::variable(alone, "t").mean.at(0), WithinRel(2.25, 1e-12));
  CHECK_THAT(alone.elbo, WithinAbs(0, 1e-12));
  CHECK(test::derive("t ~ pareto(1.5, 3)\n").block("t").family.name() == "power_law");
  boost::math::quadrature::exp_sinh<double> rule;
  const auto joint = [](double t) { return std::isinf(t) ? 0 : std::exp(std::log(3) - 4 * std::log(t) + 4 * std::log(t) - t - std::log(24)); };
  const double expected = std::log(rule.integrate(joint, 1.0, std::numeric_limits<double>::infinity()));
  CHECK_THAT(fit("data k: count[N] = [4]\nt ~ pareto(1, 3)\nfor n in 1..N { k[n] ~ poisson(t) }\n").elbo, WithinAbs(expected, 1e-9));
}

TEST_CASE("a bound that is inferred, or differs by row, is refused by name", "[pareto]") {
  const Diagnostic latent = refused(incomes + "t ~ gamma(1, 1)\nfor n in 1..N { x[n] ~ uniform(0, t) }\n");
  CHECK(latent.status == ExitStatus::unsupported);
  CHECK(latent.message == "`uniform` with the bound `t`, which is inferred: its support moves with it, is not supported yet");
  CHECK(refused(incomes + "s ~ gamma(1, 1)\nfor n in 1..N { x[n] ~ pareto(s, 1) }\n").code == "not-supported-yet");
  CHECK(refused(incomes + "data u: real[N] = [9, 9, 9, 9]\nfor n in 1..N { x[n] ~ uniform(0, u[n]) }\n").message.find("which is data") !=
        std::string::npos);
  CHECK(refused("data x: real[N] = [0.5]\na ~ gamma(1, 1)\nfor n in 1..N { x[n] ~ pareto(2, a) }\n").message ==
        "element 1 of `x`: 0.5 is not at least 2");
}
