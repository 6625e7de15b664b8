// Constructors of data expressions. All intern, and fold what is made of numbers alone.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "derive/log_joint.hpp"

namespace jensen::derive {

// What an index is replaced by.
using Substitution = std::map<IndexId, IndexUse>;

// The log joint under construction, and the indices that data expressions bind: one per range and nesting depth, so that equal expressions are equal
// values.
struct Context {
  LogJoint& joint;
  std::map<std::pair<Range, int>, IndexId> binders = {};
  std::set<IndexId> plates = {};  // indices of `for` statements, whose names are kept
};

// Σ, log Σ exp, inverse and log_det over `bound` in `body`.
DataExprId make_binder(Context& context, DataOp op, const std::vector<IndexId>& bound, DataExprId body, std::vector<DataIndex> outer = {});
DataExprId make(DataExprs& exprs, DataNode node);  // computes the free indices
DataExprId make_number(DataExprs& exprs, double value);
DataExprId make_size(DataExprs& exprs, const Size& size);
DataExprId make_index_value(DataExprs& exprs, const IndexUse& use);
DataExprId make_call(DataExprs& exprs, DataOp op, std::vector<DataExprId> args);
DataExprId make_delta(DataExprs& exprs, const IndexUse& a, const IndexUse& b);

std::optional<double> number_of(const DataExprs& exprs, DataExprId id);

IndexUse substitute(const IndexUse& use, const Substitution& map);
DataExprId substitute(DataExprs& exprs, DataExprId id, const Substitution& map);

// Arrays of arrays that are picked from by the same indices: a literal matrix.
[[nodiscard]] bool is_nested_array(const DataExprs& exprs, const DataNode& node);

}  // namespace jensen::derive
