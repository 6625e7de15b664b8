// The expectations of TermSum: which mean parameter, or product of some, an atom or a product of atoms of one block stands for; and its entropies.
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <Eigen/Dense>

#include "support/term_sum.hpp"

namespace jensen::tests {

using derive::Atom;
using derive::IndexUse;

namespace {

// Position of a statistic in a family's layout.
std::size_t position(const family::Family& family, const Statistic& statistic) {
  for (const family::LayoutEntry& entry : family.layout()) {
    if (entry.statistic == statistic) return entry.offset;
  }
  throw std::logic_error("the family has no such statistic");
}

std::vector<std::int64_t> unravel(std::int64_t element, const std::vector<std::int64_t>& extents) {
  std::vector<std::int64_t> out(extents.size());
  for (std::size_t b = extents.size(); b-- > 0; element /= extents[b]) out[b] = element % extents[b] + 1;
  return out;
}

}  // namespace

// The indices of the weight are those with which a term of the block's plate picks the element.
double TermSum::copies(std::size_t b, const std::vector<std::int64_t>& element) {
  const derive::Block& block = model_.derivation.blocks[BlockId(b)];
  if (!block.weight) return 1;
  const std::vector<IndexId>& free = model_.derivation.log_joint.data[*block.weight].free;
  for (const TermId t : block.terms) {
    const derive::Term& term = model_.derivation.log_joint.terms[t];
    if (term.weight != block.weight) continue;
    for (const Atom& atom : term.atoms) {
      for (const derive::Component& c : block.components) {
        if (c.variable != atom.variable) continue;
        std::size_t set = 0;
        for (std::size_t i = 0; i < c.batch_slots.size(); ++i) {
          const IndexUse& use = atom.indices[c.batch_slots[i]];
          if (!std::binary_search(free.begin(), free.end(), use.index)) continue;
          at_[use.index] = element[i] - size(use.offset);
          ++set;
        }
        if (set == free.size()) return data(*block.weight);
      }
    }
  }
  throw std::logic_error("no term of the block has its weight");
}

double TermSum::gate(const derive::Gate& gate, const std::vector<std::int64_t>& element) {
  Atom atom{gate.variable, {StatisticKind::indicator, 1}, {}};
  for (const derive::Gate::Position& at : gate.indices) {
    atom.indices.push_back({{}, at.batch < 0 ? at.offset : at.offset + model::Size(element[static_cast<std::size_t>(at.batch)])});
  }
  double named = 0;
  for (const model::Size& level : gate.levels) {
    atom.indices.push_back({{}, level});
    named += statistics({atom});
    atom.indices.pop_back();
  }
  return gate.except ? 1 - named : named;
}

double TermSum::entropy(std::size_t b) {
  if (model_.plan.blocks[b].point) return 0;
  double total = 0;
  for (std::size_t e = 0; e < entropies_[b].size(); ++e) {
    const std::vector<std::int64_t> element = unravel(static_cast<std::int64_t>(e), model_.plan.blocks[b].batch);
    double weight = copies(b, element);
    for (const derive::Gate& g : model_.derivation.blocks[BlockId(b)].gates) weight *= gate(g, element);
    total += weight * entropies_[b][e];
  }
  return total;
}

TermSum::Place TermSum::place(std::size_t block, const Atom& atom) {
  const plan::PlannedBlock& planned = model_.plan.blocks[block];
  const derive::Block& derived = model_.derivation.blocks[BlockId(block)];
  Place out;
  while (derived.components[out.component].variable != atom.variable) ++out.component;
  const derive::Component& component = derived.components[out.component];
  for (std::size_t b = 0; b < derived.batch.size(); ++b) {
    out.element =
        out.element * static_cast<std::size_t>(planned.batch[b]) + static_cast<std::size_t>(value(atom.indices[component.batch_slots[b]]) - 1);
  }
  for (std::size_t s = 0; s < component.inner_slots.size() && component.inner_slots[s] < atom.indices.size(); ++s) {
    out.inner = out.inner * static_cast<std::size_t>(planned.components[out.component].inner[s]) +
                static_cast<std::size_t>(value(atom.indices[component.inner_slots[s]]) - 1);
  }
  out.inner += planned.components[out.component].offset;
  return out;
}

// A function's values lie row-major over its own indices, without those that pick the element.
std::size_t TermSum::function_position(const derive::Block& block, const Atom& atom) {
  std::size_t at = 0;
  for (const IndexId index : model_.derivation.log_joint.data[DataExprId(atom.statistic.id)].free) {
    const auto& slots = block.components[0].batch_slots;
    if (std::any_of(slots.begin(), slots.end(), [&](std::size_t slot) { return atom.indices[slot].index == index; })) continue;
    const model::Range& range = model_.derivation.log_joint.indices[index].range;
    at = at * static_cast<std::size_t>(size(range.high) - size(range.low) + 1) + static_cast<std::size_t>(at_.at(index) - size(range.low));
  }
  return at;
}

double TermSum::expectation(std::size_t block, const std::vector<const Atom*>& atoms) {
  const derive::Block& derived = model_.derivation.blocks[BlockId(block)];
  if (derived.kind == derive::BlockKind::joint) return joint_expectation(block, atoms);
  std::vector<Place> places;
  for (const Atom* atom : atoms) places.push_back(place(block, *atom));
  const family::Family& family = *model_.plan.blocks[block].family;
  const Atom& first = *atoms.front();
  const double* mean = means_[block].data() + places[0].element * family.size();
  if (model_.plan.blocks[block].network) {
    std::map<std::size_t, std::size_t> levels;
    for (std::size_t a = 0; a < atoms.size(); ++a) {
      levels[places[a].inner] = static_cast<std::size_t>(value(atoms[a]->indices.back()) - size(derived.components[places[a].component].first_level));
    }
    return mean[blocks_[block].joint_indicator(levels)];
  }
  if (first.statistic.kind == StatisticKind::indicator) return mean[value(first.indices.back()) - size(derived.first_level)];
  if (first.statistic.kind == StatisticKind::function) return mean[position(family, first.statistic) + function_position(derived, first)];
  if (blocks_[block].gaussian() && atoms.size() == 2) return mean[blocks_[block].pair(places[0].inner, places[1].inner)];
  if (blocks_[block].gaussian() && first.statistic.power == 2) return mean[blocks_[block].pair(places[0].inner, places[0].inner)];
  if (atoms.size() > 1) throw std::logic_error("a product of statistics of one block");
  return mean[position(family, first.statistic) + (first.statistic.kind == StatisticKind::log_det ? 0 : places[0].inner)];
}

// A scale's statistic, alone or with one or two numbers of the vector.
double TermSum::joint_expectation(std::size_t block, const std::vector<const Atom*>& atoms) {
  const derive::Block& derived = model_.derivation.blocks[BlockId(block)];
  const plan::PlannedBlock& planned = model_.plan.blocks[block];
  const family::Family& family = *planned.family;
  const Atom* scale = nullptr;
  std::vector<Place> vector;
  Place at;
  for (const Atom* atom : atoms) {
    const Place p = place(block, *atom);
    if (p.component == 0) {
      scale = atom;
      at = p;
      continue;
    }
    vector.push_back(p);
    vector.back().inner -= planned.components[1].offset;
    if (atom->statistic.power == 2) vector.push_back(vector.back());
  }
  const double* mean = means_[block].data() + at.element * family.size();
  if (derived.family.kind != family::FamilyKind::Kind::normal_gamma) return matrix_expectation(block, *scale, vector, mean);
  if (vector.empty()) return mean[position(family, scale->statistic)];
  if (vector.size() == 1) return mean[position(family, {StatisticKind::scaled, 1}) + vector[0].inner];
  return mean[position(family, {StatisticKind::scaled_pair, 1}) + vector[0].inner * (family.value_size() - 1) + vector[1].inner];
}

// E[P_ij x_j] = E[P_ij] m_j. Of E[P_ij x_i x_j] terms know the sum over i and j only, E[x' P x] = m' E[P] m + c, so c may go to the diagonal.
double TermSum::matrix_expectation(std::size_t block, const Atom& matrix, const std::vector<Place>& vector, const double* mean) {
  const family::Family& family = *model_.plan.blocks[block].family;
  if (matrix.statistic.kind == StatisticKind::log_det) return mean[position(family, matrix.statistic)];
  const auto d = static_cast<Eigen::Index>(model_.plan.blocks[block].components[1].inner.at(0));
  const Eigen::Map<const Eigen::MatrixXd> p(mean + position(family, matrix.statistic), d, d);
  const Eigen::Map<const Eigen::VectorXd> scaled(mean + position(family, {StatisticKind::scaled, 1}), d);
  const Eigen::VectorXd m = p.llt().solve(scaled);
  const auto row = static_cast<Eigen::Index>(value(matrix.indices[matrix.indices.size() - 2]) - 1);
  const auto column = static_cast<Eigen::Index>(value(matrix.indices.back()) - 1);
  double out = p(row, column);
  for (const Place& x : vector) out *= m(static_cast<Eigen::Index>(x.inner));
  if (vector.size() == 2 && row == column) out += (mean[position(family, {StatisticKind::scaled_pair, 1})] - m.dot(scaled)) / static_cast<double>(d);
  return out;
}

}  // namespace jensen::tests
