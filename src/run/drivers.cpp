#include "run/drivers.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "run/coordinates.hpp"

namespace jensen::run {
namespace {

using Meetings = std::vector<std::set<int>>;  // by block

// Blocks that share a term, or of which one is inside a gate of the other.
Meetings find_meetings(const plan::Plan& plan) {
  Meetings out(plan.blocks.size());
  const auto meet = [&](int a, int b) {
    if (a == b) return;
    out[static_cast<std::size_t>(a)].insert(b);
    out[static_cast<std::size_t>(b)].insert(a);
  };
  for (const plan::ReducedTerm& term : plan.terms) {
    std::vector<int> in;
    for (const plan::Operand& o : term.operands) {
      if (o.kind == plan::OperandKind::statistic) in.push_back(o.id);
      if (o.kind != plan::OperandKind::moment) continue;
      const auto& block = plan.passes[static_cast<std::size_t>(plan.moments[static_cast<std::size_t>(o.id)].pass)].block;
      if (block) in.push_back(*block);
    }
    for (const int a : in) {
      for (const int b : in) meet(a, b);
    }
  }
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
    for (const plan::PlannedGate& gate : plan.blocks[b].gates) meet(static_cast<int>(b), gate.block);
  }
  return out;
}

std::size_t numbers(const plan::PlannedBlock& block) { return static_cast<std::size_t>(block.count) * block.family->size(); }

// Several variables are in one point block only where all are real.
bool has_coordinates(const plan::PlannedBlock& block, const Support& support) {
  return !is_discrete(support.kind) && (block.components.size() == 1 || support.kind == SupportKind::real);
}

// The root mean square of the finite ones.
double typical(std::span<const double> x) {
  double total = 0, n = 0;
  for (const double v : x) {
    if (!std::isfinite(v)) continue;
    total += v * v;
    n += 1;
  }
  return total > 0 ? std::sqrt(total / n) : 1.0;
}

}  // namespace

Drivers find_drivers(const Engine& engine) {
  const plan::Plan& plan = engine.plan();
  const Meetings meetings = find_meetings(plan);
  std::set<int> following;
  const auto meets_none = [&](int block) {
    const std::set<int>& others = meetings[static_cast<std::size_t>(block)];
    return std::none_of(others.begin(), others.end(), [&](int other) { return following.count(other) > 0; });
  };
  Drivers out;
  for (const int pass : engine.passes()) {
    const int block = *plan.passes[static_cast<std::size_t>(pass)].block;
    out.closed = out.closed && meets_none(block);
    following.insert(block);
  }
  // The largest follow, so that few numbers drive; a q rather than a point.
  std::vector<int> order = engine.stored();
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    const plan::PlannedBlock &x = plan.blocks[static_cast<std::size_t>(a)], &y = plan.blocks[static_cast<std::size_t>(b)];
    return x.point != y.point ? y.point : numbers(x) > numbers(y);
  });
  for (const int block : order) {
    if (meets_none(block)) following.insert(block);
  }
  for (const int block : engine.stored()) (following.count(block) > 0 ? out.following : out.driving).push_back(block);
  return out;
}

DriverVector::DriverVector(const Engine& engine, const model::ModelGraph& graph, const std::vector<int>& blocks) {
  for (const int b : blocks) {
    const plan::PlannedBlock& block = engine.plan().blocks[static_cast<std::size_t>(b)];
    Part part{.block = b, .first = size_, .count = static_cast<std::size_t>(block.count), .each = block.family->size(), .point = block.point};
    if (block.point) {
      part.support = graph.variables[block.components.at(0).variable].type.support;
      part.each = coordinate_count(part.support, block.family->value_size());
      usable_ = usable_ && has_coordinates(block, part.support);
      if (part.support.kind == SupportKind::real) {
        for (const plan::PlannedComponent& c : block.components) part.groups.push_back({c.offset, static_cast<std::size_t>(plan::variables_of(c))});
      }
    } else {
      for (const family::LayoutEntry& entry : block.family->layout()) part.groups.push_back({entry.offset, entry.size});
    }
    size_ += part.each * part.count;
    parts_.push_back(std::move(part));
  }
}

bool DriverVector::read(const Engine& engine, std::vector<double>& out) const {
  out.resize(size_);
  for (const Part& part : parts_) {
    const BlockState& state = engine.state().blocks[static_cast<std::size_t>(part.block)];
    const plan::PlannedBlock& block = engine.plan().blocks[static_cast<std::size_t>(part.block)];
    if (!part.point) {
      std::copy(state.natural.begin(), state.natural.end(), out.begin() + static_cast<std::ptrdiff_t>(part.first));
      continue;
    }
    const std::size_t n = block.family->value_size();
    for (std::size_t e = 0; e < static_cast<std::size_t>(block.count); ++e) {
      const std::span<double> mine(out.data() + part.first + e * part.each, part.each);
      if (!to_coordinates(part.support, {state.value.data() + e * n, n}, mine)) return false;
    }
  }
  return true;
}

bool DriverVector::write(Engine& engine, const std::vector<double>& x) const {
  std::vector<double> value;
  for (const Part& part : parts_) {
    const plan::PlannedBlock& block = engine.plan().blocks[static_cast<std::size_t>(part.block)];
    const std::vector<double>& natural = engine.state().blocks[static_cast<std::size_t>(part.block)].natural;
    for (std::int64_t e = 0; e < block.count; ++e) {
      const std::size_t at = static_cast<std::size_t>(e) * part.each;
      const std::span<const double> mine(x.data() + part.first + at, part.each);
      if (part.point) {
        value.resize(block.family->value_size());
        if (!from_coordinates(part.support, mine, value)) return false;
        engine.set_value(part.block, e, value);
      } else if (!std::equal(mine.begin(), mine.end(), natural.begin() + static_cast<std::ptrdiff_t>(at)) &&
                 engine.set_natural(part.block, e, mine)) {
        return false;
      }
    }
  }
  return true;
}

std::vector<double> DriverVector::units(const std::vector<double>& x) const {
  std::vector<double> out(size_, 1.0), all;
  for (const Part& part : parts_) {
    if (part.support.kind == SupportKind::simplex) {
      for (std::size_t i = part.first; i < part.first + part.count * part.each; ++i) out[i] = std::exp(-0.5 * std::max(x[i], -60.0));
    }
    for (const Group& group : part.groups) {
      const auto begin = [&](std::size_t e) { return static_cast<std::ptrdiff_t>(part.first + e * part.each + group.first); };
      all.clear();
      for (std::size_t e = 0; e < part.count; ++e)
        all.insert(all.end(), x.begin() + begin(e), x.begin() + begin(e) + static_cast<std::ptrdiff_t>(group.size));
      const double unit = typical(all);
      for (std::size_t e = 0; e < part.count; ++e) std::fill_n(out.begin() + begin(e), group.size, unit);
    }
  }
  return out;
}

}  // namespace jensen::run
