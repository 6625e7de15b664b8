#include "run/affine_sweep.hpp"

#include <fmt/format.h>

#include <cmath>

#include "catch.hpp"
#include "run/engine.hpp"
#include "run/initialise.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;

namespace {

const std::string columns = "data x: real[N, 5] = columns(x1..x5)\n";
const std::string factors = columns + R"(
    param mean: real[5]
    param W: vector(2)[5]
    param psi: positive[5]
    for n in 1..N {
      h[n] ~ mvnormal(zeros(2), precision = eye(2))
      for j in 1..5 { x[n, j] ~ normal(mean[j] + dot(W[j], h[n]), variance = psi[j]) }
    })";
const std::string one_number = columns + R"(
    param W: real[5]
    param v: positive
    for n in 1..N {
      h[n] ~ normal(0, 1)
      for j in 1..5 { x[n, j] ~ normal(W[j] * h[n], variance = v) }
    })";
// A covariate of the row, rows that count several times, and distributions of everything.
const std::string weighted = columns + R"(
    data u: real[N]
    data copies: real[N]
    tau ~ gamma(1, 1)
    for j in 1..5 {
      slope[j] ~ normal(0, 1)
      for k in 1..2 { W[j, k] ~ normal(0, 1) }
    }
    for n in 1..N weight copies[n] {
      h[n] ~ mvnormal(zeros(2), precision = eye(2))
      for j in 1..5 { x[n, j] ~ normal(slope[j] * u[n] + sum(k in 1..2) W[j, k] * h[n][k], precision = tau) }
    })";

std::string table(int rows, double offset = 0) {
  family::Stream stream(7, family::Purpose::test, 1);
  std::string out = "x1,x2,x3,x4,x5,u,copies,group\n";
  for (int n = 0; n < rows; ++n) {
    const double a = stream.normal(), b = stream.normal();
    for (int j = 0; j < 5; ++j) out += fmt::format("{:.6f},", offset + a * (j + 1) + b * (3 - j) + stream.normal());
    out += fmt::format("{:.3f},{},{}\n", stream.normal(), (n % 4) * 0.5, n % 3);
  }
  return out;
}

tests::Planned planned(const std::string& model, const std::string& csv) {
  auto out = tests::plan_text({model, csv});
  if (!out) FAIL(tests::messages(out.diagnostics()));
  return std::move(*out);
}

int swept_pass(const plan::Plan& plan) {
  for (std::size_t p = 0; p < plan.passes.size(); ++p) {
    if (plan.passes[p].block) return static_cast<int>(p);
  }
  FAIL("no block is swept");
  return -1;
}

bool is_affine(const tests::Planned& model) {
  return run::AffineSweep::of(model.plan, model.plan.passes[static_cast<std::size_t>(swept_pass(model.plan))]).has_value();
}

run::Engine started(const tests::Planned& model, int threads = 1) {
  run::Engine engine(model.plan, threads, nullptr);
  engine.sum_data();
  bool settled = false;
  REQUIRE_FALSE(run::start(engine, model.graph, {}, {3, 0}, settled));
  return engine;
}

void iterate(run::Engine& engine, const run::RowSink& sink) {
  for (const int block : engine.stored()) REQUIRE_FALSE(engine.update(block));
  for (const int pass : engine.passes()) REQUIRE_FALSE(engine.sweep(pass, {}, sink));
}

// That it goes over the rows is seen by the sink.
void require_same_trajectory(const tests::Planned& model, int iterations) {
  REQUIRE(is_affine(model));
  run::Engine by_moments = started(model), by_rows = started(model);
  std::int64_t seen = 0;
  for (int i = 0; i < iterations; ++i) {
    iterate(by_moments, {});
    iterate(by_rows, [&](const run::Tile& tile, const double*, const double*) { seen += tile.rows; });
    REQUIRE_THAT(by_moments.bound().elbo, WithinRel(by_rows.bound().elbo, 1e-11));
  }
  const auto& pass = model.plan.passes[static_cast<std::size_t>(swept_pass(model.plan))];
  REQUIRE(seen == iterations * pass.rows);
  double largest = 0;
  for (const std::vector<double>& moment : by_rows.state().moments) {
    for (const double v : moment) largest = std::max(largest, std::abs(v));
  }
  for (std::size_t m = 0; m < model.plan.moments.size(); ++m) {
    const std::vector<double>&mine = by_moments.state().moments[m], &theirs = by_rows.state().moments[m];
    for (std::size_t e = 0; e < mine.size(); ++e) REQUIRE_THAT(mine[e], WithinAbs(theirs[e], 1e-10 * largest));
  }
}

}  // namespace

TEST_CASE("moments of the data give the trajectory that the rows give", "[run][affine]") {
  for (const std::string& model : {factors, one_number, weighted}) {
    for (const int rows : {20, 257, 9000}) require_same_trajectory(planned(model, table(rows)), 20);
  }
}

TEST_CASE("fewer rows than columns are as good", "[run][affine]") {
  require_same_trajectory(planned(weighted, table(4)), 10);
  require_same_trajectory(planned(one_number, table(3)), 10);
}

TEST_CASE("moments of the data are the same bits for any number of threads", "[run][affine]") {
  for (const std::string& model : {factors, weighted}) {
    const tests::Planned fitted = planned(model, table(20000));
    run::Engine one = started(fitted);
    for (int i = 0; i < 3; ++i) iterate(one, {});
    for (const int threads : {2, 4}) {
      run::Engine many = started(fitted, threads);
      for (int i = 0; i < 3; ++i) iterate(many, {});
      REQUIRE(many.state().moments == one.state().moments);
      REQUIRE(many.bound().elbo == one.bound().elbo);
    }
  }
}

// Second moments about 0 would leave 8 digits.
TEST_CASE("data far from zero lose no digits in the moments of the rows", "[run][affine]") {
  const std::string text = columns + R"(
      param W: real[5]
      for n in 1..N {
        h[n] ~ normal(0, 1)
        for j in 1..5 { x[n, j] ~ normal(centre + W[j] * h[n], 1) }
      })";
  const tests::Planned near = planned("const centre = 0\n" + text, table(1000)), far = planned("const centre = 1e4\n" + text, table(1000, 1e4));
  REQUIRE(is_affine(far));
  run::Engine a = started(near), b = started(far);
  const double loadings[] = {1, 2, -1, 0.5, 1};
  double squares[2] = {0, 0};
  for (run::Engine* engine : {&a, &b}) {
    const plan::Plan& plan = engine->plan();
    const int pass = swept_pass(plan);
    for (const int block : engine->stored()) {
      for (std::int64_t j = 0; j < plan.blocks[static_cast<std::size_t>(block)].count; ++j) engine->set_value(block, j, {loadings + j, 1});
    }
    REQUIRE_FALSE(engine->sweep(pass));
    squares[engine == &b ? 1 : 0] = engine->state().pass_log_partition[static_cast<std::size_t>(pass)];
  }
  REQUIRE_THAT(squares[1], WithinRel(squares[0], 1e-10));
}

TEST_CASE("rows of different precisions are gone over", "[run][affine]") {
  const auto with = [](const std::string& likelihood) {
    return planned(columns +
                       "data u: real[N]\ndata group: category(3)[N]\nparam W: real[5]\nparam v: positive[3]\n"
                       "for n in 1..N { h[n] ~ normal(0, 1)\n for j in 1..5 { x[n, j] ~ normal(" +
                       likelihood + ") } }",
                   table(300));
  };
  CHECK(is_affine(with("W[j] * h[n], variance = v[1]")));
  CHECK(is_affine(with("u[n] + W[j] * h[n], variance = v[1]")));
  CHECK_FALSE(is_affine(with("W[j] * u[n] * h[n], variance = v[1]")));
  CHECK_FALSE(is_affine(with("W[j] * h[n], variance = v[group[n]]")));
  std::string gap = table(300);
  gap.replace(gap.find('\n') + 1, gap.find(',', gap.find('\n')) - gap.find('\n') - 1, "NA");
  CHECK_FALSE(is_affine(planned(one_number, gap)));
}

TEST_CASE("an improper precision is reported, not used", "[run][affine]") {
  const tests::Planned model = planned(one_number, table(50));
  const plan::Pass& pass = model.plan.passes[static_cast<std::size_t>(swept_pass(model.plan))];
  auto sweep = run::AffineSweep::of(model.plan, pass);
  REQUIRE(sweep);
  sweep->sum_data(model.plan, pass, 1, nullptr);
  const auto result = sweep->sweep(std::vector<double>(static_cast<std::size_t>(pass.sums), 0.0));
  REQUIRE(result.failure);
  CHECK(result.failure->row == 0);
}
