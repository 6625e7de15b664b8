#include "derive/updates.hpp"

#include <algorithm>
#include <set>

#include "derive/gates.hpp"
#include "derive/poly.hpp"

namespace jensen::derive {

namespace {

// What cancels against q(gate): the gate's indicator, with the sum over its levels where nothing else depends on them. Elsewhere the indicator stays,
// and its expectation is that given the gate.
struct Cancelled {
  std::set<std::size_t> atoms;
  std::set<DataExprId> data;
  std::set<IndexId> sums;
};

Cancelled cancelled(const LogJoint& joint, const Block& block, const Term& term) {
  Cancelled out;
  for (const Gate& gate : block.gates) {
    const auto use = gate_use(joint, term, gate);
    if (!use || !use->only) continue;
    out.atoms.insert(use->atom);
    out.data.insert(use->exclusions.begin(), use->exclusions.end());
    if (use->level) out.sums.insert(*use->level);
  }
  return out;
}

}  // namespace

std::vector<Message> messages(const Derivation& derivation, BlockId id) {
  std::vector<Message> out;
  const Block& block = derivation.blocks[id];
  const auto mine = [&](const Atom& atom) { return derivation.block_of[static_cast<std::size_t>(atom.variable.value)] == id; };
  for (const TermId t : block.terms) {
    const Term& term = derivation.log_joint.terms[t];
    const Cancelled gone = cancelled(derivation.log_joint, block, term);  // η = derivative / q(gate)
    Message::Part part{t, term.coefficient, term.data, {}, {}, term.weight};
    std::erase_if(part.data, [&](DataExprId id) { return gone.data.contains(id); });
    if (block.weight && part.weight == block.weight) part.weight.reset();  // η = derivative / weight
    std::vector<Atom> statistic;
    for (std::size_t a = 0; a < term.atoms.size(); ++a) {
      if (!gone.atoms.contains(a)) (mine(term.atoms[a]) ? statistic : part.atoms).push_back(term.atoms[a]);
    }
    for (const IndexId index : term.sums) {
      if (gone.sums.contains(index)) continue;
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
