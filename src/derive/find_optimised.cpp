// Params that a function holds together, so that no mode in closed form and no one-number search updates them: they become one point block.
//
// A set begins with the params of one expression, log Γ(a + b) for instance. A param that multiplies a function of a param, as in a exp(-b t), is
// taken in, because alternating between the two would creep. One that multiplies all terms with such a function by one and the same statistic, as the
// precision of a least-squares problem does, only scales what is maximised: it stays outside.
#include <algorithm>
#include <map>

#include "derive/expression.hpp"
#include "derive/find_blocks.hpp"

namespace jensen::derive {

namespace {

using model::ModelGraph;

bool is_param(const ModelGraph& graph, const Atom& atom) { return graph.variables[atom.variable].role == model::Role::param; }

bool is_function(const Atom& atom) { return atom.statistic.kind == StatisticKind::function || atom.statistic.kind == StatisticKind::expression; }

class Sets {
 public:
  explicit Sets(std::size_t n) : parent_(n) {
    for (std::size_t i = 0; i < n; ++i) parent_[i] = i;
  }
  std::size_t find(VariableId id) {
    auto n = static_cast<std::size_t>(id.value);
    while (parent_[n] != n) n = parent_[n];
    return n;
  }
  bool unite(VariableId a, VariableId b) {
    const std::size_t x = find(a), y = find(b);
    parent_[std::max(x, y)] = std::min(x, y);
    return x != y;
  }

 private:
  std::vector<std::size_t> parent_;
};

class Search {
 public:
  Search(const ModelGraph& graph, const LogJoint& joint) : graph_(graph), joint_(joint), sets_(graph.variables.size()) {}

  std::vector<OptimisedSet> run() {
    for (std::size_t t = 0; t < joint_.terms.size(); ++t) join_expressions(TermId(t));
    while (join_products()) {
    }
    std::map<std::size_t, OptimisedSet> found;
    for (const auto& [variable, term] : offenders_) {
      const auto [set, is_new] = found.try_emplace(sets_.find(variable), OptimisedSet{{}, term});
      set->second.offender = std::min(set->second.offender, term);
    }
    std::vector<OptimisedSet> out;
    for (auto& [root, set] : found) {
      for (std::size_t v = 0; v < graph_.variables.size(); ++v) {
        if (sets_.find(VariableId(v)) == root) set.variables.emplace_back(v);
      }
      out.push_back(std::move(set));
    }
    return out;
  }

 private:
  void join_expressions(TermId t) {
    for (const Atom& atom : joint_.terms[t].atoms) {
      if (atom.statistic.kind != StatisticKind::expression) continue;
      offenders_.emplace(atom.variable, t);
      for (const VariableId id : params_in(graph_, joint_.data, DataExprId(static_cast<std::int32_t>(atom.statistic.id)))) {
        sets_.unite(atom.variable, id);
      }
    }
  }

  // Terms that hold a function of a param of the set.
  std::vector<TermId> function_terms(std::size_t set) {
    std::vector<TermId> out;
    for (std::size_t t = 0; t < joint_.terms.size(); ++t) {
      const auto& atoms = joint_.terms[TermId(t)].atoms;
      if (std::ranges::any_of(atoms, [&](const Atom& a) { return is_function(a) && is_param(graph_, a) && sets_.find(a.variable) == set; })) {
        out.emplace_back(t);
      }
    }
    return out;
  }

  // Whether every one of the terms has the param exactly once, always by the same statistic.
  bool only_scales(const std::vector<TermId>& terms, VariableId id) const {
    std::optional<Statistic> only;
    for (const TermId t : terms) {
      std::size_t times = 0;
      for (const Atom& atom : joint_.terms[t].atoms) {
        if (atom.variable != id) continue;
        ++times;
        if (only && *only != atom.statistic) return false;
        only = atom.statistic;
      }
      if (times != 1) return false;
    }
    return true;
  }

  bool join_products() {
    for (std::size_t t = 0; t < joint_.terms.size(); ++t) {
      for (const Atom& function : joint_.terms[TermId(t)].atoms) {
        if (!is_function(function) || !is_param(graph_, function)) continue;
        const std::size_t set = sets_.find(function.variable);
        for (const Atom& other : joint_.terms[TermId(t)].atoms) {
          const bool same_set = sets_.find(other.variable) == set;
          const bool same_number = other.variable == function.variable && other.indices == function.indices;
          if (!is_param(graph_, other) || same_number || (same_set && offenders_.contains(function.variable))) continue;
          if (!same_set && only_scales(function_terms(set), other.variable)) continue;
          offenders_.emplace(function.variable, TermId(t));
          sets_.unite(function.variable, other.variable);
          return true;
        }
      }
    }
    return false;
  }

  const ModelGraph& graph_;
  const LogJoint& joint_;
  Sets sets_;
  std::map<VariableId, TermId> offenders_;
};

// All that a term has of one set as one expression.
void fuse(const ModelGraph& graph, Context& context, const std::vector<VariableId>& variables, Term& term) {
  std::optional<DataExprId> product;
  std::vector<Atom> kept;
  for (const Atom& atom : term.atoms) {
    if (std::ranges::find(variables, atom.variable) == variables.end()) {
      kept.push_back(atom);
      continue;
    }
    const DataExprId factor = *expression_of(graph, context, atom);
    product = product ? make_call(context.joint.data, DataOp::multiply, {*product, factor}) : factor;
  }
  if (!product) return;
  Atom fused{variables[0], Statistic::expression(product->value), {}};
  kept.push_back(std::move(fused));
  std::ranges::sort(kept);
  term.atoms = std::move(kept);
}

}  // namespace

std::vector<OptimisedSet> find_optimised(const ModelGraph& graph, Context& context) {
  std::vector<OptimisedSet> sets = Search(graph, context.joint).run();
  for (const OptimisedSet& set : sets) {
    for (std::size_t t = 0; t < context.joint.terms.size(); ++t) fuse(graph, context, set.variables, context.joint.terms[TermId(t)]);
  }
  return sets;
}

}  // namespace jensen::derive
