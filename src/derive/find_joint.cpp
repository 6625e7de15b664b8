// A scale and a vector whose precision is a multiple of it in every term have one q together: it is more exact than two, and as closed.
#include <fmt/format.h>

#include <algorithm>

#include "derive/find_blocks.hpp"
#include "derive/poly.hpp"

namespace jensen::derive {

namespace {

using Kind = family::FamilyKind::Kind;

const Component* component_of(const Block& block, VariableId id) {
  const auto found = std::ranges::find(block.components, id, &Component::variable);
  return found == block.components.end() ? nullptr : &*found;
}

// The parts of one term that belong to the two blocks.
struct Parts {
  std::vector<const Atom*> scale, vector;
};

Parts parts_of(const Term& term, const Block& scale, const Block& vector) {
  Parts out;
  for (const Atom& atom : term.atoms) {
    if (component_of(scale, atom.variable) != nullptr) out.scale.push_back(&atom);
    if (component_of(vector, atom.variable) != nullptr) out.vector.push_back(&atom);
  }
  return out;
}

bool same_batch(const Block& scale, const Atom& s, const Block& vector, const Atom& x) {
  const Component& a = *component_of(scale, s.variable);
  const Component& b = *component_of(vector, x.variable);
  if (a.batch_slots.size() != b.batch_slots.size()) return false;
  for (std::size_t i = 0; i < a.batch_slots.size(); ++i) {
    if (s.indices[a.batch_slots[i]] != x.indices[b.batch_slots[i]]) return false;
  }
  return true;
}

// Whether the index stands nowhere in the term but in the given atoms.
bool only_in(const DataExprs& exprs, const Term& term, IndexId index, const std::vector<const Atom*>& atoms) {
  for (const DataExprId id : term.data) {
    if (std::ranges::binary_search(exprs[id].free, index)) return false;
  }
  if (term.weight && std::ranges::binary_search(exprs[*term.weight].free, index)) return false;
  return std::ranges::all_of(term.atoms,
                             [&](const Atom& atom) { return std::ranges::find(atoms, &atom) != atoms.end() || !uses(exprs, atom, index); });
}

bool full_range(const LogJoint& joint, const IndexUse& use, const Size& extent) {
  return use.index.valid() && use.offset == Size(0) && joint.indices[use.index].range == Range{Size(1), extent};
}

// P_ij x_i x_j summed over both, or P_ij x_i summed over i.
bool contracts(const model::ModelGraph& graph, const LogJoint& joint, const Term& term, const Parts& parts, const Block& vector) {
  const Atom& matrix = *parts.scale[0];
  const Size extent = graph.variables[matrix.variable].dims.back();
  std::vector<IndexUse> sides(matrix.indices.end() - 2, matrix.indices.end());
  std::vector<const Atom*> own = parts.vector;
  own.push_back(&matrix);
  for (const Atom* x : parts.vector) {
    if (x->statistic != Statistic{StatisticKind::power, 1}) return false;
    const IndexUse use = x->indices[component_of(vector, x->variable)->inner_slots[0]];
    const auto found = std::ranges::find(sides, use);
    if (found == sides.end() || !full_range(joint, use, extent) || !only_in(joint.data, term, use.index, own)) return false;
    sides.erase(found);
  }
  return true;
}

bool is_matrix(Kind kind) { return kind == Kind::wishart || kind == Kind::inverse_wishart; }

// In every term with the vector the scale stands once, as the statistic that multiplies precisions.
bool scaled_everywhere(const model::ModelGraph& graph, const LogJoint& joint, const Block& vector, const Block& scale) {
  const bool matrix = is_matrix(scale.family.kind);
  const Statistic multiplier = scale.family.kind == Kind::wishart           ? Statistic{StatisticKind::power, 1}
                               : scale.family.kind == Kind::inverse_wishart ? Statistic{StatisticKind::inverse, 1}
                                                                            : Statistic{StatisticKind::power, scale.family.power};
  for (const TermId t : vector.terms) {
    const Term& term = joint.terms[t];
    const Parts parts = parts_of(term, scale, vector);
    if (parts.scale.size() != 1 || parts.scale[0]->statistic != multiplier) return false;
    for (const Atom* x : parts.vector) {
      if (!same_batch(scale, *parts.scale[0], vector, *x)) return false;
    }
    if (matrix && !contracts(graph, joint, term, parts, vector)) return false;
  }
  return !vector.terms.empty();
}

}  // namespace

std::optional<Block> joint_block(const model::ModelGraph& graph, const LogJoint& joint, const Block& vector, const Block& scale) {
  if (vector.kind != BlockKind::gaussian || scale.kind != BlockKind::family || vector.point || scale.point) return std::nullopt;
  if (std::ranges::any_of(vector.components, &Component::point) || vector.weight != scale.weight ||
      !same_gates(graph, vector.components[0].variable, scale.components[0].variable)) {
    return std::nullopt;
  }
  const Kind kind = scale.family.kind;
  const bool matrix = is_matrix(kind);
  if (!matrix && kind != Kind::gamma_power) return std::nullopt;
  if (matrix && (vector.components.size() != 1 || vector.components[0].inner_slots.size() != 1)) return std::nullopt;
  if (vector.batch != scale.batch || !scaled_everywhere(graph, joint, vector, scale)) return std::nullopt;
  Block block = scale;
  block.kind = BlockKind::joint;
  block.family.kind = !matrix ? Kind::normal_gamma : kind == Kind::wishart ? Kind::normal_wishart : Kind::normal_inverse_wishart;
  block.components.insert(block.components.end(), vector.components.begin(), vector.components.end());
  std::string names;
  for (const Component& c : vector.components) names += (names.empty() ? "" : ", ") + graph.variables[c.variable].name;
  block.terms.insert(block.terms.end(), vector.terms.begin(), vector.terms.end());
  std::ranges::sort(block.terms);
  block.terms.erase(std::unique(block.terms.begin(), block.terms.end()), block.terms.end());
  const std::string scale_name = graph.variables[scale.components[0].variable].name;
  block.reason = fmt::format("the precision of {} is a multiple of {} in every term: one q of both is more exact than two", names,
                             to_text(scale.family.statistics()[1], scale_name));
  return block;
}

}  // namespace jensen::derive
