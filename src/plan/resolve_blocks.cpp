// Blocks with every size known, and their families.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "plan/messages.hpp"
#include "plan/point_program.hpp"
#include "plan/resolve.hpp"
#include "plan/scalar_program.hpp"

namespace jensen::plan {
namespace {

using Kind = family::FamilyKind::Kind;

// Up to here a Gaussian block keeps all products of its numbers; beyond, those that its terms use.
constexpr std::size_t largest_dense = 96;

std::int64_t product(const std::vector<std::int64_t>& extents) {
  std::int64_t out = 1;
  for (const std::int64_t e : extents) out *= e;
  return out;
}

std::string variable_names(const model::ModelGraph& graph, const derive::Block& block) {
  std::string names;
  for (const derive::Component& c : block.components) names += (names.empty() ? "`" : ", `") + graph.variables[c.variable].name + "`";
  return names;
}

std::size_t values_of(const std::vector<PlannedComponent>& components) {
  std::size_t values = 0;
  for (const PlannedComponent& c : components) values += static_cast<std::size_t>(variables_of(c));
  return values;
}

std::size_t family_dimension(Kind kind, const std::vector<PlannedComponent>& components, std::int64_t levels) {
  switch (kind) {
    case Kind::categorical:
      return static_cast<std::size_t>(levels);
    case Kind::wishart:
    case Kind::inverse_wishart:
      return components.at(0).inner.empty() ? 1 : static_cast<std::size_t>(components[0].inner.back());
    case Kind::gaussian:
    case Kind::dirichlet:
      return values_of(components);
    case Kind::normal_gamma:
    case Kind::normal_wishart:
    case Kind::normal_inverse_wishart:  // the scale comes first, the vector after it
      return values_of(components) - static_cast<std::size_t>(product(components.at(0).inner));
    case Kind::gamma_power:
    case Kind::beta:
    case Kind::gig_power:
    case Kind::von_mises:
    case Kind::power_law:
    case Kind::truncated_normal:
    case Kind::scalar:
    case Kind::optimised:
    case Kind::discrete_network:
    case Kind::gaussian_pattern:
      return 1;
  }
  return 1;
}

}  // namespace

Pattern empty_pattern(const PlannedBlock& block) {
  std::vector<bool> point;
  std::vector<std::int32_t> levels;
  for (const PlannedComponent& c : block.components) {
    const auto n = static_cast<std::size_t>(variables_of(c));
    point.insert(point.end(), n, c.point);
    if (block.network) levels.insert(levels.end(), n, static_cast<std::int32_t>(c.levels));
  }
  if (block.network) return Pattern::network(std::move(levels));
  const std::size_t dimension = point.size();
  return Pattern::gaussian(dimension, std::move(point));
}

void Resolver::resolve_blocks() {
  for (std::size_t b = 0; b < derivation_.blocks.size(); ++b) {
    const derive::Block& block = derivation_.blocks[BlockId(b)];
    if (block.kind == derive::BlockKind::unsupported) {
      throw Failure(unsupported_block(variable_names(graph_, block), block.reason, block.offender_span));
    }
    PlannedBlock planned;
    planned.id = BlockId(b);
    planned.point = block.point;
    planned.discrete = block.family.kind == Kind::categorical;
    planned.scalar = block.family.kind == Kind::scalar;
    planned.network = block.family.kind == Kind::discrete_network;
    planned.by_row = block.by_row;
    for (const model::Size& extent : block.batch) planned.batch.push_back(std::max<std::int64_t>(0, evaluator_.size(extent)));
    planned.count = product(planned.batch);
    std::size_t offset = 0;
    for (const derive::Component& c : block.components) {
      PlannedComponent component{c.variable, offset, {}, c.point, planned.network ? evaluator_.size(c.levels) : 0};
      for (const std::size_t slot : c.inner_slots) component.inner.push_back(evaluator_.size(graph_.variables[c.variable].dims.at(slot)));
      offset += static_cast<std::size_t>(product(component.inner));
      planned.components.push_back(component);
      planned.names += (planned.names.empty() ? "" : ", ") + graph_.variables[c.variable].name;
    }
    make_family(planned, block);
    set_present(planned, block);
    plan_.blocks.push_back(std::move(planned));
  }
}

void Resolver::make_family(PlannedBlock& planned, const derive::Block& block) {
  const int id = planned.id.value;
  const Kind kind = block.family.kind;
  const bool large = kind == Kind::gaussian && !planned.point && values_of(planned.components) > largest_dense;
  if (planned.network || kind == Kind::gaussian_pattern || large) {
    patterns_.emplace(id, empty_pattern(planned));
  } else if (kind == Kind::scalar) {
    make_scalar(planned, block);
  } else if (kind == Kind::optimised) {
    make_optimised(planned, block);
  } else {
    const std::int64_t levels = planned.discrete ? evaluator_.size(block.levels) : 0;
    planned.family = family::make_family(block.family, {.dimension = family_dimension(kind, planned.components, levels)});
  }
}

namespace {

const derive::Atom* atom_with(const derive::Derivation& derivation, const derive::Block& block, const Statistic& statistic) {
  for (const TermId t : block.terms) {
    for (const derive::Atom& atom : derivation.log_joint.terms[t].atoms) {
      if (atom.variable == block.components[0].variable && atom.statistic == statistic) return &atom;
    }
  }
  return nullptr;
}

family::ScalarStatistic native_statistic(const Statistic& statistic) {
  family::ScalarStatistic out{statistic, 1, {}};
  switch (statistic.kind) {
    case StatisticKind::power:
      out.value = [p = statistic.power](double v, double* to) { *to = p == 1 ? v : p == 2 ? v * v : std::pow(v, p); };
      break;
    case StatisticKind::log:
      out.value = [](double v, double* to) { *to = std::log(v); };
      break;
    case StatisticKind::log1m:
      out.value = [](double v, double* to) { *to = std::log1p(-v); };
      break;
    case StatisticKind::cosine:
      out.value = [](double v, double* to) { *to = std::cos(v); };
      break;
    case StatisticKind::sine:
      out.value = [](double v, double* to) { *to = std::sin(v); };
      break;
    case StatisticKind::pair:
    case StatisticKind::indicator:
    case StatisticKind::log_det:
    case StatisticKind::inverse:
    case StatisticKind::function:
    case StatisticKind::expression:
    case StatisticKind::scaled:
    case StatisticKind::scaled_pair:
      throw Failure(missing_statistic(to_text(statistic, "v"), "scalar"));
  }
  return out;
}

}  // namespace

// Functions that depend on an index of the batch differ from element to element, and so do the families.
void Resolver::make_scalar(PlannedBlock& planned, const derive::Block& block) {
  const derive::Component& component = block.components[0];
  const Support support = graph_.variables[component.variable].type.support;
  std::vector<const derive::Atom*> atoms;
  bool differ = false;
  for (const Statistic& statistic : block.family.listed) {
    atoms.push_back(atom_with(derivation_, block, statistic));
    if (statistic.kind != StatisticKind::function) continue;
    for (const std::size_t slot : component.batch_slots) {
      const IndexId index = atoms.back()->indices[slot].index;
      const auto& free = evaluator_.node(DataExprId(static_cast<std::int32_t>(statistic.id))).free;
      differ = differ || (index.valid() && std::binary_search(free.begin(), free.end(), index));
    }
  }
  const std::int64_t elements = differ ? planned.count : 1;
  for (std::int64_t e = 0; e < elements; ++e) {
    std::vector<family::ScalarStatistic> statistics;
    for (std::size_t s = 0; s < atoms.size(); ++s) {
      const Statistic& statistic = block.family.listed[s];
      if (statistic.kind != StatisticKind::function) {
        statistics.push_back(native_statistic(statistic));
        continue;
      }
      std::map<IndexId, std::int64_t> fixed;
      std::int64_t rest = e;
      for (std::size_t b = planned.batch.size(); b-- > 0; rest /= planned.batch[b]) {
        const derive::IndexUse& use = atoms[s]->indices[component.batch_slots[b]];
        if (use.index.valid()) fixed[use.index] = rest % planned.batch[b] + 1 - evaluator_.low(use.index) - evaluator_.size(use.offset);
      }
      const DataExprId id(static_cast<std::int32_t>(statistic.id));
      std::vector<IndexId> indices;
      for (const IndexId i : evaluator_.node(id).free) {
        if (!fixed.contains(i)) indices.push_back(i);
      }
      const auto program = std::make_shared<ScalarProgram>(evaluator_, id, indices, fixed);
      statistics.push_back({statistic, program->size(), [program](double v, double* to) { program->run(v, to); }});
    }
    std::shared_ptr<const family::Family> made = family::make_scalar(support, std::move(statistics));
    if (e == 0) planned.family = made;
    if (differ) planned.families.push_back(std::move(made));
  }
}

// All functions of the block that terms have, as one program.
void Resolver::make_optimised(PlannedBlock& planned, const derive::Block& block) {
  family::PointFunctions functions;
  std::vector<PointProgram::Parameter> parameters;
  for (const PlannedComponent& c : planned.components) {
    const model::Variable& variable = graph_.variables[c.variable];
    const auto extents = c.inner;
    parameters.push_back({c.variable, static_cast<std::int64_t>(c.offset), extents});
    family::PointPart part{variable.type.support, c.offset, 1, {}, variable.name, {extents.begin(), extents.end()}};
    for (std::size_t slot = 0; slot < extents.size(); ++slot) {
      const auto extent = static_cast<std::size_t>(extents[slot]);
      if (slot < variable.array_rank) {
        part.count *= extent;
      } else {
        part.dims.push_back(extent);
      }
    }
    functions.parts.push_back(std::move(part));
  }
  const auto program = std::make_shared<PointProgram>(evaluator_, std::move(parameters));
  std::set<Statistic> seen;
  for (const TermId t : block.terms) {
    for (const derive::Atom& atom : derivation_.log_joint.terms[t].atoms) {
      const bool mine = atom.statistic.kind == StatisticKind::expression && atom.variable == block.components[0].variable;
      if (!mine || !seen.insert(atom.statistic).second) continue;
      functions.statistics.emplace_back(atom.statistic, program->add_output(DataExprId(static_cast<std::int32_t>(atom.statistic.id))));
    }
  }
  program->finish();
  functions.open = [program]() -> family::PointEvaluation {
    const auto space = std::make_shared<PointProgram::Workspace>(program->workspace());
    return [program, space](std::span<const double> value, std::span<double> out, std::span<const double> weight, std::span<double> gradient) {
      program->run(value, *space, out);
      if (!weight.empty()) program->add_gradient(weight, *space, gradient);
    };
  };
  planned.family = family::make_optimised(std::move(functions));
}

// 1 or 0 for each element of a variable, row-major over its slots; nothing where all elements are there.
std::optional<std::vector<std::uint8_t>> Resolver::presence_of(const derive::Component& component) {
  const model::Variable& variable = graph_.variables[component.variable];
  const auto existence = derivation_.log_joint.existence.find(component.variable);
  if (!component.present.valid() && existence == derivation_.log_joint.existence.end()) return std::nullopt;
  std::vector<std::int64_t> extents;
  for (const model::Size& dim : variable.dims) extents.push_back(evaluator_.size(dim));
  std::vector<std::uint8_t> out;
  if (component.present.valid()) {
    const model::BoundArray& mask = data_.arrays.at(component.present);
    for_each_cell(extents, {mask.strides()}, {0},
                  [&](const std::vector<std::int64_t>& at) { out.push_back(mask.values[static_cast<std::size_t>(at[0])] != 0 ? 1 : 0); });
    return out;
  }
  const Grid& grid = evaluator_.evaluate(existence->second.truth);
  std::vector<std::int64_t> strides(extents.size(), 0);
  std::int64_t base = grid.base;
  for (std::size_t slot = 0; slot < existence->second.at.size(); ++slot) {
    const derive::IndexUse& use = existence->second.at[slot];
    const auto found = std::find(grid.indices.begin(), grid.indices.end(), use.index);
    if (!use.index.valid() || found == grid.indices.end()) continue;
    strides[slot] = grid.strides[static_cast<std::size_t>(found - grid.indices.begin())];
    base += strides[slot] * (1 - evaluator_.low(use.index) - evaluator_.size(use.offset));
  }
  for_each_cell(extents, {strides}, {base}, [&](const std::vector<std::int64_t>& at) { out.push_back(grid.values[at[0]] != 0 ? 1 : 0); });
  return out;
}

void Resolver::set_present(PlannedBlock& planned, const derive::Block& block) {
  const std::size_t size = values_of(planned.components);
  for (std::size_t c = 0; c < block.components.size(); ++c) {
    const derive::Component& component = block.components[c];
    const auto mask = presence_of(component);
    if (!mask) continue;
    if (planned.present.empty()) planned.present.assign(static_cast<std::size_t>(planned.count) * size, 1);
    const std::size_t rank = graph_.variables[component.variable].dims.size();
    std::vector<std::int64_t> extents(rank), to(rank);
    auto stride = static_cast<std::int64_t>(size);
    for (std::size_t b = planned.batch.size(); b-- > 0; stride *= planned.batch[b]) {
      extents[component.batch_slots[b]] = planned.batch[b];
      to[component.batch_slots[b]] = stride;
    }
    stride = 1;
    for (std::size_t i = planned.components[c].inner.size(); i-- > 0; stride *= planned.components[c].inner[i]) {
      extents[component.inner_slots[i]] = planned.components[c].inner[i];
      to[component.inner_slots[i]] = stride;
    }
    const std::uint8_t* from = mask->data();
    for_each_cell(extents, {to}, {static_cast<std::int64_t>(planned.components[c].offset)},
                  [&](const std::vector<std::int64_t>& at) { planned.present[static_cast<std::size_t>(at[0])] = *from++; });
  }
}

void Resolver::use_patterns(const std::map<int, std::vector<std::vector<std::int32_t>>>& statistics) {
  for (auto& [block, pattern] : patterns_) {
    const auto found = statistics.find(block);
    if (found != statistics.end()) pattern.set_statistics(found->second);
  }
  finish();
}

// A joint q that would not fit is given up for one q by variable; one variable's own elements cannot be.
void Resolver::check_cost(const PlannedBlock& planned, const Pattern& pattern) const {
  constexpr double most_bytes = 2e9, most_products = 1e13, most_cells = 5e7;
  std::string cost;
  if (pattern.is_network()) {
    const double cells = family::elimination_cost(pattern.discrete());
    if (cells > most_cells)
      cost = fmt::format("exact sums over {} need tables of {:.2g} cells, and at most {:.2g} are allowed", planned.names, cells, most_cells);
  } else {
    const auto side = static_cast<double>(pattern.gaussian().dimension);  // no order is needed where even a dense factor and its workspace would do
    if (16 * side * side <= most_bytes && side * side * side <= most_products) return;
    const family::GaussianCost found = family::gaussian_cost(pattern.gaussian());
    if (found.bytes > most_bytes || found.products > most_products) {
      cost = fmt::format("a joint precision of {} needs {:.2g} GB and {:.2g} products an update, and at most {:.2g} GB and {:.2g} are allowed",
                         planned.names, found.bytes / 1e9, found.products, most_bytes / 1e9, most_products);
    }
  }
  if (!cost.empty()) throw Failure(block_too_large(cost));
}

void Resolver::finish() {
  for (const auto& [block, pattern] : patterns_) {
    PlannedBlock& planned = plan_.blocks[static_cast<std::size_t>(block)];
    check_cost(planned, pattern);
    planned.family = pattern.make();
    planned.pattern = pattern.statistics();
  }
  for (PlannedBlock& planned : plan_.blocks) {
    for (const derive::Gate& gate : derivation_.blocks[planned.id].gates) planned.gates.push_back(planned_gate(planned, gate));
  }
}

// The levels that open the gate, from 0.
std::vector<std::int64_t> Resolver::open_levels(const derive::Gate& gate, std::int64_t first, std::int64_t count) const {
  std::vector<std::int64_t> named, out;
  for (const derive::Size& level : gate.levels) named.push_back(evaluator_.size(level) - first);
  if (!gate.except) return named;
  for (std::int64_t level = 0; level < count; ++level) {
    if (std::ranges::find(named, level) == named.end()) out.push_back(level);
  }
  return out;
}

// The element of the gate's block, and the levels in it, that each element of the block is inside of.
PlannedGate Resolver::planned_gate(const PlannedBlock& planned, const derive::Gate& gate) {
  PlannedGate out{derivation_.block_of[static_cast<std::size_t>(gate.variable.value)].value};
  const derive::Block& source = derivation_.blocks[BlockId(static_cast<std::int32_t>(out.block))];
  const PlannedBlock& target = plan_.blocks[static_cast<std::size_t>(out.block)];
  const auto c =
      static_cast<std::size_t>(std::ranges::find(source.components, gate.variable, &derive::Component::variable) - source.components.begin());
  const derive::Component& component = source.components[c];
  const bool network = source.kind == derive::BlockKind::network;
  const std::vector<std::int64_t> levels = open_levels(gate, evaluator_.size(network ? component.first_level : source.first_level),
                                                       evaluator_.size(network ? component.levels : source.levels));
  out.levels = levels.size();
  for (std::int64_t e = 0; e < planned.count; ++e) {
    std::vector<std::int64_t> own(planned.batch.size());
    std::int64_t rest = e;
    for (std::size_t b = planned.batch.size(); b-- > 0; rest /= planned.batch[b]) own[b] = rest % planned.batch[b];
    const auto position = [&](std::size_t slot) {
      const derive::Gate::Position& at = gate.indices[slot];
      return evaluator_.size(at.offset) + (at.batch < 0 ? -1 : own[static_cast<std::size_t>(at.batch)]);
    };
    std::int64_t element = 0, inner = static_cast<std::int64_t>(target.components[c].offset), stride = 1;
    for (std::size_t b = 0; b < target.batch.size(); ++b) element = element * target.batch[b] + position(component.batch_slots[b]);
    for (std::size_t i = target.components[c].inner.size(); i-- > 0; stride *= target.components[c].inner[i]) {
      inner += stride * position(component.inner_slots[i]);
    }
    for (const std::int64_t level : levels) {
      const std::array<Element, 1> single{Element{static_cast<std::int32_t>(inner), static_cast<std::int32_t>(level)}};
      const std::int64_t within = target.network ? patterns_.at(out.block).address(single) : level;
      out.addresses.push_back(static_cast<std::int32_t>(element * static_cast<std::int64_t>(target.family->size()) + within));
    }
  }
  return out;
}

}  // namespace jensen::plan
