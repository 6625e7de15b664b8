#include "plan/resolve.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "plan/messages.hpp"

namespace jensen::plan {
namespace {

using derive::Atom;
using derive::DataNode;
using derive::DataOp;
using derive::IndexUse;

}  // namespace

std::size_t local(const ResolvedTerm& term, IndexId index) {
  const auto found = std::find(term.indices.begin(), term.indices.end(), index);
  if (found == term.indices.end()) throw Failure(unknown_size("an index outside its term"));
  return static_cast<std::size_t>(found - term.indices.begin());
}

namespace {

// How often a base is multiplied in base^exponent, for the exponents worth splitting.
int small_power(double exponent) { return exponent == 2 || exponent == 3 || exponent == 4 ? static_cast<int>(exponent) : 0; }

}  // namespace

Resolver::Resolver(const model::ModelGraph& graph, const derive::Derivation& derivation, const model::BoundData& data, Plan& plan)
    : graph_(graph), derivation_(derivation), plan_(plan), evaluator_(graph, derivation.log_joint, data), data_(data) {}

ResolvedTerm Resolver::resolve(TermId id) {
  const derive::Term& source = derivation_.log_joint.terms[id];
  ResolvedTerm term;
  term.id = id;
  term.coefficient = source.coefficient;
  term.indices = source.sums;
  for (const IndexId index : source.sums) term.extents.push_back(evaluator_.extent(index));
  term.of_discrete =
      std::any_of(source.atoms.begin(), source.atoms.end(), [](const Atom& atom) { return atom.statistic.kind == StatisticKind::indicator; });
  for (const DataExprId factor : source.data) add_data(term, factor);
  if (source.weight) {
    const Grid& grid = evaluator_.evaluate(*source.weight);
    check_weight(*source.weight, grid);
    term.weight = factor(term, grid, evaluator_.text(*source.weight));
    term.weight_id = source.weight;
  }
  check_lookups(term);
  add_statistics(term, source);
  return term;
}

void Resolver::check_weight(DataExprId id, const Grid& grid) {
  if (!checked_weights_.insert(id).second) return;
  std::vector<std::int64_t> extents;
  for (const IndexId index : grid.indices) extents.push_back(evaluator_.extent(index));
  std::int64_t cell = 0;
  for_each_cell(extents, {grid.strides}, {grid.base}, [&](const std::vector<std::int64_t>& at) {
    const double value = grid.values[at[0]];
    if (value < 0) throw Failure(negative_weight(evaluator_.text(id), value, evaluator_.cell_text(grid.indices, cell)));
    ++cell;
  });
}

// A value that picks no element is an error, unless a condition leaves the row out.
void Resolver::check_lookups(const ResolvedTerm& term) {
  for (const LookupFactor& lookup : term.lookups) {
    const LookupArray& array = plan_.lookups[static_cast<std::size_t>(lookup.lookup)];
    if (std::find(array.positions.begin(), array.positions.end(), -1) == array.positions.end()) continue;
    const DataNode& node = evaluator_.node(lookup.one_hot);
    const Grid& grid = evaluator_.evaluate(node.args.at(0));
    const Affine values = affine(term, grid);
    std::vector<std::size_t> own;
    std::vector<std::vector<std::int64_t>> strides(2);
    std::vector<std::int64_t> extents, starts{lookup.at.base, values.base};
    for (std::size_t i = 0; i < term.indices.size(); ++i) {
      if (lookup.at.strides[i] != 0) own.push_back(i);
    }
    const auto add = [&](const Affine& at, std::vector<std::int64_t>& to) {
      for (const std::size_t i : own) to.push_back(at.strides[i]);
    };
    for (const std::size_t i : own) extents.push_back(term.extents[i]);
    add(lookup.at, strides[0]);
    add(values, strides[1]);
    std::vector<const double*> conditions;
    for (const DataFactor& data : term.data) {
      const auto strays = [&](std::size_t i) { return data.at.strides[i] != 0 && std::find(own.begin(), own.end(), i) == own.end(); };
      bool by_row = true;
      for (std::size_t i = 0; i < term.indices.size(); ++i) by_row = by_row && !strays(i);
      if (!by_row) continue;
      add(data.at, strides.emplace_back());
      starts.push_back(data.at.base);
      conditions.push_back(plan_.arrays[static_cast<std::size_t>(data.array)].values);
    }
    std::int64_t cell = -1;
    for_each_cell(extents, strides, starts, [&](const std::vector<std::int64_t>& at) {
      ++cell;
      if (array.positions[static_cast<std::size_t>(at[0])] >= 0) return;
      for (std::size_t c = 0; c < conditions.size(); ++c) {
        if (conditions[c][at[2 + c]] == 0) return;
      }
      const double value = grid.values[at[1]];
      if (!std::isfinite(value)) return;
      std::string where;
      for (std::size_t i = own.size(), rest = static_cast<std::size_t>(cell); i-- > 0; rest /= static_cast<std::size_t>(extents[i])) {
        const auto counter = static_cast<std::int64_t>(rest % static_cast<std::size_t>(extents[i]));
        where = fmt::format("{} = {}{}{}", evaluator_.index_name(term.indices[own[i]]), counter + evaluator_.low(term.indices[own[i]]),
                            where.empty() ? "" : ", ", where);
      }
      const IndexUse use = std::get<IndexUse>(node.indices.at(0));
      const std::int64_t first = evaluator_.low(use.index) + evaluator_.size(use.offset);
      throw Failure(picks_nothing(array.text, value, where, first, first + array.extent - 1));
    });
  }
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
  const Grid grid = term.of_discrete ? evaluator_.evaluate_log(id) : evaluator_.evaluate(id);
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
    lookup.positions.resize(static_cast<std::size_t>(stride));
    // Without branches, so that the loop over the rows vectorises.
    const double low = static_cast<double>(first), count = static_cast<double>(extent);
    const auto position = [low, count](double value) {
      const double at = std::rint(value) - low;
      const bool inside = (at >= 0) & (at < count);
      return static_cast<std::int32_t>(inside ? at : -1.0);
    };
    std::int32_t* out = lookup.positions.data();
    if (extents.size() == 1) {
      const double* from = grid.values + grid.base;
      for (std::int64_t i = 0; i < stride; ++i) out[i] = position(from[i * grid.strides[0]]);
    } else {
      for_each_cell(extents, {grid.strides}, {grid.base}, [&](const std::vector<std::int64_t>& at) { *out++ = position(grid.values[at[0]]); });
    }
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

void Resolver::resolve_weight(PlannedBlock& block, const ResolvedTerm& term, const StatisticUse& use) {
  if (block.weight || !term.weight) return;
  const std::vector<std::int64_t>& along = term.weight->at.strides;
  for (std::size_t i = 0; i < along.size(); ++i) {
    if (along[i] != 0 && std::find(use.batch.begin(), use.batch.end(), static_cast<int>(i)) == use.batch.end()) return;
  }
  // Along a dimension of which the term uses a part the weight is the same.
  std::vector<std::int64_t> strides;
  for (const int index : use.batch) strides.push_back(index < 0 ? 0 : along[static_cast<std::size_t>(index)]);
  auto values = std::make_shared<std::vector<double>>();
  const ConstantArray source = plan_.arrays[static_cast<std::size_t>(term.weight->array)];
  for_each_cell(block.batch, {strides}, {term.weight->at.base},
                [&](const std::vector<std::int64_t>& at) { values->push_back(source.values[at[0]]); });
  block.weight = static_cast<int>(plan_.arrays.size());
  plan_.arrays.push_back({values->data(), values, source.text});
}

}  // namespace jensen::plan
