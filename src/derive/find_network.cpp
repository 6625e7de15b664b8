// Discrete variables that meet: their joint q is summed exactly by elimination.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "derive/find_blocks.hpp"

namespace jensen::derive {

namespace {

bool finite_levels(const model::Variable& variable) {
  const SupportKind kind = variable.type.support.kind;
  if (variable.role != model::Role::latent) return false;
  return kind == SupportKind::boolean || kind == SupportKind::category || kind == SupportKind::bounded_count;
}

}  // namespace

std::vector<std::vector<VariableId>> coupled_discrete_sets(const model::ModelGraph& graph, const LogJoint& joint, const std::set<VariableId>& apart) {
  std::vector<std::size_t> root(graph.variables.size());
  std::iota(root.begin(), root.end(), 0U);
  std::vector<bool> coupled(root.size(), false);
  for (const Term& term : joint.terms) {
    std::optional<std::size_t> first;
    for (const Atom& atom : term.atoms) {
      if (atom.statistic.kind != StatisticKind::indicator || !finite_levels(graph.variables[atom.variable])) continue;
      const auto id = static_cast<std::size_t>(atom.variable.value);
      // What is inside a gate is conditional on it, not coupled with it.
      const bool kept_apart = first && *first != id && (apart.contains(atom.variable) || apart.contains(VariableId(*first)));
      if (first && !kept_apart && same_gates(graph, VariableId(*first), atom.variable)) {
        coupled[id] = coupled[*first] = true;
        const std::size_t from = root[id];
        std::ranges::replace(root, from, root[*first]);
      }
      if (!first) first = id;
    }
  }
  std::vector<std::vector<VariableId>> sets;
  for (std::size_t r = 0; r < root.size(); ++r) {
    std::vector<VariableId> set;
    for (std::size_t i = 0; i < root.size(); ++i) {
      if (root[i] == r && coupled[i]) set.push_back(VariableId(i));
    }
    if (!set.empty()) sets.push_back(std::move(set));
  }
  return sets;
}

Block network_block(const model::ModelGraph& graph, const LogJoint& joint, const std::vector<VariableId>& variables) {
  Block block;
  block.kind = BlockKind::network;
  block.family.kind = family::FamilyKind::Kind::discrete_network;
  Coupling coupling = couple(graph, joint, variables);
  block.components = std::move(coupling.components);
  block.batch = std::move(coupling.batch);
  block.terms = terms_with(joint, variables);
  std::string names;
  for (Component& component : block.components) {
    const model::Variable& variable = graph.variables[component.variable];
    component.levels = variable.type.levels;
    component.first_level = variable.type.support.kind == SupportKind::category ? 1 : 0;
    names += (names.empty() ? "" : ", ") + variable.name;
  }
  block.reason = fmt::format("{} {} in one term: summed exactly by elimination", names, variables.size() > 1 ? "meet" : "stands at several indices");
  return block;
}

}  // namespace jensen::derive
