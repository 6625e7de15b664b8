#include "plan/evaluate.hpp"

#include <cmath>
#include <functional>

#include "catch.hpp"
#include "diagnostics/diagnostic.hpp"
#include "unit/plan/joint_builder.hpp"

using namespace jensen;
using namespace jensen::test;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using derive::DataNode;
using derive::DataOp;

namespace {

struct Expressions {
  JointBuilder b;
  DataExprId add(DataOp op, std::vector<DataExprId> args, std::vector<IndexId> bound = {}) {
    DataNode node;
    node.op = op;
    node.args = std::move(args);
    node.bound = std::move(bound);
    return b.derivation.log_joint.data.add(node);
  }
  plan::Evaluator evaluator() { return {b.graph, b.derivation.log_joint, b.data}; }
};

double value(const plan::Grid& grid, const std::map<IndexId, std::int64_t>& at = {}) {
  std::int64_t offset = grid.base;
  for (std::size_t i = 0; i < grid.indices.size(); ++i) offset += grid.strides[i] * at.at(grid.indices[i]);
  return grid.values[offset];
}

std::string code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Failure& failure) {
    return failure.diagnostic().code;
  }
  return "ok";
}

}  // namespace

TEST_CASE("a plain element is a view of the data, not a copy", "[plan]") {
  Expressions e;
  const IndexId n = e.b.index("n", 3, 2), d = e.b.index("d", 2);
  const VariableId x = e.b.data_variable("x", {3, 2}, {1, 2, 3, 4, 5, 6});
  const DataExprId id = e.b.element(x, {n, d});
  auto evaluator = e.evaluator();
  const plan::Grid& grid = evaluator.evaluate(id);
  REQUIRE(grid.values == e.b.data.arrays.at(x).values.data());
  REQUIRE(value(grid, {{n, 0}, {d, 1}}) == 4);  // n runs from 2
  REQUIRE(value(grid, {{n, 1}, {d, 0}}) == 5);
}

TEST_CASE("a sum of a product is its sum, with numbers and quotients in it", "[plan]") {
  Expressions e;
  const IndexId n = e.b.index("n", 3), i = e.b.index("i", 2), j = e.b.index("j", 2);
  const VariableId x = e.b.data_variable("x", {3, 2}, {1, 2, 3, 4, 5, 7});
  const DataExprId xi = e.b.element(x, {n, i}), xj = e.b.element(x, {n, j});
  const DataExprId product = e.add(DataOp::divide, {e.add(DataOp::multiply, {xi, e.add(DataOp::negate, {xj})}), e.b.number(2)});
  const DataExprId total = e.add(DataOp::sum, {product}, {n}), plain = e.add(DataOp::sum, {e.b.number(4)}, {n});
  auto evaluator = e.evaluator();
  const plan::Grid& grid = evaluator.evaluate(total);
  REQUIRE(grid.indices.size() == 2);
  REQUIRE(value(grid, {{i, 0}, {j, 1}}) == -(2 + 12 + 35) / 2.0);
  REQUIRE(value(grid, {{i, 1}, {j, 1}}) == -(4 + 16 + 49) / 2.0);
  REQUIRE(value(evaluator.evaluate(plain)) == 12);
}

TEST_CASE("log-sum-exp and matrix functions of data", "[plan]") {
  Expressions e;
  const IndexId i = e.b.index("i", 2), j = e.b.index("j", 2);
  const VariableId m = e.b.data_variable("m", {2, 2}, {2, 0.5, 0.5, 1}), v = e.b.data_variable("v", {2}, {700, 710});
  const DataExprId mij = e.b.element(m, {i, j});
  const DataExprId log_det = e.add(DataOp::log_det, {mij}, {i, j});
  const DataExprId sum = e.add(DataOp::log_sum_exp, {e.b.element(v, {i})}, {i});
  DataNode inverse;
  inverse.op = DataOp::inverse;
  inverse.args = {mij};
  inverse.bound = {i, j};
  inverse.indices = {JointBuilder::at(i), JointBuilder::at(j)};
  const DataExprId inverse_id = e.b.derivation.log_joint.data.add(inverse);
  auto evaluator = e.evaluator();
  REQUIRE_THAT(value(evaluator.evaluate(log_det)), WithinRel(std::log(1.75), 1e-14));
  REQUIRE_THAT(value(evaluator.evaluate(sum)), WithinRel(710 + std::log1p(std::exp(-10.0)), 1e-14));
  REQUIRE_THAT(value(evaluator.evaluate(inverse_id), {{i, 0}, {j, 1}}), WithinAbs(-0.5 / 1.75, 1e-14));
}

TEST_CASE("values outside a function's domain are named", "[plan]") {
  Expressions e;
  const IndexId n = e.b.index("n", 3), i = e.b.index("i", 2), j = e.b.index("j", 2);
  const VariableId x = e.b.data_variable("x", {3}, {1, -2, 3}), m = e.b.data_variable("m", {2, 2}, {1, 2, 2, 1});
  const DataExprId log = e.add(DataOp::log, {e.b.element(x, {n})});
  const DataExprId guarded = e.add(DataOp::conditional, {e.add(DataOp::less, {e.b.number(0), e.b.element(x, {n})}), log, e.b.number(0)});
  const DataExprId log_det = e.add(DataOp::log_det, {e.b.element(m, {i, j})}, {i, j});
  auto evaluator = e.evaluator();
  REQUIRE(code_of([&] { evaluator.evaluate(log); }) == "data-domain");
  REQUIRE(code_of([&] { evaluator.evaluate(guarded); }) == "ok");
  REQUIRE(code_of([&] { evaluator.evaluate(log_det); }) == "not-positive-definite");
  REQUIRE(evaluator.text(log) == "log(x[n])");
}
