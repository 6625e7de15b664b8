// Blocks inside gates: conditional on them, in every term.
#include <fmt/format.h>

#include <algorithm>

#include "derive/find_blocks.hpp"

namespace jensen::derive {

namespace {

// Where an index of the gate's indicator comes from: a batch dimension of the block, or a constant.
std::optional<Gate::Position> position_of(const IndexUse& use, const Component& component, const Atom& atom) {
  if (!use.index.valid()) return Gate::Position{-1, use.offset};
  for (std::size_t b = 0; b < component.batch_slots.size(); ++b) {
    const IndexUse& own = atom.indices[component.batch_slots[b]];
    if (own.index == use.index) return Gate::Position{static_cast<int>(b), use.offset - own.offset};
  }
  return std::nullopt;
}

const Atom* indicator_of(const Term& term, const model::Gate& gate, const Size& level) {
  const auto found = std::ranges::find_if(term.atoms, [&](const Atom& atom) {
    return atom.variable == gate.variable && atom.statistic.kind == StatisticKind::indicator && atom.indices.back() == IndexUse{IndexId{}, level};
  });
  return found == term.atoms.end() ? nullptr : &*found;
}

}  // namespace

std::string set_gates(const model::ModelGraph& graph, const LogJoint& joint, Block& block) {
  const model::Variable& first = graph.variables[block.components[0].variable];
  for (const model::Gate& gate : first.gates) {
    const auto* number = std::get_if<grammar::NumberExpr>(&gate.level.kind);
    if (!gate.equal || number == nullptr) return fmt::format("{} lies in a branch of several levels of its gate", first.name);
    const Size level(static_cast<std::int64_t>(number->value));
    std::optional<Gate> found;
    for (const TermId t : block.terms) {
      const Term& term = joint.terms[t];
      const Atom* indicator = indicator_of(term, gate, level);
      const auto own = std::ranges::find_if(term.atoms, [&](const Atom& a) { return a.variable == block.components[0].variable; });
      if (indicator == nullptr || own == term.atoms.end()) return fmt::format("a term of {} stands outside its gate", first.name);
      Gate here{gate.variable, {}, level};
      for (std::size_t i = 0; i + 1 < indicator->indices.size(); ++i) {
        const auto position = position_of(indicator->indices[i], block.components[0], *own);
        if (!position) return fmt::format("the gate of {} varies within one q", first.name);
        here.indices.push_back(*position);
      }
      if (found && found->indices != here.indices) return fmt::format("the gate of {} differs between terms", first.name);
      found = here;
    }
    if (found) block.gates.push_back(*found);
  }
  return {};
}

bool same_gates(const model::ModelGraph& graph, VariableId a, VariableId b) {
  const auto key = [&](VariableId id) {
    std::vector<std::pair<VariableId, std::size_t>> out;
    for (const model::Gate& gate : graph.variables[id].gates) {
      const auto* number = std::get_if<grammar::NumberExpr>(&gate.level.kind);
      out.emplace_back(gate.variable, number == nullptr ? 0 : static_cast<std::size_t>(number->value) * 2 + (gate.equal ? 1 : 0));
    }
    return out;
  };
  return key(a) == key(b);
}

}  // namespace jensen::derive
