#include "simulate/simulate.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "simulate/generator.hpp"
#include "simulate/messages.hpp"

namespace jensen::simulate {
namespace {

using model::ModelGraph;
using model::Role;

// A definition is carried out where the variable has no distribution of its own.
std::vector<Statement> statements_of(const ModelGraph& graph) {
  std::vector<Statement> out;
  for (const model::Factor& factor : graph.factors) {
    if (!factor.adds) out.push_back(statement_of(graph, factor));
  }
  for (const model::Definition& definition : graph.definitions) {
    if (graph.variables[definition.variable].factors.empty()) out.push_back(statement_of(definition));
  }
  return out;
}

void check_params(const ModelGraph& graph, const Values& values) {
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < graph.variables.size(); ++i) {
    const model::Variable& variable = graph.variables[VariableId(i)];
    if (variable.role == Role::param && variable.factors.empty() && !values.contains(VariableId(i))) missing.push_back(variable.name);
  }
  if (!missing.empty()) throw Failure(params_without_value(missing));
}

// A density that several statements make together has no order in which to draw.
void check_additions(const ModelGraph& graph, const Values& values) {
  for (const model::Factor& factor : graph.factors) {
    if (factor.adds && !values.contains(factor.variable)) throw Failure(adds_to_density(graph.variables[factor.variable].name, factor.span));
  }
}

void set_values(const ModelGraph& graph, const Values& values, model::BoundData& world) {
  for (const auto& [id, numbers] : values) {
    model::BoundArray array = empty_array(graph, id, world.sizes);
    if (numbers.size() != array.values.size()) throw Failure(wrong_value_count(graph.variables[id].name, numbers.size(), array.values.size()));
    set_row_major(array, numbers);
    world.arrays[id] = std::move(array);
  }
}

// Marks the elements that the statement gives.
void mark(const ModelGraph& graph, const Statement& statement, const model::Sizes& sizes, model::BoundArray& marks) {
  const std::vector<TargetIndex> target = target_indices(graph, statement, sizes);
  const std::vector<std::int64_t> strides = marks.strides();
  std::vector<std::int64_t> low, extents, counter(statement.plates.size(), 0);
  for (const PlateId plate : statement.plates) {
    low.push_back(graph.plates[plate].range.low.evaluate(sizes).value_or(1));
    extents.push_back(graph.plates[plate].range.high.evaluate(sizes).value_or(0) - low.back() + 1);
    if (extents.back() <= 0) return;
  }
  for (bool more = true; more;) {
    std::int64_t at = 0;
    for (std::size_t t = 0; t < target.size(); ++t) {
      at += (target[t].constant + (target[t].plate ? low[*target[t].plate] + counter[*target[t].plate] : 0) - 1) * strides[t];
    }
    if (at >= 0 && at < static_cast<std::int64_t>(marks.values.size())) marks.values[static_cast<std::size_t>(at)] = 0;
    more = false;
    for (std::size_t p = counter.size(); p-- > 0 && !more;) {
      more = ++counter[p] < extents[p];
      if (!more) counter[p] = 0;
    }
  }
}

std::string element_text(const ModelGraph& graph, VariableId id, const model::BoundArray& array, std::size_t flat) {
  std::vector<std::size_t> at;
  for (const std::size_t extent : array.dims) {
    at.push_back(flat % extent + 1);
    flat /= extent;
  }
  return at.empty() ? graph.variables[id].name : fmt::format("{}[{}]", graph.variables[id].name, fmt::join(at, ", "));
}

// Elements without a distribution must have come with the data: the first of a series.
void check_elements(const ModelGraph& graph, const std::vector<Statement>& statements, const Needs& needs, const model::BoundData& world) {
  for (const VariableId id : needs.partial) {
    model::BoundArray marks = empty_array(graph, id, world.sizes);
    const auto held = world.arrays.find(id);
    std::size_t value_size = 1;
    for (const Statement& statement : statements) {
      if (statement.variable != id) continue;
      mark(graph, statement, world.sizes, marks);
      value_size = 1;
      for (std::size_t d = statement.indices.size(); d < marks.dims.size(); ++d) value_size *= marks.dims[d];
    }
    for (std::size_t e = 0; e < marks.values.size() / std::max<std::size_t>(value_size, 1); ++e) {
      const bool given = held != world.arrays.end() && !std::isnan(held->second.values[e]);
      if (std::isnan(marks.values[e]) && !given) throw Failure(element_without_value(element_text(graph, id, marks, e), graph.variables[id].span));
    }
  }
}

}  // namespace

Needs needs_of(const ModelGraph& graph) {
  Needs needs;
  std::set<VariableId> used;
  for (const Statement& statement : statements_of(graph)) {
    const std::set<VariableId> parents = parents_of(graph, statement);
    used.insert(parents.begin(), parents.end());
    needs.drawn.insert(statement.variable);
    const model::Variable& variable = graph.variables[statement.variable];
    if (variable.role == Role::data && variable.factors.size() == 1 && parents.contains(statement.variable)) needs.partial.insert(statement.variable);
  }
  for (const VariableId id : used) {
    if (graph.variables[id].role == Role::data && !needs.drawn.contains(id)) needs.covariates.insert(id);
  }
  return needs;
}

model::BindOptions binding_of(const ModelGraph& graph, const Needs& needs) {
  model::BindOptions binding;
  for (std::size_t i = 0; i < graph.variables.size(); ++i) {
    const VariableId id(i);
    if (graph.variables[id].role != Role::data || needs.covariates.contains(id)) continue;
    (needs.drawn.contains(id) && !needs.partial.contains(id) ? binding.left_out : binding.optional).insert(id);
  }
  return binding;
}

Diagnostics check_covariates(const ModelGraph& graph, const Needs& needs) {
  std::vector<std::string> names;
  for (const VariableId id : needs.covariates) {
    const model::Variable& variable = graph.variables[id];
    const bool literal = variable.binding && variable.binding->kind == model::Binding::Kind::literal;
    if (!literal && !(variable.dims.empty() && graph.set_sizes.contains(variable.name))) names.push_back(variable.name);
  }
  if (names.empty()) return {};
  return {covariates_without_data(names)};
}

Result<std::vector<model::BoundData>> simulate(const ModelGraph& graph, const model::BoundData& given, const Options& options) {
  try {
    check_params(graph, options.values);
    check_additions(graph, options.values);
    const Needs needs = needs_of(graph);
    model::BoundData start = given;
    set_values(graph, options.values, start);
    std::vector<Statement> statements = ordered(graph, statements_of(graph));
    std::erase_if(statements, [&](const Statement& s) { return options.values.contains(s.variable); });
    check_elements(graph, statements, needs, start);
    std::vector<Generator> generators;
    for (Statement& statement : statements) {
      if (!start.arrays.contains(statement.variable)) start.arrays[statement.variable] = empty_array(graph, statement.variable, start.sizes);
      generators.emplace_back(graph, std::move(statement), start.sizes);
    }
    std::vector<model::BoundData> worlds;
    for (int draw = 0; draw < options.draws; ++draw) {
      worlds.push_back(start);
      const StreamKey key{options.seed, family::Purpose::simulation, static_cast<std::uint32_t>(draw)};
      for (const Generator& generator : generators) generator.run(worlds.back(), key);
    }
    return worlds;
  } catch (const Failure& failure) {
    return failure.diagnostic();
  }
}

std::vector<double> row_major(const model::BoundArray& array) {
  std::vector<double> out(array.values.size());
  const std::vector<std::int64_t> strides = array.strides();
  for (std::size_t flat = 0; flat < out.size(); ++flat) {
    std::size_t rest = flat;
    std::int64_t at = 0;
    for (std::size_t d = array.dims.size(); d-- > 0; rest /= array.dims[d]) at += static_cast<std::int64_t>(rest % array.dims[d]) * strides[d];
    out[flat] = array.values[static_cast<std::size_t>(at)];
  }
  return out;
}

void set_row_major(model::BoundArray& array, const std::vector<double>& values) {
  const std::vector<std::int64_t> strides = array.strides();
  for (std::size_t flat = 0; flat < values.size(); ++flat) {
    std::size_t rest = flat;
    std::int64_t at = 0;
    for (std::size_t d = array.dims.size(); d-- > 0; rest /= array.dims[d]) at += static_cast<std::int64_t>(rest % array.dims[d]) * strides[d];
    array.values[static_cast<std::size_t>(at)] = values[flat];
  }
}

}  // namespace jensen::simulate
