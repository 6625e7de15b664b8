#include "simulate/statement.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "children.hpp"
#include "model/guards.hpp"
#include "model/size_expr.hpp"

namespace jensen::simulate {
namespace {

using grammar::Expr;
using model::ModelGraph;

void for_each_expression(const Statement& statement, const std::function<void(const Expr&)>& visit) {
  if (statement.factor) {
    for (const grammar::Argument& argument : statement.factor->call.arguments) visit(*argument.value);
  }
  if (statement.value) visit(*statement.value);
  for (const Expr& condition : statement.conditions) visit(condition);
}

void collect_parents(const ModelGraph& graph, const Expr& expr, std::set<VariableId>& parents) {
  if (const auto* name = std::get_if<grammar::NameExpr>(&expr.kind)) {
    if (const VariableId id = graph.find(name->name); id.valid()) parents.insert(id);
  }
  grammar::for_each_child(expr, [&](const Expr& child) { collect_parents(graph, child, parents); });
}

std::optional<model::Size> size_of(const ModelGraph& graph, const Expr& expr) {
  return model::size_expression(expr, [&](const std::string& name) -> std::optional<model::Size> {
    if (const auto known = graph.constant_sizes.find(name); known != graph.constant_sizes.end()) return model::Size(known->second);
    if (const auto constant = graph.constants.find(name); constant != graph.constants.end()) return size_of(graph, constant->second);
    return model::Size::symbol(name);
  });
}

// A subscript as a plate's index plus a shift, or as a shift alone; nullopt for any other, such as a lookup in data.
struct Affine {
  std::optional<std::size_t> plate;
  model::Size shift = 0;
};

std::optional<Affine> affine(const ModelGraph& graph, const Statement& statement, const Expr& expr) {
  const auto plate_named = [&](const Expr& e) -> std::optional<std::size_t> {
    const auto* name = std::get_if<grammar::NameExpr>(&e.kind);
    for (std::size_t p = statement.plates.size(); name != nullptr && p-- > 0;) {
      if (graph.plates[statement.plates[p]].index == name->name) return p;
    }
    return std::nullopt;
  };
  if (const auto plate = plate_named(expr)) return Affine{plate, 0};
  if (const auto* binary = std::get_if<grammar::BinaryExpr>(&expr.kind)) {
    const auto plate = plate_named(*binary->left);
    const auto shift = plate ? size_of(graph, *binary->right) : std::nullopt;
    if (shift && binary->op == grammar::BinaryOp::add) return Affine{plate, *shift};
    if (shift && binary->op == grammar::BinaryOp::subtract) return Affine{plate, model::Size(0) - *shift};
  }
  const auto* name = std::get_if<grammar::NameExpr>(&expr.kind);
  if (name != nullptr && graph.find(name->name).valid()) return std::nullopt;
  const auto constant = size_of(graph, expr);
  return constant ? std::optional(Affine{std::nullopt, *constant}) : std::nullopt;
}

// The uses of the statement's own variable on its right side.
void collect_self(const std::string& name, const Expr& expr, std::vector<const grammar::IndexExpr*>& uses, bool& whole) {
  if (const auto* index = std::get_if<grammar::IndexExpr>(&expr.kind)) {
    if (const auto* base = std::get_if<grammar::NameExpr>(&index->base->kind); base != nullptr && base->name == name) {
      uses.push_back(index);
      for (const Expr& item : index->items) collect_self(name, item, uses, whole);
      return;
    }
  }
  if (const auto* word = std::get_if<grammar::NameExpr>(&expr.kind)) whole = whole || word->name == name;
  grammar::for_each_child(expr, [&](const Expr& child) { collect_self(name, child, uses, whole); });
}

constexpr int by_data = 2;  // in place of a sign: the step is known from the data only

// Per plate the sign of the step from the element used to the one given: -1 for z[t - 1].
std::vector<int> steps_of(const ModelGraph& graph, const Statement& statement, const grammar::IndexExpr& use) {
  std::vector<int> steps(statement.plates.size(), 0);
  for (std::size_t slot = 0; slot < use.items.size() && slot < statement.indices.size(); ++slot) {
    const auto own = affine(graph, statement, statement.indices[slot]);
    if (!own || !own->plate) continue;
    const auto other = affine(graph, statement, use.items[slot]);
    if (other && !other->plate) continue;  // a fixed element
    const auto step = other && other->plate == own->plate ? (other->shift - own->shift).constant() : std::nullopt;
    steps[*own->plate] = !step ? by_data : *step < 0 ? -1 : *step > 0 ? 1 : 0;
  }
  return steps;
}

std::vector<Walk> every_plate(const Statement& statement) {
  std::vector<Walk> walks;
  for (std::size_t p = 0; p < statement.plates.size(); ++p) walks.push_back({p, false});
  return walks;
}

bool refers_to_itself(const ModelGraph& graph, const Statement& statement) { return parents_of(graph, statement).contains(statement.variable); }

}  // namespace

// What a gate depends on has been drawn before: the gate is then a condition like any other.
Statement statement_of(const ModelGraph& graph, const model::Factor& factor) {
  model::Factor drawn = factor;
  for (const model::Gate& gate : std::exchange(drawn.gates, {})) drawn.conditions.push_back(model::to_expression(graph, gate));
  std::vector<Expr> conditions = drawn.conditions;
  return {factor.variable, factor.indices, factor.plates, std::move(conditions), std::move(drawn), std::nullopt, factor.span};
}

Statement statement_of(const model::Definition& definition) {
  return {definition.variable, definition.indices, definition.plates, {}, std::nullopt, definition.value, definition.span};
}

std::set<VariableId> parents_of(const ModelGraph& graph, const Statement& statement) {
  std::set<VariableId> parents;
  for_each_expression(statement, [&](const Expr& expr) { collect_parents(graph, expr, parents); });
  return parents;
}

// Elements are walked in lexicographic order of the plates that have a step, so a plate's direction is that of the uses that step along no plate
// before it.
std::vector<Walk> walks_of(const ModelGraph& graph, const Statement& statement) {
  std::vector<const grammar::IndexExpr*> uses;
  bool whole = false;
  for_each_expression(statement, [&](const Expr& expr) { collect_self(graph.variables[statement.variable].name, expr, uses, whole); });
  if (whole) return every_plate(statement);
  std::vector<std::vector<int>> steps;
  for (const grammar::IndexExpr* use : uses) steps.push_back(steps_of(graph, statement, *use));
  std::vector<Walk> walks;
  for (std::size_t p = 0; p < statement.plates.size(); ++p) {
    bool stepped = false, descending = false;
    for (const std::vector<int>& step : steps) {
      if (step[p] == by_data) return every_plate(statement);
      stepped = stepped || step[p] != 0;
      const bool first = std::all_of(step.begin(), step.begin() + static_cast<std::ptrdiff_t>(p), [](int s) { return s == 0; });
      descending = descending || (first && step[p] > 0);
    }
    if (stepped) walks.push_back({p, descending});
  }
  return walks;
}

std::vector<Statement> ordered(const ModelGraph& graph, std::vector<Statement> statements) {
  std::map<VariableId, std::vector<std::size_t>> given;
  for (std::size_t s = 0; s < statements.size(); ++s) given[statements[s].variable].push_back(s);
  for (auto& [variable, of] : given) {
    std::stable_partition(of.begin(), of.end(), [&](std::size_t s) { return !refers_to_itself(graph, statements[s]); });
  }
  std::vector<Statement> out;
  std::set<VariableId> seen;
  const std::function<void(VariableId)> visit = [&](VariableId id) {
    if (!given.contains(id) || !seen.insert(id).second) return;
    for (const std::size_t s : given[id]) {
      for (const VariableId parent : parents_of(graph, statements[s])) visit(parent);
    }
    for (const std::size_t s : given[id]) out.push_back(statements[s]);
  };
  for (std::size_t s = 0; s < statements.size(); ++s) visit(statements[s].variable);
  return out;
}

std::vector<TargetIndex> target_indices(const ModelGraph& graph, const Statement& statement, const model::Sizes& sizes) {
  std::vector<TargetIndex> out;
  for (const Expr& index : statement.indices) {
    const auto at = affine(graph, statement, index);
    out.push_back({at ? at->shift.evaluate(sizes).value_or(0) : 0, at ? at->plate : std::nullopt});
  }
  return out;
}

}  // namespace jensen::simulate
