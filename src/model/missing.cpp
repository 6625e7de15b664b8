#include "model/missing.hpp"

#include <algorithm>
#include <limits>

#include "children.hpp"
#include "model/size_expr.hpp"

namespace jensen::model {

namespace {

bool names(const grammar::Expr& expr, const std::string& name) {
  const auto* word = std::get_if<grammar::NameExpr>(&expr.kind);
  bool found = word != nullptr && word->name == name;
  grammar::for_each_child(expr, [&](const grammar::Expr& child) { found = found || names(child, name); });
  return found;
}

// Inclusive, counted from 1.
struct Bounds {
  std::int64_t low;
  std::int64_t high;
};

// The value of a left-side subscript with every plate index at one end of its range. Subscripts are linear in the index with factor 1, so the two
// ends bound what they cover.
std::optional<std::int64_t> subscript_at(const grammar::Expr& index, const ModelGraph& graph, const Factor& factor, const Sizes& sizes,
                                         Size Range::*end) {
  const auto lookup = [&](const std::string& name) -> std::optional<Size> {
    for (const PlateId plate : factor.plates) {
      if (graph.plates[plate].index == name) return graph.plates[plate].range.*end;
    }
    if (const auto found = graph.constant_sizes.find(name); found != graph.constant_sizes.end()) return Size(found->second);
    return Size::symbol(name);
  };
  const std::optional<Size> value = size_expression(index, lookup);
  return value ? value->evaluate(sizes) : std::nullopt;
}

// One pair per subscript. A subscript that has no value here is taken to cover all.
std::vector<Bounds> covered_by(const ModelGraph& graph, const Factor& factor, const Sizes& sizes) {
  std::vector<Bounds> covered;
  for (const grammar::Expr& index : factor.indices) {
    const auto low = subscript_at(index, graph, factor, sizes, &Range::low);
    const auto high = subscript_at(index, graph, factor, sizes, &Range::high);
    covered.push_back(low && high ? Bounds{*low, *high} : Bounds{1, std::numeric_limits<std::int64_t>::max()});
  }
  return covered;
}

bool contains(const std::vector<Bounds>& covered, const std::vector<std::int64_t>& cell) {
  for (std::size_t d = 0; d < covered.size() && d < cell.size(); ++d) {
    if (cell[d] < covered[d].low || cell[d] > covered[d].high) return false;
  }
  return true;
}

// Subscripts of a place in an array that is stored column by column.
std::vector<std::int64_t> cell_at(const BoundArray& array, std::size_t place) {
  std::vector<std::int64_t> cell;
  for (const std::size_t extent : array.dims) {
    cell.push_back(static_cast<std::int64_t>(place % extent) + 1);
    place /= extent;
  }
  return cell;
}

Variable like(const Variable& data, const std::string& suffix, Role role) {
  Variable out;
  out.name = data.name + suffix;
  out.role = role;
  out.type = data.type;
  out.dims = data.dims;
  out.array_rank = data.array_rank;
  out.span = data.span;
  out.data_sized = data.data_sized;
  return out;
}

Variable mask_of(const Variable& data) {
  Variable out = like(data, ".missing", Role::data);
  out.type.support = {.kind = SupportKind::boolean};
  out.type.levels = Size(2);
  return out;
}

// A cell that was never read is whatever the distribution draws: positive under a gamma, even where the column is declared real.
Variable latent_of(const ModelGraph& graph, VariableId id) {
  const Variable& data = graph.variables[id];
  Variable out = like(data, ".value", Role::latent);
  const Type& drawn = graph.factors[data.factors.at(0)].support;
  out.type.support = drawn.support;
  if (!(drawn.levels == Size())) out.type.levels = drawn.levels;
  out.factors = data.factors;
  out.missing_of = id;
  return out;
}

BoundArray mask_array(const BoundArray& array) { return {array.dims, {array.missing.begin(), array.missing.end()}, {}, {}}; }

}  // namespace

bool decides_terms(const ModelGraph& graph, VariableId id) {
  const std::string& name = graph.variables[id].name;
  const auto reads = [&](const grammar::Expr& expr) { return names(expr, name); };
  return std::any_of(graph.plates.begin(), graph.plates.end(), [&](const Plate& plate) { return plate.weight && reads(*plate.weight); }) ||
         std::any_of(graph.factors.begin(), graph.factors.end(), [&](const Factor& f) { return std::ranges::any_of(f.conditions, reads); });
}

std::optional<std::size_t> first_without_distribution(const ModelGraph& graph, VariableId id, const BoundArray& array, const Sizes& sizes) {
  std::vector<std::vector<Bounds>> covered;
  for (const FactorId factor : graph.variables[id].factors) covered.push_back(covered_by(graph, graph.factors[factor], sizes));
  for (std::size_t place = 0; place < array.missing.size(); ++place) {
    if (array.missing[place] == 0) continue;
    const std::vector<std::int64_t> cell = cell_at(array, place);
    if (std::ranges::none_of(covered, [&](const auto& factor) { return contains(factor, cell); })) return place;
  }
  return std::nullopt;
}

bool is_leaf(const ModelGraph& graph, VariableId id) {
  const Variable& variable = graph.variables[id];
  if (!variable.type.dims.empty()) return false;
  const auto uses = [&](const grammar::Expr& expr) { return names(expr, variable.name); };
  for (const Factor& factor : graph.factors) {
    if (std::ranges::any_of(factor.call.arguments, [&](const grammar::Argument& a) { return uses(*a.value); })) return false;
    if (std::ranges::any_of(factor.indices, uses)) return false;
  }
  return std::ranges::none_of(graph.definitions, [&](const Definition& d) { return uses(d.value); });
}

namespace {

constexpr std::size_t most_predicted = 20000;  // elements: all of a variable are drawn together

void add_prediction(ModelGraph& graph, VariableId id) {
  Variable prediction = like(graph.variables[id], ".prediction", Role::predict);
  prediction.type = graph.factors[graph.variables[id].factors.at(0)].support;
  prediction.missing_of = id;
  const VariableId target = graph.variables.add(std::move(prediction));
  const std::vector<FactorId> factors = graph.variables[id].factors;
  for (const FactorId f : factors) {
    Factor factor = graph.factors[f];
    factor.variable = target;
    graph.variables[target].predictions.push_back(graph.predictions.size());
    graph.predictions.push_back({target, std::move(factor), std::nullopt});
  }
}

}  // namespace

void add_missing(ModelGraph& graph, BoundData& data) {
  const std::size_t count = graph.variables.size();
  for (std::size_t i = 0; i < count; ++i) {
    const VariableId id(i);
    const auto array = data.arrays.find(id);
    if (array == data.arrays.end() || array->second.missing.empty() || graph.variables[id].missing.valid()) continue;
    const VariableId mask = graph.variables.add(mask_of(graph.variables[id]));
    const VariableId latent = graph.variables.add(latent_of(graph, id));
    graph.variables[id].missing_mask = mask;
    graph.variables[id].missing = latent;
    data.arrays[mask] = mask_array(array->second);
    if (is_leaf(graph, id) && array->second.values.size() <= most_predicted) add_prediction(graph, id);
  }
}

}  // namespace jensen::model
