#include <algorithm>

#include "plan/split.hpp"

namespace jensen::plan {
namespace {

bool depends(const Affine& at, const std::vector<int>& indices) {
  return std::any_of(indices.begin(), indices.end(), [&](int i) { return i >= 0 && at.strides[static_cast<std::size_t>(i)] != 0; });
}

bool depends(const StatisticUse& use, const std::vector<int>& indices) {
  return depends(use.at, indices) || std::any_of(use.elements.begin(), use.elements.end(),
                                                 [&](const ElementUse& e) { return depends(e.position, indices) || depends(e.level, indices); });
}

bool contains(const std::vector<int>& indices, std::size_t index) {
  return std::find(indices.begin(), indices.end(), static_cast<int>(index)) != indices.end();
}

// Lookups may depend on rows only, so that each row has one position.
bool lookups_by_row(const ResolvedTerm& term, const StatisticUse& use) {
  for (const LookupFactor& lookup : term.lookups) {
    if (!depends(lookup.at, use.batch)) continue;  // becomes zeros and ones
    if (contains(use.batch, lookup.target)) return false;
    for (std::size_t i = 0; i < term.indices.size(); ++i) {
      if (lookup.at.strides[i] != 0 && !contains(use.batch, i)) return false;
    }
  }
  return true;
}

bool plain_batch(const StatisticUse& use) {
  std::vector<int> sorted = use.batch;
  std::sort(sorted.begin(), sorted.end());
  return sorted.front() >= 0 && std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
}

std::string why_stored(const ResolvedTerm& term, const StatisticUse& use, const std::optional<DataExprId>& weight, const std::set<int>& candidates,
                       const Plan& plan) {
  if (!plain_batch(use)) return "a term uses part of its plate only";
  for (const ElementUse& element : use.elements) {
    if (depends(element.position, use.batch)) return "its elements are coupled from row to row";
  }
  if (term.weight_id != weight) return "a term in its plate has another weight";
  for (const StatisticUse& other : term.statistics) {
    if (other.block == use.block) continue;
    if (depends(other, use.batch)) return "coupled with another block in the same row";
    const bool rival = candidates.count(other.block) != 0;
    if (rival && plan.blocks[static_cast<std::size_t>(other.block)].count >= plan.blocks[static_cast<std::size_t>(use.block)].count) {
      return "coupled with a swept block";
    }
  }
  return lookups_by_row(term, use) ? "" : "a lookup in its plate depends on more than the row";
}

}  // namespace

void choose_swept(const model::ModelGraph& graph, const derive::Derivation& derivation, const std::vector<ResolvedTerm>& terms, Plan& plan) {
  std::set<int> candidates;
  std::set<BlockId> gates;  // with what is inside them: their rows depend on each other's entropies
  for (const derive::Block& block : derivation.blocks) {
    for (const derive::Gate& gate : block.gates) gates.insert(derivation.block_of[static_cast<std::size_t>(gate.variable.value)]);
  }
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
    const PlannedBlock& block = plan.blocks[b];
    const bool in_data_plate = graph.variables[block.components.at(0).variable].data_sized;
    const bool gate = gates.contains(block.id) || !derivation.blocks[block.id].gates.empty();
    const bool mixed = std::any_of(block.components.begin(), block.components.end(), [](const PlannedComponent& c) { return c.point; });
    const bool joint = derivation.blocks[block.id].kind == derive::BlockKind::joint;
    const bool possible = !block.point && !mixed && !joint && !gate && block.families.empty() && !block.batch.empty();
    if (possible && (in_data_plate || block.by_row)) candidates.insert(static_cast<int>(b));
  }
  for (bool changed = true; changed;) {
    changed = false;
    for (const ResolvedTerm& term : terms) {
      for (const StatisticUse& use : term.statistics) {
        if (candidates.count(use.block) == 0) continue;
        PlannedBlock& block = plan.blocks[static_cast<std::size_t>(use.block)];
        block.stored_because = why_stored(term, use, derivation.blocks[block.id].weight, candidates, plan);
        if (block.stored_because.empty()) continue;
        candidates.erase(use.block);
        changed = true;
      }
    }
  }
  for (const int b : candidates) plan.blocks[static_cast<std::size_t>(b)].swept = true;
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
    if (plan.blocks[b].by_row && !plan.blocks[b].swept) throw NotByRow{static_cast<int>(b)};
  }
}

}  // namespace jensen::plan
