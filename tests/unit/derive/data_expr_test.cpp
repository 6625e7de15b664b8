#include "derive/data_expr.hpp"

#include "catch.hpp"

using namespace jensen;
using namespace jensen::derive;

TEST_CASE("equal data expressions are one", "[derive]") {
  DataExprs exprs;
  CHECK(make_number(exprs, 2) == make_number(exprs, 2));
  CHECK(make_size(exprs, Size(3)) == make_number(exprs, 3));
  const DataExprId n = make_size(exprs, Size::symbol("N"));
  CHECK(make_call(exprs, DataOp::log, {n}) == make_call(exprs, DataOp::log, {n}));
}

TEST_CASE("numbers fold, but not where the result is no number", "[derive]") {
  DataExprs exprs;
  CHECK(number_of(exprs, make_call(exprs, DataOp::add, {make_number(exprs, 2), make_number(exprs, 3)})) == 5.0);
  CHECK_FALSE(number_of(exprs, make_call(exprs, DataOp::log, {make_number(exprs, -1)})).has_value());
  CHECK_FALSE(number_of(exprs, make_call(exprs, DataOp::divide, {make_number(exprs, 1), make_number(exprs, 0)})).has_value());
}

TEST_CASE("a delta of one index is 1, of different constants 0", "[derive]") {
  DataExprs exprs;
  const IndexUse i{IndexId(0), 0};
  const IndexUse j{IndexId(1), 0};
  CHECK(number_of(exprs, make_delta(exprs, i, i)) == 1.0);
  CHECK(number_of(exprs, make_delta(exprs, {{}, 1}, {{}, 2})) == 0.0);
  CHECK(make_delta(exprs, i, j) == make_delta(exprs, j, i));
}

TEST_CASE("substitution shifts and replaces indices, and leaves bound ones alone", "[derive]") {
  LogJoint joint;
  Context context{joint};
  const IndexId i = joint.indices.add({"i", {1, Size::symbol("N")}});
  const IndexId j = joint.indices.add({"j", {1, Size::symbol("N")}});
  const DataExprId shifted = make_index_value(joint.data, {i, -1});
  const DataExprId moved = substitute(joint.data, shifted, {{i, {j, 2}}});
  CHECK(moved == make_index_value(joint.data, {j, 1}));
  const DataExprId total = make_binder(context, DataOp::sum, {i}, make_index_value(joint.data, {i, 0}));
  CHECK(joint.data[total].free.empty());
  CHECK(substitute(joint.data, total, {{i, {j, 0}}}) == total);
}

TEST_CASE("the name of a bound index does not tell two sums apart", "[derive]") {
  LogJoint joint;
  Context context{joint};
  const IndexId i = joint.indices.add({"i", {1, Size::symbol("N")}});
  const IndexId j = joint.indices.add({"j", {1, Size::symbol("N")}});
  CHECK(make_binder(context, DataOp::sum, {i}, make_index_value(joint.data, {i, 0})) ==
        make_binder(context, DataOp::sum, {j}, make_index_value(joint.data, {j, 0})));
}
