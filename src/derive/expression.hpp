// Functions of several latent variables or params as data expressions, in which these stand as elements.
#pragma once

#include <optional>
#include <set>

#include "derive/poly.hpp"
#include "model/graph.hpp"

namespace jensen::derive {

// A statistic as an expression; nothing for a level of a discrete variable or a statistic of a joint q.
std::optional<DataExprId> expression_of(const model::ModelGraph& graph, Context& context, const Atom& atom);
// A polynomial as an expression; nothing where it holds a residual or such a statistic.
std::optional<DataExprId> expression_of(const model::ModelGraph& graph, Context& context, const Poly& poly);

// The statistic of params that an expression is.
Atom atom_of_params(const model::ModelGraph& graph, const DataExprs& exprs, DataExprId id);
std::vector<VariableId> params_in(const model::ModelGraph& graph, const DataExprs& exprs, DataExprId id);

// The data variables, latent variables and params that stand as elements in an expression.
std::set<VariableId> elements_in(const DataExprs& exprs, DataExprId id);

// The expression with `lookup`, an expression of data, in place of an index: b[c] becomes b[county[n]]. Nothing where the index stands where only
// an index can.
std::optional<DataExprId> looked_up(DataExprs& exprs, DataExprId id, IndexId index, DataExprId lookup);

}  // namespace jensen::derive
