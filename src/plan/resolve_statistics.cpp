// Where the statistics of a term lie in the mean parameters of their blocks.
#include <algorithm>

#include "plan/messages.hpp"
#include "plan/resolve.hpp"

namespace jensen::plan {
namespace {

using derive::Atom;
using derive::IndexUse;
using Kind = family::FamilyKind::Kind;

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

const derive::Component& component_of(const derive::Block& block, const Atom& atom, std::size_t& position) {
  for (position = 0; position < block.components.size(); ++position) {
    if (block.components[position].variable == atom.variable) return block.components[position];
  }
  throw Failure(missing_statistic("of a variable outside the block", "block"));
}

void add_scaled(Affine& to, const Affine& at, std::int64_t scale) {
  to.base += scale * at.base;
  for (std::size_t i = 0; i < at.strides.size(); ++i) to.strides[i] += scale * at.strides[i];
}

}  // namespace

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
    last = position + evaluator_.extent(use.index) - 1;
    at.strides[index] += stride;
  }
  at.base += stride * position;
  const bool empty = last < position;
  if (!empty && (position < 0 || last >= extent)) {
    throw Failure(index_out_of_range(graph_.variables[variable].name, position + first, last + first, extent));
  }
}

void Resolver::add_batch(const ResolvedTerm& term, StatisticUse& use, const derive::Component& component, const Atom& atom) {
  const PlannedBlock& planned = plan_.blocks[static_cast<std::size_t>(use.block)];
  std::int64_t stride = pattern(use.block) != nullptr ? 1 : static_cast<std::int64_t>(planned.family->size());
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

StatisticUse Resolver::statistic_use(ResolvedTerm& term, int block_id, const std::vector<const Atom*>& atoms) {
  const derive::Block& block = derivation_.blocks[BlockId(static_cast<std::int32_t>(block_id))];
  StatisticUse use;
  use.block = block_id;
  use.at.strides.assign(term.indices.size(), 0);
  std::size_t c = 0;
  const Atom& first = *atoms.at(0);
  component_of(block, first, c);
  if (block.by_row) {
    row_use(term, use, block, atoms);
    if (use.of_link) return use;
  } else {
    add_batch(term, use, block.components[c], first);
  }
  if (pattern(block_id) != nullptr) {
    patterned_use(term, use, block, atoms);
    return use;
  }
  if (block.kind == derive::BlockKind::joint) {
    joint_use(term, use, block, atoms);
    return use;
  }
  const family::Family& family = *plan_.blocks[static_cast<std::size_t>(block_id)].family;
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
    add_scaled(use.at, a, d);
    add_scaled(use.at, b, 1);
    return use;
  }
  use.at.base += static_cast<std::int64_t>(entry_of(family, first.statistic).offset);
  if (first.statistic.kind == StatisticKind::indicator) {
    add_use(term, use.at, first.indices.back(), evaluator_.size(block.first_level), static_cast<std::int64_t>(family.size()), 1, first.variable);
  } else if (first.statistic.kind == StatisticKind::function || first.statistic.kind == StatisticKind::expression) {
    add_function_indices(term, use, block, first);
  } else if (first.statistic.kind != StatisticKind::log_det) {
    add_scaled(use.at, inner_position(term, block, c, first), 1);
  }
  return use;
}

// The row of the last of the atoms, which of two hangs on the other; and where the product of two rows' statistics lies.
void Resolver::row_use(const ResolvedTerm& term, StatisticUse& use, const derive::Block& block, const std::vector<const Atom*>& atoms) {
  const PlannedBlock& planned = plan_.blocks[static_cast<std::size_t>(use.block)];
  const std::size_t last = planned.batch.size() - 1;
  const auto row_of = [&](const Atom& atom, std::size_t b) {
    std::size_t c = 0;
    const derive::Component& component = component_of(block, atom, c);
    Affine at{0, std::vector<std::int64_t>(term.indices.size(), 0)};
    add_use(term, at, atom.indices.at(component.batch_slots[b]), 1, planned.batch[b], 1, atom.variable);
    return at;
  };
  const Atom* own = atoms[0];
  const Atom* other = atoms.size() == 2 ? atoms[1] : nullptr;
  if (other != nullptr && row_of(*own, last) != row_of(*other, last)) {
    const Affine a = row_of(*own, last), b = row_of(*other, last);
    const bool swapped = block.chain->parent ? b.strides[local(term, block.chain->row)] != 0 : b.base > a.base;
    if (swapped) std::swap(own, other);
    use.of_link = true;
    if (block.chain->parent) {
      const Affine hung_on = swapped ? a : b;
      use.hung_on = std::find_if(hung_on.strides.begin(), hung_on.strides.end(), [](std::int64_t s) { return s != 0; }) - hung_on.strides.begin();
    }
  }
  for (std::size_t b = 0; b <= last; ++b) {
    const Affine at = row_of(*own, b);
    const auto index = std::find_if(at.strides.begin(), at.strides.end(), [](std::int64_t s) { return s != 0; });
    use.batch.push_back(index == at.strides.end() ? -1 : static_cast<int>(index - at.strides.begin()));
    use.starts.push_back(at.base);
  }
  if (!use.of_link) return;
  const auto size = static_cast<std::int64_t>(planned.discrete ? planned.family->size() : planned.family->value_size());
  const auto place = [&](const Atom& atom) {
    std::size_t c = 0;
    component_of(block, atom, c);
    if (!planned.discrete) return inner_position(term, block, c, atom);
    Affine at{0, std::vector<std::int64_t>(term.indices.size(), 0)};
    add_use(term, at, atom.indices.back(), evaluator_.size(block.first_level), size, 1, atom.variable);
    return at;
  };
  add_scaled(use.at, place(*other), size);
  add_scaled(use.at, place(*own), 1);
}

// Row-major over the function's own indices, without those that pick the element.
void Resolver::add_function_indices(const ResolvedTerm& term, StatisticUse& use, const derive::Block& block, const Atom& atom) {
  const auto& free = evaluator_.node(DataExprId(static_cast<std::int32_t>(atom.statistic.id))).free;
  std::int64_t stride = 1;
  for (auto index = free.rbegin(); index != free.rend(); ++index) {
    const bool picks = !block.batch.empty() && std::any_of(block.components[0].batch_slots.begin(), block.components[0].batch_slots.end(),
                                                           [&](std::size_t slot) { return atom.indices[slot].index == *index; });
    if (picks) continue;
    use.at.strides[local(term, *index)] += stride;
    stride *= evaluator_.extent(*index);
  }
}

void Resolver::patterned_use(const ResolvedTerm& term, StatisticUse& use, const derive::Block& block, const std::vector<const Atom*>& atoms) {
  for (const Atom* atom : atoms) {
    std::size_t c = 0;
    component_of(block, *atom, c);
    ElementUse element{inner_position(term, block, c, *atom), {0, std::vector<std::int64_t>(term.indices.size(), 0)}};
    if (atom->statistic.kind == StatisticKind::indicator) {
      const PlannedComponent& planned = plan_.blocks[static_cast<std::size_t>(use.block)].components[c];
      add_use(term, element.level, atom->indices.back(), evaluator_.size(block.components[c].first_level), planned.levels, 1, atom->variable);
    }
    use.elements.push_back(element);
    if (atom->statistic == Statistic{StatisticKind::power, 2}) use.elements.push_back(std::move(element));
  }
}

// The scale's statistic alone, or with one or two numbers of the vector. Of a matrix the sums over the numbers' indices lie inside the statistic.
void Resolver::joint_use(ResolvedTerm& term, StatisticUse& use, const derive::Block& block, const std::vector<const Atom*>& atoms) {
  const PlannedBlock& planned = plan_.blocks[static_cast<std::size_t>(use.block)];
  const family::Family& family = *planned.family;
  const VariableId scale_variable = block.components[0].variable;
  const Atom* scale = nullptr;
  std::vector<Affine> vector;
  std::vector<const Atom*> parts;
  for (const Atom* atom : atoms) {
    if (atom->variable == scale_variable) {
      scale = atom;
      continue;
    }
    std::size_t c = 0;
    component_of(block, *atom, c);
    Affine position = inner_position(term, block, c, *atom);
    position.base -= static_cast<std::int64_t>(planned.components[1].offset);
    vector.push_back(position);
    parts.push_back(atom);
    if (atom->statistic == Statistic{StatisticKind::power, 2}) vector.push_back(position);
  }
  if (scale == nullptr) throw Failure(missing_statistic("without its scale", family.name()));
  const bool matrix = block.family.kind != Kind::normal_gamma;
  if (vector.empty()) {
    use.at.base += static_cast<std::int64_t>(entry_of(family, scale->statistic).offset);
    if (matrix && scale->statistic.kind != StatisticKind::log_det) add_scaled(use.at, inner_position(term, block, 0, *scale), 1);
    return;
  }
  const Statistic statistic{vector.size() == 1 ? StatisticKind::scaled : StatisticKind::scaled_pair, 1};
  use.at.base += static_cast<std::int64_t>(entry_of(family, statistic).offset);
  if (!matrix) {
    const auto d = static_cast<std::int64_t>(family.value_size()) - 1;
    add_scaled(use.at, vector[0], vector.size() == 2 ? d : 1);
    if (vector.size() == 2) add_scaled(use.at, vector[1], 1);
    return;
  }
  std::vector<IndexUse> sides(scale->indices.end() - 2, scale->indices.end());
  for (std::size_t v = 0; v < parts.size(); ++v) {
    const IndexUse summed = parts[v]->indices[block.components[1].inner_slots[0]];
    sides.erase(std::find(sides.begin(), sides.end(), summed));
    term.extents[local(term, summed.index)] = 1;
  }
  if (!sides.empty()) add_use(term, use.at, sides[0], 1, planned.components[1].inner[0], 1, scale->variable);
}

}  // namespace jensen::plan
