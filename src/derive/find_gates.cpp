// Blocks inside gates: conditional on them, in every term.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "derive/find_blocks.hpp"
#include "derive/gates.hpp"
#include "derive/poly.hpp"
#include "model/guards.hpp"

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

// The level that a data factor [k != l] leaves out of a sum over k.
std::optional<Size> excluded(const DataExprs& data, DataExprId id, IndexId k) {
  const DataNode& node = data[id];
  if (node.op != DataOp::not_equal) return std::nullopt;
  const DataNode& left = data[node.args[0]];
  const DataNode& right = data[node.args[1]];
  if (left.op != DataOp::index_value || right.op != DataOp::number || left.indices[0] != DataIndex{IndexUse{k, 0}}) return std::nullopt;
  return Size(static_cast<std::int64_t>(right.number));
}

bool contains(const std::vector<Size>& sizes, const Size& size) { return std::ranges::find(sizes, size) != sizes.end(); }

std::optional<GateUse> use_of(const LogJoint& joint, const Term& term, std::size_t a, const Gate& gate) {
  const IndexUse& level = term.atoms[a].indices.back();
  GateUse use{a, std::nullopt, {}, true};
  if (!level.index.valid()) {
    if (contains(gate.levels, level.offset) == gate.except) return std::nullopt;
    use.only = !gate.except && gate.levels.size() == 1;
    return use;
  }
  if (!gate.except) return std::nullopt;
  use.level = level.index;
  std::vector<Size> left_out;
  for (const DataExprId id : term.data) {
    const auto size = excluded(joint.data, id, level.index);
    if (!size || !contains(gate.levels, *size)) {
      use.only = use.only && !std::ranges::binary_search(joint.data[id].free, level.index);
      continue;
    }
    left_out.push_back(*size);
    use.exclusions.push_back(id);
  }
  for (std::size_t other = 0; other < term.atoms.size(); ++other) {
    use.only = use.only && (other == a || !uses(joint.data, term.atoms[other], level.index));
  }
  const bool all = std::ranges::all_of(gate.levels, [&](const Size& size) { return contains(left_out, size); });
  return all ? std::optional(use) : std::nullopt;
}

}  // namespace

std::optional<GateUse> gate_use(const LogJoint& joint, const Term& term, const Gate& gate) {
  for (std::size_t a = 0; a < term.atoms.size(); ++a) {
    if (term.atoms[a].variable != gate.variable || term.atoms[a].statistic.kind != StatisticKind::indicator) continue;
    if (auto use = use_of(joint, term, a, gate)) return use;
  }
  return std::nullopt;
}

namespace {

// Gates as the model has them, those that leave levels out of one element as one; nullopt where a level is no number.
std::optional<std::vector<std::pair<model::Gate, Gate>>> gates_of(const model::Variable& variable) {
  std::vector<std::pair<model::Gate, Gate>> out;
  for (const model::Gate& gate : model::merged(variable.gates)) {
    std::vector<Size> levels;
    for (const grammar::Expr& level : gate.levels) {
      const auto* number = std::get_if<grammar::NumberExpr>(&level.kind);
      if (number == nullptr) return std::nullopt;
      levels.emplace_back(static_cast<std::int64_t>(number->value));
    }
    const auto same = std::ranges::find_if(out, [&](const auto& other) { return !gate.equal && model::same_element(other.first, gate); });
    if (same == out.end()) {
      out.push_back({gate, Gate{gate.variable, {}, levels, !gate.equal}});
    } else {
      same->second.levels.insert(same->second.levels.end(), levels.begin(), levels.end());
    }
  }
  for (auto& [written, gate] : out) std::ranges::sort(gate.levels);
  return out;
}

}  // namespace

std::string set_gates(const model::ModelGraph& graph, const LogJoint& joint, Block& block) {
  const model::Variable& first = graph.variables[block.components[0].variable];
  const auto gates = gates_of(first);
  if (!gates) return fmt::format("{} lies in a branch whose level is no constant", first.name);
  for (const auto& [written, gate] : *gates) {
    std::optional<Gate> found;
    for (const TermId t : block.terms) {
      const Term& term = joint.terms[t];
      const auto use = gate_use(joint, term, gate);
      const auto own = std::ranges::find_if(term.atoms, [&](const Atom& a) { return a.variable == block.components[0].variable; });
      if (!use || own == term.atoms.end()) return fmt::format("a term of {} stands outside its gate", first.name);
      const Atom& indicator = term.atoms[use->atom];
      Gate here{gate.variable, {}, gate.levels, gate.except};
      for (std::size_t i = 0; i + 1 < indicator.indices.size(); ++i) {
        const auto position = position_of(indicator.indices[i], block.components[0], *own);
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
    std::vector<std::tuple<VariableId, std::vector<Size>, bool>> out;
    const auto gates = gates_of(graph.variables[id]);
    if (!gates) return out;
    for (const auto& [written, gate] : *gates) out.emplace_back(gate.variable, gate.levels, gate.except);
    return out;
  };
  return key(a) == key(b);
}

}  // namespace jensen::derive
