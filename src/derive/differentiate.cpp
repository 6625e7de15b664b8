#include "derive/differentiate.hpp"

#include <algorithm>
#include <cmath>

#include "derive/expression.hpp"

namespace jensen::derive {

namespace {

class Differentiator {
 public:
  Differentiator(Context& context, const Atom& element) : context_(context), element_(element) {}

  std::optional<Poly> of(DataExprId id) {
    const DataNode node = exprs()[id];
    if (node.op == DataOp::element) return node.variable == element_.variable ? Poly{same_element(node)} : Poly{};
    if (node.op == DataOp::sum || node.op == DataOp::log_sum_exp) return of_sum(id, node);
    if (node.op == DataOp::log_det || node.op == DataOp::inverse) return of_matrix(node);
    Poly out;
    for (std::size_t a = 0; a < node.args.size(); ++a) {
      const auto inner = of(node.args[a]);
      if (!inner) return std::nullopt;
      if (inner->empty()) continue;
      const auto outer = partial(id, node, a);
      if (!outer) return std::nullopt;
      const Poly part = product(from_data(exprs(), *outer), *inner);
      out.insert(out.end(), part.begin(), part.end());
    }
    return out;
  }

 private:
  DataExprs& exprs() { return context_.joint.data; }
  DataExprId number(double value) { return make_number(exprs(), value); }
  DataExprId call(DataOp op, std::vector<DataExprId> args) { return make_call(exprs(), op, std::move(args)); }

  // 1 where all indices are those of the element.
  RawTerm same_element(const DataNode& node) {
    RawTerm out;
    for (std::size_t slot = 0; slot < node.indices.size(); ++slot) {
      const IndexUse& own = element_.indices[slot];
      if (const auto* use = std::get_if<IndexUse>(&node.indices[slot])) {
        if (*use == own) continue;
        out.data.push_back(make_delta(exprs(), *use, own));
      } else {
        DataNode hot;
        hot.op = DataOp::one_hot;
        hot.args = {std::get<DataIndexExpr>(node.indices[slot]).expr};
        hot.indices = {own};
        out.data.push_back(make(exprs(), std::move(hot)));
      }
    }
    return out;
  }

  IndexId renamed(IndexId bound) { return context_.joint.indices.add(Index(context_.joint.indices[bound])); }

  // ∂ Σ e = Σ ∂e, ∂ log Σ exp e = Σ exp(e − log Σ exp e) ∂e.
  std::optional<Poly> of_sum(DataExprId id, const DataNode& node) {
    const IndexId index = renamed(node.bound[0]);
    const DataExprId body = substitute(exprs(), node.args[0], {{node.bound[0], {index, 0}}});
    auto inner = of(body);
    if (!inner) return std::nullopt;
    if (node.op == DataOp::log_sum_exp) inner = product(from_data(exprs(), call(DataOp::exp, {call(DataOp::subtract, {body, id})})), *inner);
    return summed(context_, *inner, index);
  }

  DataExprId inverse_entry(const DataNode& node, const DataIndex& row, const DataIndex& column) {
    DataNode out;
    out.op = DataOp::inverse;
    out.bound = node.bound;
    out.args = node.args;
    out.indices = {row, column};
    return make(exprs(), std::move(out));
  }

  // ∂ log|M| = Σ (M^-1)_ij ∂M_ij, ∂(M^-1)_rc = −Σ (M^-1)_ri ∂M_ij (M^-1)_jc, for a symmetric M.
  std::optional<Poly> of_matrix(const DataNode& node) {
    const IndexId i = renamed(node.bound[0]), j = renamed(node.bound[1]);
    auto inner = of(substitute(exprs(), node.args[0], {{node.bound[0], {i, 0}}, {node.bound[1], {j, 0}}}));
    if (!inner) return std::nullopt;
    const IndexUse row{i, 0}, column{j, 0};
    if (node.op == DataOp::log_det) {
      inner = product(from_data(exprs(), inverse_entry(node, row, column)), *inner);
    } else {
      const Poly left = from_data(exprs(), inverse_entry(node, node.indices[0], row));
      inner = scaled(product(product(left, from_data(exprs(), inverse_entry(node, column, node.indices[1]))), *inner), -1);
    }
    return summed(context_, summed(context_, *inner, i), j);
  }

  // ∂op/∂argument; `id` is the operation itself.
  std::optional<DataExprId> partial(DataExprId id, const DataNode& node, std::size_t argument) {
    const bool first = argument == 0;
    const DataExprId x = node.args[0], one = number(1);
    const auto over = [&](DataExprId a, DataExprId b) { return call(DataOp::divide, {a, b}); };
    switch (node.op) {
      case DataOp::add:
        return one;
      case DataOp::subtract:
        return first ? one : number(-1);
      case DataOp::multiply:
        return node.args[first ? 1 : 0];
      case DataOp::divide:
        return first ? over(one, node.args[1]) : over(call(DataOp::negate, {id}), node.args[1]);
      case DataOp::power:
        if (!first) return call(DataOp::multiply, {id, call(DataOp::log, {x})});
        if (number_of(exprs(), node.args[1]) == 2) return call(DataOp::multiply, {node.args[1], x});
        return call(DataOp::multiply, {node.args[1], call(DataOp::power, {x, call(DataOp::subtract, {node.args[1], one})})});
      case DataOp::negate:
        return number(-1);
      case DataOp::exp:
        return id;
      case DataOp::log:
        return over(one, x);
      case DataOp::sqrt:
        return over(number(0.5), id);
      case DataOp::lgamma:
        return call(DataOp::digamma, {x});
      case DataOp::logit:
        return over(one, call(DataOp::multiply, {x, call(DataOp::subtract, {one, x})}));
      case DataOp::expit:
        return call(DataOp::multiply, {id, call(DataOp::subtract, {one, id})});
      case DataOp::softplus:
        return call(DataOp::expit, {x});
      case DataOp::cos:
        return call(DataOp::negate, {call(DataOp::sin, {x})});
      case DataOp::sin:
        return call(DataOp::cos, {x});
      case DataOp::log_normal_cdf: {
        const DataExprId square = call(DataOp::multiply, {number(-0.5), call(DataOp::power, {x, number(2)})});
        return call(DataOp::exp, {call(DataOp::subtract, {call(DataOp::subtract, {square, number(0.5 * std::log(2 * M_PI))}), id})});
      }
      case DataOp::log1m:
        return over(number(-1), call(DataOp::subtract, {one, x}));
      case DataOp::conditional:
        if (first) return number(0);
        return call(DataOp::conditional, {x, number(argument == 1 ? 1 : 0), number(argument == 1 ? 0 : 1)});
      case DataOp::equal:
      case DataOp::not_equal:
      case DataOp::less:
      case DataOp::less_equal:
      case DataOp::logical_and:
      case DataOp::logical_or:
      case DataOp::logical_not:
        return number(0);
      case DataOp::abs:
      case DataOp::digamma:
      case DataOp::log_multivariate_gamma:
      case DataOp::log_bessel_i0:
      case DataOp::number:
      case DataOp::size:
      case DataOp::index_value:
      case DataOp::element:
      case DataOp::one_hot:
      case DataOp::delta:
      case DataOp::array:
      case DataOp::sum:
      case DataOp::log_sum_exp:
      case DataOp::inverse:
      case DataOp::log_det:
      case DataOp::variate:
        return std::nullopt;
    }
    return std::nullopt;
  }

  Context& context_;
  const Atom& element_;
};

// The name that an index of the variable's slot has in the block's functions.
std::optional<std::string> slot_name(const LogJoint& joint, DataExprId id, VariableId variable, std::size_t slot) {
  const DataNode& node = joint.data[id];
  if (node.op == DataOp::element && node.variable == variable) {
    const auto* use = std::get_if<IndexUse>(&node.indices[slot]);
    if (use != nullptr && use->index.valid()) return joint.indices[use->index].name;
  }
  for (const DataExprId arg : node.args) {
    if (auto name = slot_name(joint, arg, variable, slot)) return name;
  }
  return std::nullopt;
}

std::string index_name(const Derivation& derivation, const Block& block, VariableId variable, std::size_t slot) {
  for (const TermId t : block.terms) {
    for (const Atom& atom : derivation.log_joint.terms[t].atoms) {
      if (atom.statistic.kind != StatisticKind::expression) continue;
      if (auto name = slot_name(derivation.log_joint, DataExprId(static_cast<std::int32_t>(atom.statistic.id)), variable, slot)) return *name;
    }
  }
  return std::string(1, static_cast<char>('i' + static_cast<char>(slot)));
}

}  // namespace

std::optional<Poly> differentiate(Context& context, DataExprId id, const Atom& element) { return Differentiator(context, element).of(id); }

std::vector<Partial> gradient_of(const model::ModelGraph& graph, Derivation& derivation, BlockId id) {
  const Block block = derivation.blocks[id];
  Context context{derivation.log_joint};
  std::vector<Partial> out;
  for (const Component& component : block.components) {
    Partial partial{{component.variable, {StatisticKind::power, 1}, {}}, {}};
    const std::vector<Size>& dims = graph.variables[component.variable].dims;
    for (std::size_t slot = 0; slot < dims.size(); ++slot) {
      const std::string name = index_name(derivation, block, component.variable, slot);
      partial.element.indices.push_back({derivation.log_joint.indices.add({name, {1, dims[slot]}}), 0});
    }
    bool complete = true;
    for (const TermId t : block.terms) {
      const Term term = derivation.log_joint.terms[t];
      const auto mine = std::ranges::find_if(
          term.atoms, [&](const Atom& a) { return a.variable == block.components[0].variable && a.statistic.kind == StatisticKind::expression; });
      const auto derivative = differentiate(context, DataExprId(static_cast<std::int32_t>(mine->statistic.id)), partial.element);
      complete = complete && derivative;
      for (RawTerm part : derivative.value_or(Poly{})) {
        part.coefficient *= term.coefficient;
        part.data.insert(part.data.end(), term.data.begin(), term.data.end());
        part.sums.insert(part.sums.end(), term.sums.begin(), term.sums.end());
        for (const Atom& atom : term.atoms) {
          if (&atom != &*mine) part.atoms.push_back(atom);
        }
        resolve_deltas(context.joint.data, context.joint.indices, part);
        partial.parts.push_back({t, part.coefficient, part.data, part.atoms, part.sums, term.weight});
      }
    }
    if (complete && !partial.parts.empty()) out.push_back(std::move(partial));
  }
  return out;
}

}  // namespace jensen::derive
