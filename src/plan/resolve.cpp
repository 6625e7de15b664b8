#include "plan/resolve.hpp"

#include <algorithm>
#include <cmath>

#include "plan/messages.hpp"

namespace jensen::plan {
namespace {

using derive::Atom;
using derive::DataNode;
using derive::DataOp;
using derive::IndexUse;

std::size_t local(const ResolvedTerm& term, IndexId index) {
  const auto found = std::find(term.indices.begin(), term.indices.end(), index);
  if (found == term.indices.end()) throw Failure(unknown_size("an index outside its term"));
  return static_cast<std::size_t>(found - term.indices.begin());
}

std::int64_t product(const std::vector<std::int64_t>& extents) {
  std::int64_t out = 1;
  for (const std::int64_t e : extents) out *= e;
  return out;
}

// How often a base is multiplied in base^exponent, for the exponents worth splitting.
int small_power(double exponent) { return exponent == 2 || exponent == 3 || exponent == 4 ? static_cast<int>(exponent) : 0; }

const family::LayoutEntry* find_entry(const family::Family& family, const Statistic& statistic) {
  for (const family::LayoutEntry& entry : family.layout()) {
    if (entry.statistic == statistic) return &entry;
  }
  return nullptr;
}

const family::LayoutEntry& entry_of(const family::Family& family, const Statistic& statistic) {
  const family::LayoutEntry* entry = find_entry(family, statistic);
  if (entry == nullptr) throw Failure(missing_statistic(to_text(statistic, "v"), family.name()));
  return *entry;
}

}  // namespace

Resolver::Resolver(const model::ModelGraph& graph, const derive::Derivation& derivation, const model::BoundData& data, Plan& plan)
    : graph_(graph), derivation_(derivation), plan_(plan), evaluator_(graph, derivation.log_joint, data) {}

namespace {

std::string variable_names(const model::ModelGraph& graph, const derive::Block& block) {
  std::string names;
  for (const derive::Component& c : block.components) names += (names.empty() ? "`" : ", `") + graph.variables[c.variable].name + "`";
  return names;
}

std::size_t family_dimension(const derive::Block& block, const std::vector<PlannedComponent>& components, std::int64_t levels) {
  using Kind = family::FamilyKind::Kind;
  std::size_t values = 0;
  for (const PlannedComponent& c : components) values += static_cast<std::size_t>(product(c.inner));
  switch (block.family.kind) {
    case Kind::categorical:
      return static_cast<std::size_t>(levels);
    case Kind::wishart:
    case Kind::inverse_wishart:
      return components.at(0).inner.empty() ? 1 : static_cast<std::size_t>(components[0].inner.back());
    case Kind::gaussian:
    case Kind::dirichlet:
      return values;
    case Kind::normal_gamma:
    case Kind::normal_wishart:
    case Kind::normal_inverse_wishart:  // the scale comes first, the vector second
      return static_cast<std::size_t>(product(components.at(1).inner));
    case Kind::gamma_power:
    case Kind::beta:
    case Kind::gig_power:
    case Kind::von_mises:
    case Kind::power_law:
    case Kind::truncated_normal:
    case Kind::scalar:
    case Kind::discrete_network:
    case Kind::gaussian_pattern:
      return 1;
  }
  return 1;
}

}  // namespace

void Resolver::resolve_blocks() {
  for (std::size_t b = 0; b < derivation_.blocks.size(); ++b) {
    const derive::Block& block = derivation_.blocks[BlockId(b)];
    if (block.kind == derive::BlockKind::unsupported) {
      throw Failure(unsupported_block(variable_names(graph_, block), block.reason, block.offender_span));
    }
    PlannedBlock planned;
    planned.id = BlockId(b);
    planned.point = block.point;
    planned.discrete = block.family.kind == family::FamilyKind::Kind::categorical;
    for (const model::Size& extent : block.batch) planned.batch.push_back(std::max<std::int64_t>(0, evaluator_.size(extent)));
    planned.count = product(planned.batch);
    std::size_t offset = 0;
    for (const derive::Component& c : block.components) {
      PlannedComponent component{c.variable, offset, {}};
      for (const std::size_t slot : c.inner_slots) component.inner.push_back(evaluator_.size(graph_.variables[c.variable].dims.at(slot)));
      offset += static_cast<std::size_t>(product(component.inner));
      planned.components.push_back(component);
      planned.names += (planned.names.empty() ? "" : ", ") + graph_.variables[c.variable].name;
    }
    const std::int64_t levels = planned.discrete ? evaluator_.size(block.levels) : 0;
    const std::size_t dimension = family_dimension(block, planned.components, levels);
    planned.family = family::make_family(block.family, {.dimension = dimension});
    plan_.blocks.push_back(std::move(planned));
  }
}

ResolvedTerm Resolver::resolve(TermId id) {
  const derive::Term& source = derivation_.log_joint.terms[id];
  ResolvedTerm term;
  term.id = id;
  term.coefficient = source.coefficient;
  term.indices = source.sums;
  for (const IndexId index : source.sums) term.extents.push_back(evaluator_.extent(index));
  for (const DataExprId factor : source.data) add_data(term, factor);
  if (source.weight) {
    const Grid& grid = evaluator_.evaluate(*source.weight);
    term.weight = factor(term, grid, evaluator_.text(*source.weight));
    term.weight_id = source.weight;
  }
  add_statistics(term, source);
  return term;
}

void Resolver::add_data(ResolvedTerm& term, DataExprId id) {
  const DataNode& node = evaluator_.node(id);
  if (add_composite(term, id)) return;
  if (node.op == DataOp::one_hot) {
    const auto* use = node.indices.empty() ? nullptr : std::get_if<IndexUse>(node.indices.data());
    const bool in_term =
        use != nullptr && use->index.valid() && std::find(term.indices.begin(), term.indices.end(), use->index) != term.indices.end();
    const bool taken =
        in_term && std::any_of(term.lookups.begin(), term.lookups.end(), [&](const LookupFactor& l) { return l.target == local(term, use->index); });
    if (in_term && !taken) return add_lookup(term, id);
  }
  add_grid(term, id);
}

// Products, quotients by numbers, signs and small powers become factors of the term: views stay views.
bool Resolver::add_composite(ResolvedTerm& term, DataExprId id) {
  const DataNode& node = evaluator_.node(id);
  if (node.op == DataOp::multiply) {
    for (const DataExprId arg : node.args) add_data(term, arg);
    return true;
  }
  if (node.op == DataOp::negate) {
    term.coefficient = -term.coefficient;
    add_data(term, node.args.at(0));
    return true;
  }
  if (node.op != DataOp::divide && node.op != DataOp::power) return false;
  const Grid& second = evaluator_.evaluate(node.args.at(1));
  if (!second.indices.empty()) return false;
  const double value = second.values[second.base];
  if (node.op == DataOp::divide && value != 0) {
    term.coefficient /= value;
    add_data(term, node.args.at(0));
    return true;
  }
  const int times = node.op == DataOp::power ? small_power(value) : 0;
  for (int i = 0; i < times; ++i) add_data(term, node.args.at(0));
  return times > 0;
}

void Resolver::add_grid(ResolvedTerm& term, DataExprId id) {
  const Grid& grid = evaluator_.evaluate(id);
  if (grid.indices.empty()) {
    term.coefficient *= grid.values[grid.base];
  } else {
    term.data.push_back(factor(term, grid, evaluator_.text(id)));
  }
}

void Resolver::add_lookup(ResolvedTerm& term, DataExprId id) {
  const DataNode& node = evaluator_.node(id);
  const IndexUse use = std::get<IndexUse>(node.indices.at(0));
  const DataExprId expr = node.args.at(0);
  const Grid& grid = evaluator_.evaluate(expr);
  const std::int64_t first = evaluator_.low(use.index) + evaluator_.size(use.offset), extent = evaluator_.extent(use.index);
  const auto key = std::make_tuple(expr, first, extent);
  // The positions follow the grid's own cells row by row over its indices.
  std::vector<std::int64_t> extents;
  for (const IndexId index : grid.indices) extents.push_back(evaluator_.extent(index));
  Grid dense = grid;
  dense.base = 0;
  std::int64_t stride = 1;
  for (std::size_t i = extents.size(); i-- > 0; stride *= extents[i]) dense.strides[i] = stride;
  auto [found, is_new] = lookup_ids_.emplace(key, static_cast<int>(plan_.lookups.size()));
  if (is_new) {
    LookupArray lookup{{}, extent, evaluator_.text(expr)};
    lookup.positions.reserve(static_cast<std::size_t>(stride));
    for_each_cell(extents, {grid.strides}, {grid.base}, [&](const std::vector<std::int64_t>& at) {
      const double position = std::round(grid.values[at[0]]) - static_cast<double>(first);
      lookup.positions.push_back(position >= 0 && position < static_cast<double>(extent) ? static_cast<std::int32_t>(position) : -1);
    });
    plan_.lookups.push_back(std::move(lookup));
  }
  term.lookups.push_back({id, found->second, affine(term, dense), local(term, use.index)});
}

DataFactor Resolver::densify(const ResolvedTerm& term, const LookupFactor& lookup) {
  return factor(term, evaluator_.dense_one_hot(lookup.one_hot), evaluator_.text(lookup.one_hot));
}

DataFactor Resolver::factor(const ResolvedTerm& term, const Grid& grid, const std::string& text) { return {array(grid, text), affine(term, grid)}; }

Affine Resolver::affine(const ResolvedTerm& term, const Grid& grid) const {
  Affine out{grid.base, std::vector<std::int64_t>(term.indices.size(), 0)};
  for (std::size_t i = 0; i < grid.indices.size(); ++i) out.strides[local(term, grid.indices[i])] += grid.strides[i];
  return out;
}

int Resolver::array(const Grid& grid, const std::string& text) {
  const auto [found, is_new] = array_ids_.emplace(grid.values, static_cast<int>(plan_.arrays.size()));
  if (is_new) plan_.arrays.push_back({grid.values, grid.owned, text});
  return found->second;
}

void Resolver::add_statistics(ResolvedTerm& term, const derive::Term& source) {
  std::map<int, std::vector<const Atom*>> by_block;
  for (const Atom& atom : source.atoms) {
    by_block[derivation_.block_of.at(static_cast<std::size_t>(atom.variable.value)).value].push_back(&atom);
  }
  for (const auto& [block, atoms] : by_block) term.statistics.push_back(statistic_use(term, block, atoms));
}

// Adds stride × (value of the index use − first), which must lie in 0..extent-1.
void Resolver::add_use(const ResolvedTerm& term, Affine& at, const IndexUse& use, std::int64_t first, std::int64_t extent, std::int64_t stride,
                       VariableId variable) const {
  std::int64_t position = evaluator_.size(use.offset) - first, last = position;
  if (use.index.valid()) {
    const std::size_t index = local(term, use.index);
    position += evaluator_.low(use.index);
    last = position + term.extents[index] - 1;
    at.strides[index] += stride;
  }
  at.base += stride * position;
  const bool empty = last < position;
  if (!empty && (position < 0 || last >= extent)) {
    throw Failure(index_out_of_range(graph_.variables[variable].name, position + first, last + first, extent));
  }
}

namespace {

const derive::Component& component_of(const derive::Block& block, const Atom& atom, std::size_t& position) {
  for (position = 0; position < block.components.size(); ++position) {
    if (block.components[position].variable == atom.variable) return block.components[position];
  }
  throw Failure(missing_statistic("of a variable outside the block", "block"));
}

}  // namespace

void Resolver::add_batch(const ResolvedTerm& term, StatisticUse& use, const derive::Component& component, const Atom& atom) {
  const PlannedBlock& planned = plan_.blocks[static_cast<std::size_t>(use.block)];
  std::int64_t stride = static_cast<std::int64_t>(planned.family->size());
  use.batch.assign(planned.batch.size(), -1);
  for (std::size_t b = planned.batch.size(); b-- > 0; stride *= planned.batch[b]) {
    const IndexUse& index = atom.indices.at(component.batch_slots[b]);
    add_use(term, use.at, index, 1, planned.batch[b], stride, atom.variable);
    if (!index.index.valid() || evaluator_.low(index.index) + evaluator_.size(index.offset) != 1) continue;
    if (evaluator_.extent(index.index) == planned.batch[b]) use.batch[b] = static_cast<int>(local(term, index.index));
  }
}

// Row-major position of an element among the values of its block.
Affine Resolver::inner_position(const ResolvedTerm& term, const derive::Block& block, std::size_t c, const Atom& atom) const {
  const PlannedComponent& planned =
      plan_.blocks[static_cast<std::size_t>(derivation_.block_of[static_cast<std::size_t>(atom.variable.value)].value)].components[c];
  Affine at{static_cast<std::int64_t>(planned.offset), std::vector<std::int64_t>(term.indices.size(), 0)};
  std::int64_t stride = 1;
  for (std::size_t slot = planned.inner.size(); slot-- > 0; stride *= planned.inner[slot]) {
    add_use(term, at, atom.indices.at(block.components[c].inner_slots[slot]), 1, planned.inner[slot], stride, atom.variable);
  }
  return at;
}

StatisticUse Resolver::statistic_use(const ResolvedTerm& term, int block_id, const std::vector<const Atom*>& atoms) {
  const derive::Block& block = derivation_.blocks[BlockId(static_cast<std::int32_t>(block_id))];
  const family::Family& family = *plan_.blocks[static_cast<std::size_t>(block_id)].family;
  StatisticUse use{block_id, {0, std::vector<std::int64_t>(term.indices.size(), 0)}, {}};
  std::size_t c = 0;
  const Atom& first = *atoms.at(0);
  add_batch(term, use, component_of(block, first, c), first);
  const auto add = [&](const Affine& at, std::int64_t scale) {
    use.at.base += scale * at.base;
    for (std::size_t i = 0; i < at.strides.size(); ++i) use.at.strides[i] += scale * at.strides[i];
  };
  const auto d = static_cast<std::int64_t>(family.value_size());
  const family::LayoutEntry* pair = find_entry(family, Statistic::pair());
  const bool square = first.statistic == Statistic{StatisticKind::power, 2} && pair != nullptr;
  if (atoms.size() > 2) throw Failure(missing_statistic("of more than two elements", family.name()));
  if (atoms.size() == 2 || square) {
    const Affine a = inner_position(term, block, c, first);
    std::size_t c2 = c;
    if (atoms.size() == 2) component_of(block, *atoms[1], c2);
    const Affine b = inner_position(term, block, c2, atoms.size() == 2 ? *atoms[1] : first);
    use.at.base += static_cast<std::int64_t>(pair != nullptr ? pair->offset : entry_of(family, {StatisticKind::power, 2}).offset);
    if (pair == nullptr) return use;
    add(a, d);
    add(b, 1);
    return use;
  }
  use.at.base += static_cast<std::int64_t>(entry_of(family, first.statistic).offset);
  if (first.statistic.kind == StatisticKind::indicator) {
    add_use(term, use.at, first.indices.back(), evaluator_.size(block.first_level), static_cast<std::int64_t>(family.size()), 1, first.variable);
  } else if (first.statistic.kind != StatisticKind::log_det) {
    add(inner_position(term, block, c, first), 1);
  }
  return use;
}

void Resolver::resolve_weight(PlannedBlock& block, const ResolvedTerm& term, const StatisticUse& use) {
  if (block.weight || !term.weight) return;
  std::vector<std::int64_t> strides;
  for (const int index : use.batch) {
    if (index < 0) return;
    strides.push_back(term.weight->at.strides[static_cast<std::size_t>(index)]);
  }
  auto values = std::make_shared<std::vector<double>>();
  const ConstantArray source = plan_.arrays[static_cast<std::size_t>(term.weight->array)];
  for_each_cell(block.batch, {strides}, {term.weight->at.base},
                [&](const std::vector<std::int64_t>& at) { values->push_back(source.values[at[0]]); });
  block.weight = static_cast<int>(plan_.arrays.size());
  plan_.arrays.push_back({values->data(), values, source.text});
}

}  // namespace jensen::plan
