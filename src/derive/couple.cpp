// Which real variables are jointly quadratic, and along which indices their elements never meet.
#include <algorithm>
#include <functional>
#include <set>

#include "derive/find_blocks.hpp"

namespace jensen::derive {

namespace {

bool contains(const std::vector<VariableId>& set, VariableId id) { return std::ranges::find(set, id) != set.end(); }

bool meet(const LogJoint& joint, const std::vector<VariableId>& set, VariableId other) {
  return std::ranges::any_of(joint.terms, [&](const Term& term) {
    const bool one = std::ranges::any_of(term.atoms, [&](const Atom& atom) { return contains(set, atom.variable); });
    return one && std::ranges::any_of(term.atoms, [&](const Atom& atom) { return atom.variable == other; });
  });
}

std::size_t enclosing_plates(const model::ModelGraph& graph, VariableId id) {
  const model::Variable& variable = graph.variables[id];
  std::size_t plates = variable.array_rank;
  for (const FactorId factor : variable.factors) plates = std::max(plates, graph.factors[factor].plates.size());
  return plates;
}

// Variables of which one q, or one best value, is found together.
bool compatible(const model::ModelGraph& graph, const std::set<VariableId>& apart, VariableId start, VariableId other) {
  if (apart.contains(start) || apart.contains(other)) return false;
  const model::Variable& a = graph.variables[start];
  const model::Variable& b = graph.variables[other];
  if (!same_gates(graph, start, other) || weighted(graph, start) != weighted(graph, other)) return false;
  // A param beside a latent: where the log joint is quadratic in both, the best value is the mode of the marginal that their joint q would have.
  // With latents of every row it stays a step of its own, which costs one pass over the rows and no factor as large as the data.
  if (a.role != b.role) return a.role == model::Role::latent && a.data_sized == b.data_sized && !weighted(graph, start);
  return a.role == model::Role::latent || a.data_sized == b.data_sized;
}

// A variable outside the rows prefers a block outside them.
bool prefers_another(const model::ModelGraph& graph, const LogJoint& joint, const std::vector<VariableId>& candidates, VariableId start,
                     VariableId other) {
  if (graph.variables[start].data_sized == graph.variables[other].data_sized) return false;
  return std::ranges::any_of(candidates, [&](VariableId third) {
    return third != other && third != start && graph.variables[third].data_sized == graph.variables[other].data_sized &&
           meet(joint, {other}, third) && quadratic(graph, joint, {std::min(other, third), std::max(other, third)});
  });
}

}  // namespace

bool weighted(const model::ModelGraph& graph, VariableId id) {
  return std::ranges::any_of(graph.variables[id].factors, [&](FactorId f) {
    return std::ranges::any_of(graph.factors[f].plates, [&](PlateId p) { return graph.plates[p].weight.has_value(); });
  });
}

bool quadratic(const model::ModelGraph& graph, const LogJoint& joint, const std::vector<VariableId>& variables) {
  for (const VariableId id : variables) {
    if (graph.variables[id].type.support.kind != SupportKind::real) return false;
    for (const Residual& residual : joint.residuals) {
      if (contains(residual.variables, id)) return false;
    }
  }
  for (const Term& term : joint.terms) {
    double degree = 0;
    for (const Atom& atom : term.atoms) {
      if (!contains(variables, atom.variable)) continue;
      if (atom.statistic.kind != StatisticKind::power || atom.statistic.power < 1) return false;
      degree += atom.statistic.power;
    }
    if (degree != 0 && degree != 1 && degree != 2) return false;
  }
  return true;
}

// DESIGN 2.4: start from the variable in the most enclosing plates, then text order; add every variable still jointly quadratic with all in the set.
std::vector<std::vector<VariableId>> jointly_quadratic_sets(const model::ModelGraph& graph, const LogJoint& joint, const std::set<VariableId>& apart,
                                                            const std::set<VariableId>& taken) {
  std::vector<VariableId> candidates;
  for (std::size_t i = 0; i < graph.variables.size(); ++i) {
    const VariableId id(i);
    const model::Role role = graph.variables[id].role;
    if (taken.contains(id)) continue;
    if (graph.variables[id].missing_of.valid() && terms_with(joint, {id}).empty()) continue;
    if ((role == model::Role::latent || role == model::Role::param) && quadratic(graph, joint, {id})) candidates.push_back(id);
  }
  std::ranges::stable_sort(candidates, std::greater<>{},
                           [&](VariableId id) { return std::pair(graph.variables[id].role == model::Role::latent, enclosing_plates(graph, id)); });
  std::vector<std::vector<VariableId>> sets;
  std::set<VariableId> assigned;
  for (const VariableId start : candidates) {
    if (!assigned.insert(start).second) continue;
    std::vector<VariableId> set{start};
    for (bool grown = true; grown;) {
      grown = false;
      for (const VariableId other : candidates) {
        if (assigned.contains(other) || !compatible(graph, apart, start, other) || !meet(joint, set, other)) continue;
        if (prefers_another(graph, joint, candidates, start, other)) continue;
        std::vector<VariableId> larger = set;
        larger.push_back(other);
        if (!quadratic(graph, joint, larger)) continue;
        set = std::move(larger);
        assigned.insert(other);
        grown = true;
      }
    }
    std::ranges::sort(set);
    sets.push_back(std::move(set));
  }
  return sets;
}

namespace {

using Pairs = std::vector<std::pair<const Atom*, const Atom*>>;

Pairs pairs_of(const LogJoint& joint, const std::vector<VariableId>& variables) {
  Pairs pairs;
  for (const Term& term : joint.terms) {
    std::vector<const Atom*> mine;
    for (const Atom& atom : term.atoms) {
      if (contains(variables, atom.variable)) mine.push_back(&atom);
    }
    for (std::size_t a = 0; a < mine.size(); ++a) {
      for (std::size_t b = a + 1; b < mine.size(); ++b) pairs.emplace_back(mine[a], mine[b]);
    }
  }
  return pairs;
}

// One slot per component such that in every product of two of them both stand at the same index there.
bool agrees(const Pairs& pairs, const std::vector<VariableId>& variables, const std::vector<std::size_t>& slots) {
  const auto slot_of = [&](const Atom* atom) -> std::optional<std::size_t> {
    const auto at = static_cast<std::size_t>(std::ranges::find(variables, atom->variable) - variables.begin());
    if (at >= slots.size()) return std::nullopt;
    return slots[at];
  };
  return std::ranges::all_of(pairs, [&](const auto& pair) {
    const auto a = slot_of(pair.first);
    const auto b = slot_of(pair.second);
    return !a || !b || pair.first->indices[*a] == pair.second->indices[*b];
  });
}

}  // namespace

Coupling couple(const model::ModelGraph& graph, const LogJoint& joint, const std::vector<VariableId>& variables) {
  Coupling out;
  for (const VariableId id : variables) {
    out.components.push_back({id, {}, {}});
    out.components.back().present = present_mask(graph, id);
  }
  const Pairs pairs = pairs_of(joint, variables);
  const std::function<bool(std::vector<std::size_t>&)> extend = [&](std::vector<std::size_t>& slots) {
    if (!agrees(pairs, variables, slots)) return false;
    if (slots.size() == variables.size()) return true;
    const model::Variable& next = graph.variables[variables[slots.size()]];
    const Component& component = out.components[slots.size()];
    for (std::size_t slot = 0; slot < next.dims.size(); ++slot) {
      const bool used = std::ranges::find(component.batch_slots, slot) != component.batch_slots.end();
      if (used || !(next.dims[slot] == graph.variables[variables[0]].dims[slots[0]])) continue;
      slots.push_back(slot);
      if (extend(slots)) return true;
      slots.pop_back();
    }
    return false;
  };
  const model::Variable& first = graph.variables[variables[0]];
  for (std::size_t slot = 0; slot < first.dims.size(); ++slot) {
    std::vector<std::size_t> slots{slot};
    if (!extend(slots)) continue;
    for (std::size_t c = 0; c < variables.size(); ++c) out.components[c].batch_slots.push_back(slots[c]);
    out.batch.push_back(first.dims[slot]);
  }
  for (Component& component : out.components) {
    for (std::size_t slot = 0; slot < graph.variables[component.variable].dims.size(); ++slot) {
      if (std::ranges::find(component.batch_slots, slot) == component.batch_slots.end()) component.inner_slots.push_back(slot);
    }
  }
  return out;
}

}  // namespace jensen::derive
