// Picking by an index that is latent or read from data: a sum over it against an indicator.
#include <algorithm>
#include <cmath>
#include <span>

#include "derive/expand.hpp"

namespace jensen::derive {

// One summed index per distinct index expression of the factor, so that mu[z[n]] and sd[z[n]] move together.
IndexUse Expander::pick(const Poly& value, const Size& extent) {
  const DataExprId lookup = as_data(context_, value);
  const DataNode& node = data()[lookup];
  if (node.op == DataOp::index_value) return std::get<IndexUse>(node.indices[0]);
  if (node.op == DataOp::number) return {{}, Size(static_cast<std::int64_t>(std::llround(node.number)))};
  for (const Pick& known : picks_) {
    if (!known.latent && known.lookup == lookup) return {known.index, 0};
  }
  const IndexId index = fresh(extent);
  picks_.push_back({lookup, std::nullopt, index});
  return {index, 0};
}

Poly Expander::latent_level(VariableId id, const std::vector<IndexUse>& at) {
  const model::Variable& variable = graph_.variables[id];
  const SupportKind kind = variable.type.support.kind;
  // A count without a constant bound is one number with statistics; the others are picked level by level.
  if (kind == SupportKind::count || kind == SupportKind::integer || (kind == SupportKind::bounded_count && !variable.type.levels.constant())) {
    Atom atom{id, {StatisticKind::power, 1}, at};
    RawTerm term;
    term.atoms = {atom};
    return {term};
  }
  for (const auto& [element, level] : fixed_) {
    if (element.variable == id && element.indices == at) return from_data(data(), make_size(data(), level));
  }
  for (const Pick& known : picks_) {
    if (known.latent && known.latent->variable == id && std::ranges::equal(at, std::span(known.latent->indices).first(at.size()))) {
      return from_data(data(), make_index_value(data(), {known.index, 0}));
    }
  }
  const bool category = variable.type.support.kind == SupportKind::category;
  const IndexId index = fresh("", category ? Range{1, variable.type.levels} : Range{0, variable.type.levels - Size(1)});
  Atom indicator{id, {StatisticKind::indicator, 1}, at};
  indicator.indices.push_back({index, 0});
  picks_.push_back({DataExprId{}, indicator, index});
  return from_data(data(), make_index_value(data(), {index, 0}));
}

// Σ_k [z = k] = 1, so an indicator is needed only where its index is used. A later pick may use the index of an earlier one.
void Expander::attach_picks(RawTerm& term) const {
  for (auto it = picks_.rbegin(); it != picks_.rend(); ++it) attach(*it, term);
}

void Expander::attach(const Pick& pick, RawTerm& term) const {
  const bool bound = std::ranges::find(term.sums, pick.index) != term.sums.end();
  if (bound || !uses(context_.joint.data, term, pick.index)) return;
  term.sums.push_back(pick.index);
  if (pick.latent) {
    term.atoms.push_back(*pick.latent);
    return;
  }
  DataNode node;
  node.op = DataOp::one_hot;
  node.args = {pick.lookup};
  node.indices = {IndexUse{pick.index, 0}};
  term.data.push_back(make(context_.joint.data, std::move(node)));
}

// Σ over an index: what was picked at it is picked inside the sum.
Poly Expander::summed_over(Poly poly, IndexId index) {
  for (RawTerm& term : poly) {
    for (auto it = picks_.rbegin(); it != picks_.rend(); ++it) {
      const bool depends = it->latent ? uses(data(), *it->latent, index) : std::ranges::binary_search(data()[it->lookup].free, index);
      if (depends) attach(*it, term);
    }
  }
  return summed(context_, std::move(poly), index);
}

}  // namespace jensen::derive
