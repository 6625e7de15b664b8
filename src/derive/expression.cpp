#include "derive/expression.hpp"

#include <algorithm>

namespace jensen::derive {

namespace {

DataExprId element_of(DataExprs& exprs, VariableId variable, const std::vector<IndexUse>& indices) {
  DataNode node;
  node.op = DataOp::element;
  node.variable = variable;
  node.indices.assign(indices.begin(), indices.end());
  return make(exprs, std::move(node));
}

// log|V| or (V^-1)_ij of a matrix variable.
DataExprId matrix_statistic(const model::ModelGraph& graph, Context& context, const Atom& atom) {
  const bool inverse = atom.statistic.kind == StatisticKind::inverse;
  std::vector<IndexUse> at = atom.indices;
  std::vector<DataIndex> outer;
  if (inverse) {
    outer = {at[at.size() - 2], at[at.size() - 1]};
    at.resize(at.size() - 2);
  }
  const Range side{1, graph.variables[atom.variable].type.dims[0]};
  const IndexId row = context.joint.indices.add({"", side}), column = context.joint.indices.add({"", side});
  at.push_back({row, 0});
  at.push_back({column, 0});
  const DataExprId entry = element_of(context.joint.data, atom.variable, at);
  return make_binder(context, inverse ? DataOp::inverse : DataOp::log_det, {row, column}, entry, std::move(outer));
}

// A function of DataOp::variate with `element` in its place.
DataExprId applied(DataExprs& exprs, DataExprId function, DataExprId element) {
  DataNode node = exprs[function];
  if (node.op == DataOp::variate) return element;
  if (node.args.empty()) return function;
  for (DataExprId& arg : node.args) arg = applied(exprs, arg, element);
  const bool plain = node.bound.empty() && node.indices.empty();
  return plain ? make_call(exprs, node.op, node.args) : make(exprs, std::move(node));
}

}  // namespace

std::optional<DataExprId> expression_of(const model::ModelGraph& graph, Context& context, const Atom& atom) {
  DataExprs& exprs = context.joint.data;
  switch (atom.statistic.kind) {
    case StatisticKind::expression:
      return DataExprId(static_cast<std::int32_t>(atom.statistic.id));
    case StatisticKind::log_det:
    case StatisticKind::inverse:
      return matrix_statistic(graph, context, atom);
    case StatisticKind::power:
    case StatisticKind::log:
    case StatisticKind::log1m:
    case StatisticKind::cosine:
    case StatisticKind::sine:
    case StatisticKind::function:
      return applied(exprs, as_function(exprs, atom.statistic), element_of(exprs, atom.variable, atom.indices));
    case StatisticKind::pair:
    case StatisticKind::indicator:
    case StatisticKind::scaled:
    case StatisticKind::scaled_pair:
      return std::nullopt;
  }
  return std::nullopt;
}

std::optional<DataExprId> expression_of(const model::ModelGraph& graph, Context& context, const Poly& poly) {
  Poly out = poly;
  for (RawTerm& term : out) {
    if (!term.residuals.empty()) return std::nullopt;
    for (const Atom& atom : term.atoms) {
      const auto expression = expression_of(graph, context, atom);
      if (!expression) return std::nullopt;
      term.data.push_back(*expression);
    }
    term.atoms.clear();
  }
  return as_data(context, out);
}

namespace {

void add_elements(const DataExprs& exprs, DataExprId id, std::set<VariableId>& out) {
  const DataNode& node = exprs[id];
  if (node.op == DataOp::element) out.insert(node.variable);
  for (const DataExprId arg : node.args) add_elements(exprs, arg, out);
  for (const DataIndex& index : node.indices) {
    if (const auto* lookup = std::get_if<DataIndexExpr>(&index)) add_elements(exprs, lookup->expr, out);
  }
}

}  // namespace

std::set<VariableId> elements_in(const DataExprs& exprs, DataExprId id) {
  std::set<VariableId> out;
  add_elements(exprs, id, out);
  return out;
}

std::vector<VariableId> params_in(const model::ModelGraph& graph, const DataExprs& exprs, DataExprId id) {
  std::vector<VariableId> out;
  for (const VariableId variable : elements_in(exprs, id)) {
    if (graph.variables[variable].role == model::Role::param) out.push_back(variable);
  }
  return out;
}

Atom atom_of_params(const model::ModelGraph& graph, const DataExprs& exprs, DataExprId id) {
  return {params_in(graph, exprs, id).at(0), Statistic::expression(id.value), {}};
}

namespace {

DataExprId shifted(DataExprs& exprs, DataExprId lookup, const Size& offset) {
  return offset == Size(0) ? lookup : make_call(exprs, DataOp::add, {lookup, make_size(exprs, offset)});
}

// An index as an expression, `index` replaced.
DataExprId index_as_expression(DataExprs& exprs, const DataIndex& use, IndexId index, DataExprId lookup) {
  if (const auto* expression = std::get_if<DataIndexExpr>(&use)) return expression->expr;
  const auto& plain = std::get<IndexUse>(use);
  return plain.index == index ? shifted(exprs, lookup, plain.offset) : make_index_value(exprs, plain);
}

}  // namespace

std::optional<DataExprId> looked_up(DataExprs& exprs, DataExprId id, IndexId index, DataExprId lookup) {
  DataNode node = exprs[id];
  if (!std::ranges::binary_search(node.free, index)) return id;
  for (DataExprId& arg : node.args) {
    const auto inner = looked_up(exprs, arg, index, lookup);
    if (!inner) return std::nullopt;
    arg = *inner;
  }
  const auto uses_index = [&](const DataIndex& use) {
    const auto* plain = std::get_if<IndexUse>(&use);
    return plain != nullptr && plain->index == index;
  };
  if (std::ranges::any_of(node.indices, uses_index)) {
    if (node.op == DataOp::inverse) return std::nullopt;
    if (node.op == DataOp::index_value) return index_as_expression(exprs, node.indices[0], index, lookup);
    if (node.op == DataOp::one_hot)
      return make_call(exprs, DataOp::equal, {node.args[0], index_as_expression(exprs, node.indices[0], index, lookup)});
    if (node.op == DataOp::delta) {
      return make_call(exprs, DataOp::equal,
                       {index_as_expression(exprs, node.indices[0], index, lookup), index_as_expression(exprs, node.indices[1], index, lookup)});
    }
  }
  for (DataIndex& use : node.indices) {
    if (auto* nested = std::get_if<DataIndexExpr>(&use)) {
      const auto inner = looked_up(exprs, nested->expr, index, lookup);
      if (!inner) return std::nullopt;
      nested->expr = *inner;
    } else if (uses_index(use)) {
      use = DataIndexExpr{index_as_expression(exprs, use, index, lookup)};
    }
  }
  const bool plain = node.bound.empty() && node.indices.empty();
  return plain ? make_call(exprs, node.op, node.args) : make(exprs, std::move(node));
}

}  // namespace jensen::derive
