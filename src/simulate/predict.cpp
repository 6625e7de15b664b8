#include "simulate/predict.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "simulate/generator.hpp"
#include "simulate/simulate.hpp"

namespace jensen::simulate {
namespace {

using model::ModelGraph;
using model::Role;

std::vector<Statement> statements_of(const ModelGraph& graph) {
  std::vector<Statement> out;
  for (const model::Definition& definition : graph.definitions) {
    if (graph.variables[definition.variable].factors.empty()) out.push_back(statement_of(definition));
  }
  for (const model::Prediction& prediction : graph.predictions) {
    out.push_back(prediction.factor ? statement_of(graph, *prediction.factor) : statement_of(*prediction.definition));
  }
  return out;
}

// What can be computed from what there is, and what each statement lacks.
class Available {
 public:
  Available(const ModelGraph& graph, const Posterior& posterior, const model::BoundData& given, const std::vector<Statement>& statements)
      : graph_(graph), posterior_(posterior), given_(given) {
    for (const Statement& statement : statements) by_variable_[statement.variable].push_back(&statement);
  }

  const std::set<VariableId>& lacks(VariableId id) {
    const auto [entry, fresh] = lacks_.try_emplace(id);
    if (!fresh) return entry->second;
    std::set<VariableId> out;
    const Role role = graph_.variables[id].role;
    if (role == Role::data || by_variable_.find(id) == by_variable_.end()) {
      if (!given_.arrays.contains(id) && !posterior_.has(id)) out.insert(id);
    } else {
      for (const Statement* statement : by_variable_.at(id)) {
        for (const VariableId parent : parents_of(graph_, *statement)) {
          const auto& missing = parent == id ? std::set<VariableId>() : lacks(parent);
          out.insert(missing.begin(), missing.end());
        }
      }
      for (const model::Size& extent : graph_.variables[id].dims) {
        if (out.empty() && !extent.evaluate(given_.sizes)) out.insert(id);  // nothing tells how large it is
      }
    }
    return lacks_[id] = std::move(out);
  }

  // Whether it depends on a latent variable or a param, or is itself drawn; `points` alone: on nothing but points.
  bool random(VariableId id, bool points) {
    const Role role = graph_.variables[id].role;
    if (role == Role::latent || role == Role::param) return points || !posterior_.is_point(id);
    if (role == Role::data || by_variable_.find(id) == by_variable_.end()) return false;
    return std::any_of(by_variable_.at(id).begin(), by_variable_.at(id).end(), [&](const Statement* statement) {
      if (statement->factor) return true;
      const std::set<VariableId> parents = parents_of(graph_, *statement);
      return std::any_of(parents.begin(), parents.end(), [&](VariableId parent) { return parent != id && random(parent, points); });
    });
  }

 private:
  const ModelGraph& graph_;
  const Posterior& posterior_;
  const model::BoundData& given_;
  std::map<VariableId, std::vector<const Statement*>> by_variable_;
  std::map<VariableId, std::set<VariableId>> lacks_;
};

Diagnostic lacking(const ModelGraph& graph, VariableId id, const std::set<VariableId>& lacks) {
  std::vector<std::string> names;
  for (const VariableId parent : lacks) names.push_back(graph.variables[parent].name);
  return {.severity = Severity::note,
          .code = "prediction-left-out",
          .message = fmt::format("`{}` is not predicted: it needs `{}`, which the data and the fit's blocks do not hold", graph.variables[id].name,
                                 fmt::join(names, "`, `")),
          .span = graph.variables[id].span};
}

// The quantile of sorted draws that R calls type 7: linear between the draws at (S - 1) p.
double quantile(const std::vector<double>& sorted, double p) {
  const double at = p * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

bool has_levels(const model::Variable& variable) {
  return variable.type.support.kind == SupportKind::category || variable.type.support.kind == SupportKind::boolean;
}

void add_moments(run::FittedVariable& out, const std::vector<std::vector<double>>& draws) {
  const auto count = static_cast<double>(draws.size());
  std::vector<double> column(draws.size());
  for (std::size_t e = 0; e < draws[0].size(); ++e) {
    double sum = 0, squares = 0;
    for (std::size_t s = 0; s < draws.size(); ++s) sum += column[s] = draws[s][e];
    for (const double v : column) squares += (v - sum / count) * (v - sum / count);
    std::sort(column.begin(), column.end());
    out.mean.push_back(sum / count);
    out.sd.push_back(draws.size() > 1 ? std::sqrt(squares / (count - 1)) : 0.0);
    out.q5.push_back(quantile(column, 0.05));
    out.q95.push_back(quantile(column, 0.95));
  }
}

// The mean of a discrete variable is its probabilities, the levels last.
void add_probabilities(run::FittedVariable& out, const std::vector<std::vector<double>>& draws, std::size_t levels, double first) {
  out.shape.push_back(levels);
  out.mean.assign(draws[0].size() * levels, 0.0);
  for (const std::vector<double>& draw : draws) {
    for (std::size_t e = 0; e < draw.size(); ++e) {
      const auto level = static_cast<std::size_t>(std::lround(draw[e] - first));
      if (level < levels) ++out.mean[e * levels + level];
    }
  }
  for (double& count : out.mean) count /= static_cast<double>(draws.size());
}

run::FittedVariable summarise(const ModelGraph& graph, VariableId id, const model::BoundData& world, const std::vector<std::vector<double>>& draws) {
  const model::Variable& variable = graph.variables[id];
  run::FittedVariable out;
  out.name = variable.name;
  out.role = model::to_text(variable.role);
  out.shape = world.arrays.at(id).dims;
  out.data_sized = variable.data_sized;
  if (draws[0].empty()) return out;
  const auto levels = has_levels(variable) && variable.role == Role::predict ? variable.type.levels.evaluate(world.sizes) : std::nullopt;
  if (levels && *levels > 0) {
    add_probabilities(out, draws, static_cast<std::size_t>(*levels), variable.type.support.kind == SupportKind::category ? 1 : 0);
  } else {
    add_moments(out, draws);
  }
  return out;
}

// What is wanted, and what that is made of.
void add_with_parents(const ModelGraph& graph, const std::vector<Statement>& statements, VariableId id, std::set<VariableId>& out) {
  if (!out.insert(id).second) return;
  for (const Statement& statement : statements) {
    if (statement.variable != id) continue;
    for (const VariableId parent : parents_of(graph, statement)) add_with_parents(graph, statements, parent, out);
  }
}

}  // namespace

Result<Predicted> predict(const ModelGraph& graph, const Posterior& posterior, const model::BoundData& given, const PredictOptions& options) {
  Predicted out;
  std::vector<Statement> statements = ordered(graph, statements_of(graph));
  Available available(graph, posterior, given, statements);
  std::vector<VariableId> wanted;
  std::set<VariableId> computed;
  bool random = false;
  for (std::size_t i = 0; i < graph.variables.size(); ++i) {
    const VariableId id(i);
    const model::Variable& variable = graph.variables[id];
    const bool derived = variable.role == Role::derived && variable.factors.empty() && !variable.data_sized && available.random(id, true);
    if (variable.role != Role::predict && !derived) continue;
    if (const auto& lacks = available.lacks(id); !lacks.empty()) {
      if (variable.role == Role::predict) out.left_out.push_back(lacking(graph, id, lacks));
      continue;
    }
    wanted.push_back(id);
    add_with_parents(graph, statements, id, computed);
    random = random || available.random(id, false);
  }
  if (wanted.empty()) return out;
  try {
    model::BoundData world = given;
    std::vector<Generator> generators;
    for (Statement& statement : statements) {
      if (!computed.contains(statement.variable)) continue;
      world.arrays[statement.variable] = empty_array(graph, statement.variable, world.sizes);
      generators.emplace_back(graph, std::move(statement), world.sizes);
    }
    std::vector<std::vector<std::vector<double>>> draws(wanted.size());
    const int count = random ? options.draws : 1;  // functions of points have one value
    for (int d = 0; d < count; ++d) {
      posterior.draw(world, options.seed, static_cast<std::uint32_t>(d));
      for (const Generator& generator : generators) generator.run(world, {options.seed, family::Purpose::prediction, static_cast<std::uint32_t>(d)});
      for (std::size_t w = 0; w < wanted.size(); ++w) draws[w].push_back(row_major(world.arrays.at(wanted[w])));
    }
    for (std::size_t w = 0; w < wanted.size(); ++w) out.variables.push_back(summarise(graph, wanted[w], world, draws[w]));
    if (options.keep_draws) out.draws = std::move(draws);
  } catch (const Failure& failure) {
    return failure.diagnostic();
  }
  return out;
}

}  // namespace jensen::simulate
