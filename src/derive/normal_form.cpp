#include "derive/normal_form.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "base/overload.hpp"
#include "derive/axes.hpp"

namespace jensen::derive {

namespace {

bool matrix_valued(const model::ModelGraph& graph, const Atom& atom) { return graph.variables[atom.variable].type.dims.size() == 2; }

bool symmetric(SupportKind kind) { return kind == SupportKind::covariance || kind == SupportKind::precision || kind == SupportKind::correlation; }

bool of_one_number(const model::ModelGraph& graph, const Atom& atom) {
  return graph.variables[atom.variable].type.dims.empty() && atom.statistic.kind != StatisticKind::indicator &&
         atom.statistic.kind != StatisticKind::expression;
}

// τ · τ is τ²: the statistics of one element are one power, and those of one number that are not all powers are one function.
void combine_powers(const model::ModelGraph& graph, DataExprs& exprs, RawTerm& term) {
  std::vector<Atom> out;
  for (const Atom& atom : term.atoms) {
    const auto same = std::ranges::find_if(out, [&](const Atom& other) {
      return other.variable == atom.variable && other.indices == atom.indices && other.statistic.kind == StatisticKind::power &&
             atom.statistic.kind == StatisticKind::power && !matrix_valued(graph, atom);
    });
    if (same != out.end()) {
      same->statistic.power += atom.statistic.power;
      continue;
    }
    const auto other = std::ranges::find_if(out, [&](const Atom& a) {
      return a.variable == atom.variable && a.indices == atom.indices && of_one_number(graph, a) && of_one_number(graph, atom);
    });
    if (other != out.end()) {
      const DataExprId product = make_call(exprs, DataOp::multiply, {as_function(exprs, other->statistic), as_function(exprs, atom.statistic)});
      other->statistic = Statistic::function(product.value);
      continue;
    }
    const auto indicator = std::ranges::find(out, atom);
    if (atom.statistic.kind == StatisticKind::indicator && indicator != out.end()) continue;  // [z = k]² = [z = k]
    out.push_back(atom);
  }
  std::erase_if(out, [](const Atom& atom) { return atom.statistic.kind == StatisticKind::power && atom.statistic.power == 0; });
  term.atoms = std::move(out);
}

void sort_symmetric(const model::ModelGraph& graph, RawTerm& term) {
  for (Atom& atom : term.atoms) {
    const bool entry = atom.statistic.kind == StatisticKind::power || atom.statistic.kind == StatisticKind::inverse;
    const std::size_t n = atom.indices.size();
    if (entry && n >= 2 && matrix_valued(graph, atom) && symmetric(graph.variables[atom.variable].type.support.kind) &&
        atom.indices[n - 1] < atom.indices[n - 2]) {
      std::swap(atom.indices[n - 1], atom.indices[n - 2]);
    }
  }
}

// Indices that nothing depends on count how often the term occurs.
void multiply_out(Context& context, RawTerm& term) {
  DataExprs& exprs = context.joint.data;
  std::vector<IndexId> kept;
  for (const IndexId index : term.sums) {
    if (uses(exprs, term, index)) {
      kept.push_back(index);
      continue;
    }
    const DataExprId extent = make_size(exprs, context.joint.indices[index].range.extent());
    if (const auto number = number_of(exprs, extent)) {
      term.coefficient *= *number;
    } else {
      term.data.push_back(extent);
    }
  }
  term.sums = std::move(kept);
}

using Key = std::tuple<std::vector<Atom>, std::vector<DataExprId>, std::vector<IndexId>>;

class Normaliser {
 public:
  Normaliser(const model::ModelGraph& graph, Context& context, const std::vector<FactorTerms>& factors)
      : graph_(graph), context_(context), axes_(graph, context, factors) {}

  void add(const FactorTerms& factor, RawTerm term) {
    resolve_deltas(context_.joint.data, context_.joint.indices, term);
    combine_powers(graph_, context_.joint.data, term);
    const bool weighted = factor.weight.has_value();
    if (weighted) term.data.push_back(*factor.weight);  // named together with the rest, then taken out again
    multiply_out(context_, term);
    if (term.coefficient == 0) return;
    canonical(term, weighted ? factor.weight : std::nullopt, factor.factor);
  }

  void finish() {
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      if (std::abs(terms_[i].coefficient) <= 1e-15 * magnitude_[i]) continue;
      context_.joint.terms.add(terms_[i]);
    }
  }

 private:
  // All ways to give the canonical names of each kind of index to the term's indices of that kind; the least result wins.
  void canonical(RawTerm& term, const std::optional<DataExprId>& weight, FactorId factor) {
    std::map<AxisId, std::vector<IndexId>> groups;
    for (const IndexId index : term.sums) groups[axes_.axis_of(index)].push_back(index);
    std::vector<std::pair<AxisId, std::vector<IndexId>>> kinds(groups.begin(), groups.end());
    std::optional<Key> best;
    RawTerm best_term;
    std::optional<DataExprId> best_weight;
    std::vector<std::vector<std::size_t>> orders;
    double count = 1;
    for (const auto& [axis, members] : kinds) {
      orders.emplace_back(members.size());
      std::iota(orders.back().begin(), orders.back().end(), 0U);
      count *= std::tgamma(static_cast<double>(members.size()) + 1);
    }
    const bool search = count <= 5040;
    do {
      Substitution rename;
      for (std::size_t g = 0; g < kinds.size(); ++g) {
        for (std::size_t m = 0; m < kinds[g].second.size(); ++m) {
          const IndexId index = kinds[g].second[m];
          rename[index] = {axes_.canonical(kinds[g].first, orders[g][m], context_.joint.indices[index].range), 0};
        }
      }
      RawTerm renamed = term;
      substitute(context_.joint.data, renamed, rename);
      for (IndexId& index : renamed.sums) index = rename[index].index;
      std::optional<DataExprId> renamed_weight;
      if (weight) {
        renamed_weight = substitute(context_.joint.data, *weight, rename);
        renamed.data.erase(std::ranges::find(renamed.data, *renamed_weight));
      }
      sort_symmetric(graph_, renamed);
      std::ranges::sort(renamed.atoms);
      std::ranges::sort(renamed.data);
      std::ranges::sort(renamed.sums);
      Key key{renamed.atoms, renamed.data, renamed.sums};
      if (!best || key < *best) {
        best = std::move(key);
        best_term = std::move(renamed);
        best_weight = renamed_weight;
      }
    } while (search && next(orders));
    merge(best_term, best_weight, factor);
  }

  static bool next(std::vector<std::vector<std::size_t>>& orders) {
    for (auto& order : orders) {
      if (std::next_permutation(order.begin(), order.end())) return true;
    }
    return false;
  }

  void merge(const RawTerm& raw, const std::optional<DataExprId>& weight, FactorId factor) {
    // What a param's own distribution says stays apart, so that the log likelihood can leave it out.
    const bool prior_of_param = graph_.variables[graph_.factors[factor].variable].role == model::Role::param;
    const auto key = std::tuple(Key{raw.atoms, raw.data, raw.sums}, weight, prior_of_param);
    const auto [found, inserted] = places_.try_emplace(key, terms_.size());
    if (inserted) {
      terms_.push_back({0, raw.data, raw.atoms, raw.sums, weight, {}});
      magnitude_.push_back(0);
    }
    Term& term = terms_[found->second];
    term.coefficient += raw.coefficient;
    magnitude_[found->second] += std::abs(raw.coefficient);
    if (std::ranges::find(term.factors, factor) == term.factors.end()) term.factors.push_back(factor);
  }

  const model::ModelGraph& graph_;
  Context& context_;
  Axes axes_;
  std::vector<Term> terms_;
  std::vector<double> magnitude_;  // Σ |coefficient| of what was merged, to tell cancellation from a small coefficient
  std::map<std::tuple<Key, std::optional<DataExprId>, bool>, std::size_t> places_;
};

}  // namespace

void normalise(const model::ModelGraph& graph, Context& context, std::vector<FactorTerms> factors) {
  Normaliser normaliser(graph, context, factors);
  for (FactorTerms& factor : factors) {
    Poly terms = std::move(factor.terms);
    for (RawTerm& term : terms) normaliser.add(factor, std::move(term));
  }
  normaliser.finish();
}

}  // namespace jensen::derive
