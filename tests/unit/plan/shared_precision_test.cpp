#include <fmt/format.h>

#include "catch.hpp"
#include "run/engine.hpp"
#include "run/initialise.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

const std::string columns = "data x: real[N, 4] = columns(x1..x4)\ndata u: real[N, 3] = columns(u1..u3)\n";

std::string table() {
  family::Stream stream(11, family::Purpose::test, 1);
  std::string out = "x1,x2,x3,x4,u1,u2,u3\n";
  for (int n = 0; n < 30; ++n) {
    for (int j = 0; j < 7; ++j) out += fmt::format("{}{:.4f}", j == 0 ? "" : ",", stream.normal() + 0.3 * j);
    out += "\n";
  }
  return out;
}

tests::Planned planned(const std::string& model) {
  auto out = tests::plan_text({columns + model, table()});
  if (!out) FAIL(tests::messages(out.diagnostics()));
  return std::move(*out);
}

int block_of(const plan::Plan& plan, const std::string& name) {
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
    if (plan.blocks[b].names.find(name) != std::string::npos) return static_cast<int>(b);
  }
  FAIL("no block " << name);
  return -1;
}

bool is_shared(const std::string& model) {
  const tests::Planned p = planned(model);
  return p.plan.shared_precisions.at(static_cast<std::size_t>(block_of(p.plan, "B"))).has_value();
}

const std::string rows = "for n in 1..N { for j in 1..4 { x[n, j] ~ normal(dot(B[j], u[n]), ";
const std::string scales = "for j in 1..4 { v[j] ~ gamma(2, 1) }\ntau ~ gamma(1, 1)\n";

}  // namespace

TEST_CASE("precisions that are multiples of one are found from the terms", "[plan][shared_precision]") {
  CHECK(is_shared("param B: vector(3)[4] param v: positive[4] " + rows + "variance = v[j]) } }"));
  CHECK(is_shared("param B: vector(3)[4] param v: positive " + rows + "variance = v) } }"));
  CHECK(is_shared(scales + "for j in 1..4 { B[j] ~ mvnormal(zeros(3), precision = tau * eye(3)) }" + rows + "precision = tau) } }"));
  // A prior of its own beside the noise of the column.
  CHECK_FALSE(is_shared(scales + "for j in 1..4 { B[j] ~ mvnormal(zeros(3), precision = eye(3)) }" + rows + "precision = v[j]) } }"));
  CHECK_FALSE(is_shared(scales + "for j in 1..4 { B[j] ~ mvnormal(zeros(3), precision = v[j] * eye(3)) }" + rows + "precision = 2 * tau) } }"));
  // Each column has covariates of its own.
  CHECK_FALSE(
      is_shared("param B: real[4, 1] param v: positive for n in 1..N { for j in 1..3 { x[n, j] ~ normal(B[j, 1] * u[n, j], v) } "
                "x[n, 4] ~ normal(B[4, 1], v) }"));
}

TEST_CASE("a block with one precision for all gets the q or the values of each element alone", "[plan][shared_precision]") {
  for (const std::string& model :
       {std::string("param B: vector(3)[4] param v: positive[4] ") + rows + "variance = v[j]) } }",
        "param v: positive[4] for j in 1..4 { B[j] ~ mvnormal(ones(3), precision = v[j] * eye(3)) }" + rows + "precision = v[j]) } }"}) {
    CAPTURE(model);
    const tests::Planned p = planned(model);
    const int block = block_of(p.plan, "B"), other = block_of(p.plan, "v");
    run::Engine engine(p.plan, 1, nullptr);
    engine.sum_data();
    bool settled = false;
    REQUIRE_FALSE(run::start(engine, p.graph, {}, {1, 0}, settled));
    REQUIRE_FALSE(engine.update(block));
    REQUIRE_FALSE(engine.update(other));
    REQUIRE_FALSE(engine.update(block));
    const std::vector<double> natural = engine.message(block, [](std::size_t) { return true; });
    const run::BlockState& state = engine.state().blocks[static_cast<std::size_t>(block)];
    const plan::PlannedBlock& planned_block = p.plan.blocks[static_cast<std::size_t>(block)];
    const std::size_t size = planned_block.family->size();
    std::vector<double> mean(size), value(3);
    REQUIRE(p.plan.shared_precisions[static_cast<std::size_t>(block)].has_value());
    for (std::size_t e = 0; e < 4; ++e) {
      const std::span<const double> eta = std::span(natural).subspan(e * size, size);
      double log_partition = 0;
      if (planned_block.point) {
        REQUIRE_FALSE(planned_block.family->mode(eta, value));
        planned_block.family->statistics_of(value, mean);
      } else {
        REQUIRE_FALSE(planned_block.family->update(eta, mean, log_partition));
        CHECK_THAT(state.log_partition[e], WithinRel(log_partition, 1e-12));
      }
      for (std::size_t s = 0; s < size; ++s) {
        CHECK_THAT(state.natural[e * size + s], WithinRel(eta[s], 1e-12) || WithinAbs(eta[s], 1e-12));
        CHECK_THAT(state.mean[e * size + s], WithinRel(mean[s], 1e-10) || WithinAbs(mean[s], 1e-10));
      }
    }
  }
}
