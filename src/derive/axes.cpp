#include "derive/axes.hpp"

#include <fmt/format.h>

#include "base/overload.hpp"

namespace jensen::derive {

std::size_t Axes::node(IndexId index) {
  const auto [found, inserted] = index_nodes_.try_emplace(index, parent_.size());
  if (inserted) parent_.push_back(parent_.size());
  return found->second;
}

std::size_t Axes::node(const Slot& slot) {
  const auto [found, inserted] = slot_nodes_.try_emplace(slot, parent_.size());
  if (inserted) parent_.push_back(parent_.size());
  return found->second;
}

std::size_t Axes::find(std::size_t n) {
  while (parent_[n] != n) n = parent_[n] = parent_[parent_[n]];
  return n;
}

void Axes::visit(const IndexUse& use, const Slot& slot) {
  if (use.index.valid()) unite(node(use.index), node(slot));
}

void Axes::visit(const DataExprs& exprs, DataExprId id) {
  const DataNode& expr = exprs[id];
  if (!expr.bound.empty()) return;  // what is bound inside has names of its own
  for (const DataExprId arg : expr.args) visit(exprs, arg);
  if (expr.op == DataOp::delta) {
    const auto& a = std::get<IndexUse>(expr.indices[0]);
    const auto& b = std::get<IndexUse>(expr.indices[1]);
    if (a.index.valid() && b.index.valid()) unite(node(a.index), node(b.index));
  }
  for (std::size_t slot = 0; slot < expr.indices.size(); ++slot) {
    std::visit(Overload{[&](const IndexUse& use) {
                          if (expr.op == DataOp::element) visit(use, {expr.variable, slot});
                        },
                        [&](const DataIndexExpr& e) { visit(exprs, e.expr); }},
               expr.indices[slot]);
  }
}

Axes::Axes(const model::ModelGraph& graph, const Context& context, const std::vector<FactorTerms>& factors) : joint_(context.joint) {
  const LogJoint& joint = context.joint;
  for (const FactorTerms& factor : factors) {
    for (const RawTerm& term : factor.terms) {
      for (const Atom& atom : term.atoms) {
        for (std::size_t slot = 0; slot < atom.indices.size(); ++slot) visit(atom.indices[slot], {atom.variable, slot});
        if (atom.statistic.id >= 0) visit(joint.data, DataExprId(static_cast<std::int32_t>(atom.statistic.id)));
      }
      for (const DataExprId id : term.data) visit(joint.data, id);
    }
  }
  // The same `for` around two factors is one kind of index, also where no term holds both.
  std::map<std::pair<std::string, Range>, IndexId> same;
  for (const IndexId index : context.plates) {
    const auto [first, inserted] = same.try_emplace({joint.indices[index].name, joint.indices[index].range}, index);
    if (!inserted) unite(node(first->second), node(index));
  }
  // An axis that several plates run along takes the first one's name; a name serves one axis.
  for (const FactorTerms& factor : factors) {
    for (const RawTerm& term : factor.terms) {
      for (const IndexId index : term.sums) {
        const AxisId axis = axis_of(index);
        if (!context.plates.contains(index) || names_.contains(axis)) continue;
        if (taken_.insert(joint.indices[index].name).second) names_[axis] = joint.indices[index].name;
      }
    }
  }
  for (const model::Variable& variable : graph.variables) taken_.insert(variable.name);
  for (const auto& [name, value] : graph.constants) taken_.insert(name);
}

namespace {

// An index up to K is called k.
std::string letter_of(const Range& range) {
  const std::string high = range.high.text();
  const bool letter = high.size() == 1 && high[0] >= 'A' && high[0] <= 'Z';
  return letter ? std::string(1, static_cast<char>(high[0] - 'A' + 'a')) : std::string();
}

}  // namespace

std::string Axes::fresh_name(AxisId axis, std::size_t ordinal, const Range& range) {
  const auto key = std::pair(axis, ordinal);
  if (const auto found = given_.find(key); found != given_.end()) return found->second;
  const auto plate = names_.find(axis);
  std::string name;
  if (plate != names_.end()) {
    name = plate->second + std::string(ordinal, '\'');
  } else {
    for (const char c : letter_of(range) + "ijlmpqrstuvabcdefgho") {
      name = std::string(1, c);
      if (taken_.insert(name).second) break;
      name.clear();
    }
    if (name.empty()) name = fmt::format("i{}", given_.size());
  }
  given_[key] = name;
  return name;
}

IndexId Axes::canonical(AxisId axis, std::size_t ordinal, const Range& range) {
  const auto key = std::tuple(axis, ordinal, range);
  if (const auto found = canonical_.find(key); found != canonical_.end()) return found->second;
  const IndexId id = joint_.indices.add({fresh_name(axis, ordinal, range), range});
  canonical_[key] = id;
  return id;
}

}  // namespace jensen::derive
