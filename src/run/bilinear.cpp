#include "run/bilinear.hpp"

#include <algorithm>
#include <optional>

namespace jensen::run {
namespace {

bool is_second_order(const plan::PlannedBlock& block, std::int64_t statistic) {
  for (const family::LayoutEntry& entry : block.family->layout()) {
    const auto first = static_cast<std::int64_t>(entry.offset);
    if (statistic < first || statistic >= first + static_cast<std::int64_t>(entry.size)) continue;
    return entry.statistic.kind == StatisticKind::pair || entry.statistic == Statistic{StatisticKind::power, 2};
  }
  return false;
}

// The Gaussian block of whose products the operand is; none for anything else.
std::optional<int> squared_block(const plan::Plan& plan, const plan::Operand& o) {
  std::optional<int> block;
  std::int64_t at = -1;
  if (o.kind == plan::OperandKind::statistic) {
    block = o.id;
    at = o.table < 0 ? o.at.base : plan.tables[static_cast<std::size_t>(o.table)]->at(static_cast<std::size_t>(o.at.base));
  } else if (o.kind == plan::OperandKind::moment) {
    const plan::Moment& moment = plan.moments[static_cast<std::size_t>(o.id)];
    const plan::Pass& pass = plan.passes[static_cast<std::size_t>(moment.pass)];
    if (pass.of_links) return std::nullopt;
    block = pass.block;
    const auto cell = std::find_if(moment.cells.begin(), moment.cells.end(), [](std::int32_t c) { return c >= 0; });
    for (const plan::FeatureGroup& group : pass.groups) {
      if (cell == moment.cells.end() || *cell < group.offset) continue;
      at = (*cell - group.offset) % pass.statistics;  // the last such group is the cell's
    }
  }
  if (!block || at < 0) return std::nullopt;
  const plan::PlannedBlock& planned = plan.blocks[static_cast<std::size_t>(*block)];
  if (!is_gaussian(planned) || !is_second_order(planned, at % static_cast<std::int64_t>(planned.family->size()))) return std::nullopt;
  return block;
}

}  // namespace

bool is_gaussian(const plan::PlannedBlock& block) {
  const Statistic first = block.family->layout().front().statistic;
  const Statistic last = block.family->layout().back().statistic;
  return first == Statistic{StatisticKind::power, 1} && (last.kind == StatisticKind::pair || last == Statistic{StatisticKind::power, 2});
}

std::vector<int> multipliers(const plan::Plan& plan, int block) {
  std::vector<int> out;
  for (const plan::ReducedTerm& term : plan.terms) {
    std::vector<int> squared;
    for (const plan::Operand& o : term.operands) {
      if (const auto found = squared_block(plan, o)) squared.push_back(*found);
    }
    if (std::find(squared.begin(), squared.end(), block) == squared.end()) continue;
    for (const int other : squared) {
      if (other != block && std::find(out.begin(), out.end(), other) == out.end()) out.push_back(other);
    }
  }
  return out;
}

}  // namespace jensen::run
