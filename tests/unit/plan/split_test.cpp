#include "plan/split.hpp"

#include <cmath>

#include "catch.hpp"
#include "plan/plan.hpp"
#include "run/engine.hpp"
#include "unit/plan/joint_builder.hpp"

using namespace jensen;
using namespace jensen::test;
using Catch::Matchers::WithinAbs;

namespace {

// y[n] = a + x[n] · beta + b[group[n]] + noise, with random-effect precision: data of every kind (elements, one-hots, hoisted products).
JointBuilder regression(std::int64_t n, std::int64_t p, std::int64_t c) {
  JointBuilder b;
  family::Stream stream(4, family::Purpose::test, 0);
  std::vector<double> x, y, group;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t k = 0; k < p; ++k) x.push_back(stream.normal());
    y.push_back(stream.normal());
    group.push_back(static_cast<double>(1 + stream.below(static_cast<std::uint64_t>(c))));
  }
  const IndexId row = b.index("n", n), i = b.index("i", p), j = b.index("j", p), level = b.index("c", c);
  const VariableId xv = b.data_variable("x", {n, p}, x), yv = b.data_variable("y", {n}, y), gv = b.data_variable("group", {n}, group);
  const VariableId beta = b.variable("beta", model::Role::latent, SupportKind::real, {p}, 1);
  const VariableId effect = b.variable("b", model::Role::latent, SupportKind::real, {c}, 1);
  const VariableId tau = b.variable("tau", model::Role::latent, SupportKind::positive, {}, 0);
  const DataExprId xi = b.element(xv, {row, i}), xj = b.element(xv, {row, j}), yn = b.element(yv, {row});
  const DataExprId pick = b.one_hot(b.element(gv, {row}), level);
  const auto precision = b.atom(tau, value_of, {});
  const auto square = Statistic{StatisticKind::power, 2};
  b.term(0.5, {}, {b.atom(tau, log_of, {})}, {row});
  b.term(-0.5, {yn, yn}, {precision}, {row});
  b.term(1, {xi, yn}, {b.atom(beta, value_of, {i}), precision}, {row, i});
  b.term(-0.5, {xi, xj}, {b.atom(beta, value_of, {i}), b.atom(beta, value_of, {j}), precision}, {row, i, j});
  b.term(1, {pick, yn}, {b.atom(effect, value_of, {level}), precision}, {row, level});
  b.term(-1, {pick, xi}, {b.atom(beta, value_of, {i}), b.atom(effect, value_of, {level}), precision}, {row, level, i});
  b.term(-0.5, {pick}, {b.atom(effect, square, {level}), precision}, {row, level});
  b.term(-0.7, {}, {b.atom(beta, value_of, {i}), b.atom(beta, value_of, {i})}, {i});
  b.term(-0.3, {}, {b.atom(effect, square, {level})}, {level});
  b.term(1.5, {}, {b.atom(tau, log_of, {})}, {});
  b.term(-2.5, {}, {precision}, {});
  b.block(derive::BlockKind::gaussian, {.kind = Kind::gaussian, .multivariate = true}, false, beta, 0);
  b.block(derive::BlockKind::family, {.kind = Kind::gaussian}, false, effect, 1);
  b.block(derive::BlockKind::family, {.kind = Kind::gamma_power, .power = 1}, false, tau, 0);
  return b;
}

// E_q[log p] with every index of every term run over, one tuple at a time: nothing split, hoisted or shared.
class BruteForce {
 public:
  BruteForce(const JointBuilder& b, const plan::Plan& plan, const run::State& state) : b_(b), plan_(plan), state_(state) {}

  double term_value(const derive::Term& term) const {
    Counters at;
    return sum_over(term, 0, at);
  }

 private:
  using Counters = std::map<IndexId, std::int64_t>;  // values, not positions

  double sum_over(const derive::Term& term, std::size_t depth, Counters& at) const {
    if (depth == term.sums.size()) return product(term, at);
    double total = 0;
    const auto& range = b_.derivation.log_joint.indices[term.sums[depth]].range;
    for (std::int64_t v = *range.low.constant(); v <= *range.high.constant(); ++v) {
      at[term.sums[depth]] = v;
      total += sum_over(term, depth + 1, at);
    }
    return total;
  }

  double product(const derive::Term& term, const Counters& at) const {
    double value = term.coefficient;
    for (const DataExprId d : term.data) value *= data(d, at);
    std::map<BlockId, std::vector<const derive::Atom*>> by_block;
    for (const derive::Atom& a : term.atoms) by_block[b_.derivation.block_of[static_cast<std::size_t>(a.variable.value)]].push_back(&a);
    for (const auto& [block, atoms] : by_block) value *= statistic(block, atoms, at);
    return value;
  }

  double data(DataExprId id, const Counters& at) const {
    const derive::DataNode& node = b_.derivation.log_joint.data[id];
    const auto position = [&](std::size_t i) { return at.at(std::get<derive::IndexUse>(node.indices[i]).index); };
    if (node.op == derive::DataOp::one_hot) return data(node.args[0], at) == static_cast<double>(position(0)) ? 1 : 0;
    const model::BoundArray& array = b_.data.arrays.at(node.variable);
    std::int64_t flat = 0;
    for (std::size_t i = 0; i < node.indices.size(); ++i) flat += array.strides()[i] * (position(i) - 1);
    return array.values[static_cast<std::size_t>(flat)];
  }

  double statistic(BlockId block, const std::vector<const derive::Atom*>& atoms, const Counters& at) const {
    const auto& mean = state_.blocks[static_cast<std::size_t>(block.value)].mean;
    const auto value = [&](const derive::Atom& a) { return a.indices.empty() ? 0 : static_cast<std::size_t>(at.at(a.indices[0].index) - 1); };
    const std::size_t first = value(*atoms[0]), size = plan_.blocks[static_cast<std::size_t>(block.value)].family->size();
    if (block.value == 0) {  // the joint Gaussian: mean, then pairs
      const std::size_t d = plan_.blocks[0].family->value_size();
      if (atoms.size() == 1) return mean[first];
      return mean[d + first * d + value(*atoms[1])];
    }
    if (block.value == 1) return mean[first * size + (atoms[0]->statistic.power == 2 ? 1 : 0)];
    return mean[atoms[0]->statistic.kind == StatisticKind::log ? 0 : 1];
  }

  const JointBuilder& b_;
  const plan::Plan& plan_;
  const run::State& state_;
};

void set_random_state(run::Engine& engine) {
  family::Stream stream(8, family::Purpose::test, 0);
  for (auto& block : engine.state().blocks) {
    for (double& m : block.mean) m = stream.normal();
  }
}

double energy(run::Engine& engine) {
  double total = 0;
  for (std::size_t t = 0; t < engine.plan().terms.size(); ++t) total += engine.energy(t);
  return total;
}

}  // namespace

TEST_CASE("hoisted and reduced terms add up to the log joint summed term by term", "[plan]") {
  for (const std::int64_t n : {0, 1, 300}) {
    const JointBuilder b = regression(n, 3, 4);
    const auto plan = plan::make_plan(b.graph, b.derivation, b.data);
    REQUIRE(plan.ok());
    run::Engine engine(*plan, 1, nullptr);
    engine.sum_data();
    set_random_state(engine);
    const BruteForce brute_force(b, *plan, engine.state());
    for (std::size_t t = 0; t < plan->terms.size(); ++t) {
      INFO("rows " << n << ", term " << t);
      const double expected = brute_force.term_value(b.derivation.log_joint.terms[plan->terms[t].term]);
      REQUIRE_THAT(engine.energy(t), WithinAbs(expected, 1e-9 * (1 + std::abs(expected))));
    }
  }
}

TEST_CASE("a message is the derivative of the expected log joint in the mean parameters", "[plan]") {
  const JointBuilder b = regression(50, 2, 3);
  const auto plan = plan::make_plan(b.graph, b.derivation, b.data);
  REQUIRE(plan.ok());
  run::Engine engine(*plan, 1, nullptr);
  engine.sum_data();
  set_random_state(engine);
  for (std::size_t block = 0; block < 3; ++block) {
    const std::vector<double> message = engine.message(static_cast<int>(block), [](std::size_t) { return true; });
    std::vector<double>& mean = engine.state().blocks[block].mean;
    REQUIRE(message.size() == mean.size());
    for (std::size_t i = 0; i < mean.size(); ++i) {
      const double kept = mean[i];
      mean[i] = kept + 0.5;
      const double above = energy(engine);
      mean[i] = kept - 0.5;
      const double below = energy(engine);
      mean[i] = kept;
      REQUIRE_THAT(message[i], WithinAbs(above - below, 1e-9 * (1 + std::abs(message[i]))));  // linear: any step is exact
    }
  }
}

TEST_CASE("nothing that an iteration of a regression contracts has the rows in it", "[plan]") {
  const JointBuilder b = regression(5000, 10, 3);
  const auto plan = plan::make_plan(b.graph, b.derivation, b.data);
  REQUIRE(plan.ok());
  double cost = 0;
  for (const auto& programs : plan->messages) {
    for (const auto& program : programs) cost += program.contraction.cost();
  }
  REQUIRE(cost < 2000);
}

TEST_CASE("squares and products of columns are one feature each", "[plan]") {
  const std::int64_t d = 16, k = 4;
  const JointBuilder b = mixture_by_likelihood(10, d, k, random_rows(10, d, k, 1));
  const auto plan = plan::make_plan(b.graph, b.derivation, b.data);
  REQUIRE(plan.ok());
  REQUIRE(plan->passes.size() == 1);
  REQUIRE(plan->passes[0].groups.size() == 1);
  REQUIRE(plan->passes[0].groups[0].features.size() == static_cast<std::size_t>(1 + d + d * (d + 1) / 2));
  REQUIRE(plan->moments.size() == 3);  // Σ r, Σ r x, Σ r x xᵀ
}

TEST_CASE("an index that leaves its array is an error, not a wild read", "[plan]") {
  JointBuilder b;
  const IndexId n = b.index("n", 5);
  const VariableId x = b.data_variable("x", {4}, {1, 2, 3, 4});
  const VariableId m = b.variable("m", model::Role::latent, SupportKind::real, {3}, 1);
  b.term(1, {}, {b.atom(m, value_of, {n})}, {n});
  b.block(derive::BlockKind::family, {.kind = Kind::gaussian}, false, m, 1);
  const auto over = plan::make_plan(b.graph, b.derivation, b.data);
  REQUIRE_FALSE(over.ok());
  REQUIRE(over.diagnostics().front().code == "index-out-of-range");
  b.derivation.log_joint.terms[TermId(0)].atoms = {};
  b.derivation.log_joint.terms[TermId(0)].data = {b.element(x, {n})};
  const auto data = plan::make_plan(b.graph, b.derivation, b.data);
  REQUIRE_FALSE(data.ok());
  REQUIRE(data.diagnostics().front().code == "data-domain");
}
