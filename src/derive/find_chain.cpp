// Chains and trees: blocks whose elements meet only with the one they hang on, along one dimension of their variables.
#include <algorithm>
#include <set>

#include "derive/find_blocks.hpp"

namespace jensen::derive {
namespace {

class ChainFinder {
 public:
  ChainFinder(const model::ModelGraph& graph, const LogJoint& joint, const Block& block) : graph_(graph), joint_(joint), block_(block) {}

  std::optional<Chain> find() {
    if (!eligible()) return std::nullopt;
    for (const std::size_t slot : block_.components[0].inner_slots) {
      chain_ = {};
      linked_ = false;
      if (choose_slots(slot) && std::ranges::all_of(block_.terms, [&](TermId t) { return fits(joint_.terms[t]); }) && linked_) return chain_;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] bool eligible() const {
    if (block_.point || !block_.gates.empty() || block_.weight) return false;
    if (block_.kind == BlockKind::network ? block_.components.size() != 1 : block_.kind != BlockKind::gaussian) return false;
    return std::ranges::all_of(block_.components, [&](const Component& c) {
      return !c.point && !c.present.valid() && !joint_.existence.contains(c.variable) && !weighted(graph_, c.variable);
    });
  }

  // Every component needs a slot of the same extent.
  bool choose_slots(std::size_t first) {
    const Size& extent = dim(block_.components[0], first);
    chain_.slots = {first};
    for (std::size_t c = 1; c < block_.components.size(); ++c) {
      const Component& component = block_.components[c];
      const auto same = std::ranges::find_if(component.inner_slots, [&](std::size_t slot) { return dim(component, slot) == extent; });
      if (same == component.inner_slots.end()) return false;
      chain_.slots.push_back(*same);
    }
    return true;
  }

  [[nodiscard]] const Size& dim(const Component& component, std::size_t slot) const { return graph_.variables[component.variable].dims[slot]; }

  [[nodiscard]] bool fits(const Term& term) {
    std::set<IndexUse> positions;
    for (const Atom& atom : term.atoms) {
      const auto c = std::ranges::find(block_.components, atom.variable, &Component::variable) - block_.components.begin();
      if (static_cast<std::size_t>(c) < block_.components.size()) positions.insert(atom.indices[chain_.slots[static_cast<std::size_t>(c)]]);
    }
    if (positions.size() < 2) return true;
    return positions.size() == 2 && fits(term, *positions.begin(), *positions.rbegin());
  }

  bool fits(const Term& term, const IndexUse& a, const IndexUse& b) {
    if (a.index == b.index) return shifted(a.offset, b.offset, a.index.valid());
    return hangs_on(term, a, b) || hangs_on(term, b, a);
  }

  // Two elements named one by one, x[1] and x[2], may be linked as others are, but make no chain of themselves.
  bool shifted(const Size& a, const Size& b, bool indexed) {
    const std::optional<std::int64_t> by = (a - b).constant();
    if (!by || chain_.parent || (chain_.shift != 0 && std::abs(*by) != chain_.shift)) return false;
    chain_.shift = std::abs(*by);
    linked_ = linked_ || indexed;
    return true;
  }

  // [expression of the row = the other's index].
  bool hangs_on(const Term& term, const IndexUse& row, const IndexUse& other) {
    if (!row.index.valid() || !other.index.valid() || !(row.offset == Size(0)) || chain_.shift != 0) return false;
    for (const DataExprId id : term.data) {
      const DataNode& node = joint_.data[id];
      if (node.op != DataOp::one_hot || node.indices.size() != 1 || !(node.indices[0] == DataIndex(other))) continue;
      const std::vector<IndexId>& free = joint_.data[node.args[0]].free;
      if (free != std::vector<IndexId>{row.index}) continue;
      if (linked_ && (chain_.parent != node.args[0] || chain_.row != row.index)) return false;
      chain_.parent = node.args[0];
      chain_.row = row.index;
      return linked_ = true;
    }
    return false;
  }

  const model::ModelGraph& graph_;
  const LogJoint& joint_;
  const Block& block_;
  Chain chain_;
  bool linked_ = false;
};

}  // namespace

std::optional<Chain> find_chain(const model::ModelGraph& graph, const LogJoint& joint, const Block& block) {
  return ChainFinder(graph, joint, block).find();
}

}  // namespace jensen::derive
