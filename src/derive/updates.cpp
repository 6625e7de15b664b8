#include "derive/updates.hpp"

#include <algorithm>

#include "derive/poly.hpp"

namespace jensen::derive {

namespace {

bool is_gate(const Block& block, const Atom& atom) {
  return std::ranges::any_of(block.gates, [&](const Gate& gate) {
    return gate.variable == atom.variable && atom.statistic.kind == StatisticKind::indicator &&
           atom.indices.back() == IndexUse{IndexId{}, gate.level};
  });
}

}  // namespace

std::vector<Message> messages(const Derivation& derivation, BlockId id) {
  std::vector<Message> out;
  const Block& block = derivation.blocks[id];
  const auto mine = [&](const Atom& atom) { return derivation.block_of[static_cast<std::size_t>(atom.variable.value)] == id; };
  for (const TermId t : block.terms) {
    const Term& term = derivation.log_joint.terms[t];
    Message::Part part{t, term.coefficient, term.data, {}, {}, term.weight};
    if (block.weight && part.weight == block.weight) part.weight.reset();  // η = derivative / weight
    std::vector<Atom> statistic;
    for (const Atom& atom : term.atoms) {
      if (!is_gate(block, atom)) (mine(atom) ? statistic : part.atoms).push_back(atom);  // η = derivative / q(gate)
    }
    for (const IndexId index : term.sums) {
      const bool carried = std::ranges::any_of(statistic, [&](const Atom& atom) { return uses(derivation.log_joint.data, atom, index); });
      if (!carried) part.sums.push_back(index);
    }
    const auto same = std::ranges::find(out, statistic, &Message::statistic);
    if (same == out.end()) {
      out.push_back({statistic, {part}});
    } else {
      same->parts.push_back(part);
    }
  }
  return out;
}

}  // namespace jensen::derive
