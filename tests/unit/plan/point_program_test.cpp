#include "plan/point_program.hpp"

#include <cmath>
#include <set>

#include "catch.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;

namespace {

// All functions of the first searched block of a model: Σ w t, and its gradient against central differences.
void check_gradient(const tests::ModelText& text) {
  INFO(text.model);
  const Result<tests::Planned> planned = tests::plan_text(text);
  if (!planned) FAIL(tests::messages(planned.diagnostics()));
  const auto& derivation = planned->derivation;
  const derive::Block* block = nullptr;
  const plan::PlannedBlock* sizes = nullptr;
  for (const plan::PlannedBlock& b : planned->plan.blocks) {
    if (derivation.blocks[b.id].kind != derive::BlockKind::newton) continue;
    block = &derivation.blocks[b.id];
    sizes = &b;
  }
  REQUIRE(block != nullptr);
  plan::Evaluator evaluator(planned->graph, derivation.log_joint, *planned->data);
  std::vector<plan::PointProgram::Parameter> parameters;
  for (const plan::PlannedComponent& c : sizes->components) parameters.push_back({c.variable, static_cast<std::int64_t>(c.offset), c.inner});
  plan::PointProgram program(evaluator, parameters);
  std::set<Statistic> seen;
  for (const TermId t : block->terms) {
    for (const derive::Atom& atom : derivation.log_joint.terms[t].atoms) {
      if (atom.statistic.kind == StatisticKind::expression && seen.insert(atom.statistic).second) {
        program.add_output(DataExprId(static_cast<std::int32_t>(atom.statistic.id)));
      }
    }
  }
  program.finish();
  REQUIRE(program.size() == sizes->family->size());
  auto space = program.workspace();
  const std::size_t n = sizes->family->value_size();
  std::vector<double> value(n), out(program.size()), weight(program.size()), gradient(n);
  for (std::size_t i = 0; i < n; ++i) value[i] = 0.4 + 0.1 * static_cast<double>(i);
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = std::cos(static_cast<double>(i));
  const auto f = [&](const std::vector<double>& at) {
    program.run(at, space, out);
    double sum = 0;
    for (std::size_t i = 0; i < out.size(); ++i) sum += weight[i] * out[i];
    return sum;
  };
  REQUIRE(std::isfinite(f(value)));
  program.add_gradient(weight, space, gradient);
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> low = value, high = value;
    low[i] -= 1e-5;
    high[i] += 1e-5;
    const double slope = (f(high) - f(low)) / 2e-5;
    CHECK_THAT(gradient[i], WithinAbs(slope, 1e-6 * (1 + std::abs(slope))));
  }
}

const std::string rows = "x,y,g\n0.5,0.3,a\n1.5,0.6,b\n-0.5,0.2,c\n0.25,0.7,a\n";

}  // namespace

TEST_CASE("the gradient of the functions of a searched block is that of central differences", "[plan][point_program]") {
  check_gradient({"data y: unit[N]\nparam a, b: positive\nfor n in 1..N { y[n] ~ beta(a, b) }", rows});
  check_gradient(
      {"data x: real[N]\ndata z: bool[N] = [0, 1, 1, 0]\nparam a, b: real\nfor n in 1..N { z[n] ~ bernoulli(logit = a + b * x[n]) }", rows});
  check_gradient(
      {"data x: real[N]\ndata g: category(C)[N]\ndata z: bool[N] = [0, 1, 1, 0]\nparam a: real[C]\nparam b: real\n"
       "for n in 1..N { z[n] ~ bernoulli(logit = a[g[n]] + b * x[n]) }",
       rows});
  check_gradient({"data x: real[N]\ndata z: count[N] = [0, 2, 1, 5]\nparam a, b: real\nfor n in 1..N { z[n] ~ poisson(exp(a + b * x[n])) }", rows});
  check_gradient(
      {"data x: real[N]\ndata g: category(C)[N]\nparam B: real[C]\nparam s: real[C]\n"
       "for n in 1..N { g[n] ~ categorical(softmax(B + x[n] * s)) }",
       rows});
  check_gradient(
      {"const K = 3\nparam alpha: positive[K]\nfor d in 1..4 { th[d] ~ dirichlet(alpha) }\nfor d in 1..4 { w[d] ~ categorical(th[d]) }\n"
       "data w: category(K)[4] = [1, 2, 2, 3]"});
  check_gradient(
      {"data x: real[N]\ndata y: real[N]\nparam a, b: real\nparam s: positive\nfor n in 1..N { y[n] ~ normal(a * exp(-b * x[n]), s) }", rows});
}

TEST_CASE("determinants and inverses of matrices of params have their gradients", "[plan][point_program]") {
  check_gradient(
      {"data t: real[3] = [0, 1, 2.5]\ndata v: vector(3)[M] = columns(a, b, c)\nparam s, r: positive\n"
       "for i in 1..3 { for j in 1..3 { S[i, j] = s * exp(-r * (t[i] - t[j])^2) + (i == j ? 0.1 : 0) } }\n"
       "for m in 1..M { v[m] ~ mvnormal(zeros(3), covariance = S) }",
       "a,b,c\n0.5,1,-0.5\n0.1,0.2,0.3\n"});
}
