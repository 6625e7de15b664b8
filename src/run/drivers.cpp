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

// Whether the numbers of a part are one value of its support, or each a value of its own.
bool has_coordinates(const model::Type& type, std::size_t numbers) {
  const SupportKind kind = type.support.kind;
  const bool each = kind == SupportKind::real || kind == SupportKind::positive || kind == SupportKind::unit || kind == SupportKind::interval ||
                    kind == SupportKind::angle || kind == SupportKind::lower_triangular;
  if (each || is_discrete(kind)) return each;
  std::size_t one = 1;
  for (std::size_t d = 0; d < type.dims.size(); ++d) {
    const auto extent = type.dims[d].constant();
    if (extent) one *= static_cast<std::size_t>(*extent);
  }
  const bool known = std::all_of(type.dims.begin(), type.dims.end(), [](const model::Size& dim) { return dim.is_constant(); });
  return !known || one == numbers;
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
    if (block.point) {
      add_points(block, b, graph);
      continue;
    }
    Part part{.block = b, .count = static_cast<std::size_t>(block.count), .each = block.family->size()};
    for (const family::LayoutEntry& entry : block.family->layout()) part.groups.push_back({entry.offset, entry.size});
    add(std::move(part));
  }
}

void DriverVector::add(Part part) {
  part.first = size_;
  size_ += part.each * part.count;
  parts_.push_back(std::move(part));
}

void DriverVector::add_points(const plan::PlannedBlock& block, int id, const model::ModelGraph& graph) {
  const auto type_of = [&](const plan::PlannedComponent& c) -> const model::Type& { return graph.variables[c.variable].type; };
  const bool real = std::all_of(block.components.begin(), block.components.end(),
                                [&](const plan::PlannedComponent& c) { return type_of(c).support.kind == SupportKind::real; });
  Part part{.block = id, .count = static_cast<std::size_t>(block.count), .point = true};
  if (real) {
    part.each = part.length = block.family->value_size();
    part.support = type_of(block.components[0]).support;
    for (const plan::PlannedComponent& c : block.components) part.groups.push_back({c.offset, static_cast<std::size_t>(plan::variables_of(c))});
    add(std::move(part));
    return;
  }
  for (const plan::PlannedComponent& c : block.components) {
    part.support = type_of(c).support;
    part.offset = c.offset;
    part.length = block.components.size() == 1 ? block.family->value_size() : static_cast<std::size_t>(plan::variables_of(c));
    part.each = coordinate_count(part.support, part.length);
    part.groups.clear();
    if (part.support.kind == SupportKind::real) part.groups.push_back({0, part.each});
    usable_ = usable_ && has_coordinates(type_of(c), part.length);
    add(part);
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
      if (!to_coordinates(part.support, {state.value.data() + e * n + part.offset, part.length}, mine)) return false;
    }
  }
  return true;
}

bool DriverVector::write(Engine& engine, const std::vector<double>& x) const {
  std::vector<double> value;
  for (const Part& part : parts_) {
    const plan::PlannedBlock& block = engine.plan().blocks[static_cast<std::size_t>(part.block)];
    const BlockState& state = engine.state().blocks[static_cast<std::size_t>(part.block)];
    for (std::int64_t e = 0; e < block.count; ++e) {
      const std::size_t at = static_cast<std::size_t>(e) * part.each;
      const std::span<const double> mine(x.data() + part.first + at, part.each);
      if (part.point) {
        const std::size_t n = block.family->value_size();
        const auto from = state.value.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(e) * n);
        value.assign(from, from + static_cast<std::ptrdiff_t>(n));
        if (!from_coordinates(part.support, mine, std::span(value).subspan(part.offset, part.length))) return false;
        engine.set_value(part.block, e, value);
      } else if (!std::equal(mine.begin(), mine.end(), state.natural.begin() + static_cast<std::ptrdiff_t>(at)) &&
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
