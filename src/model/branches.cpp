// `if` statements: conditions on data and constants stay conditions, those on latent variables become gates, and what is given inside a branch is
// used inside it only.
#include <fmt/format.h>

#include "model/builder.hpp"
#include "model/guards.hpp"
#include "print.hpp"

namespace jensen::model {

using grammar::BinaryOp;
using grammar::Expr;

namespace {

Expr number(double value, SourceSpan span) { return {grammar::NumberExpr{value, fmt::format("{}", value)}, span}; }

[[noreturn]] void not_a_gate(std::string message, SourceSpan span) {
  fail("gate-condition", std::move(message), span, {},
       {Note{Note::Kind::help,
             "a branch on a latent variable is `if z`, `if not z` of a bool, or `if z == k`, `if z != k` of a category; "
             "`and` joins several"}});
}

struct Comparison {
  const Expr* left;
  const Expr* right;  // none: the truth of `left`
  bool equal;
};

Comparison comparison_of(const Expr& condition) {
  if (const auto* unary = std::get_if<grammar::UnaryExpr>(&condition.kind); unary != nullptr && unary->op == grammar::UnaryOp::logical_not) {
    Comparison inner = comparison_of(*unary->operand);
    inner.equal = !inner.equal;
    return inner;
  }
  const auto* binary = std::get_if<grammar::BinaryExpr>(&condition.kind);
  if (binary != nullptr && (binary->op == BinaryOp::equal || binary->op == BinaryOp::not_equal)) {
    return {&*binary->left, &*binary->right, binary->op == BinaryOp::equal};
  }
  return {&condition, nullptr, true};
}

}  // namespace

// Whether the gates leave no level of some element.
bool Builder::never_hold(const std::vector<Gate>& gates) const {
  return std::ranges::any_of(merged(gates), [&](const Gate& gate) {
    if (gate.equal) return gate.levels.empty();
    std::set<double> excluded;
    for (const Gate& other : gates) {
      for (const Expr& level : other.levels) {
        const auto* known = std::get_if<grammar::NumberExpr>(&level.kind);
        if (!other.equal && same_element(other, gate) && known != nullptr) excluded.insert(known->value);
      }
    }
    const auto levels = graph_.variables[gate.variable].type.levels.constant();
    return levels && graph_.variables[gate.variable].type.support.kind == SupportKind::category &&
           excluded.size() == static_cast<std::size_t>(std::max<std::int64_t>(*levels, 0));
  });
}

// Several of a few levels are all but the others: one sum over the level instead of one for each.
void Builder::set_complement(Gate& gate) const {
  constexpr std::int64_t most_levels = 32;
  const Variable& variable = graph_.variables[gate.variable];
  const auto levels = variable.type.levels.constant();
  std::set<double> named;
  for (const Expr& level : gate.levels) {
    const auto* known = std::get_if<grammar::NumberExpr>(&level.kind);
    if (known == nullptr) return;
    named.insert(known->value);
  }
  if (variable.type.support.kind == SupportKind::category && levels && *levels <= most_levels) {
    gate.levels.clear();
    for (std::int64_t level = 1; level <= *levels; ++level) {
      if (!named.contains(static_cast<double>(level))) gate.levels.push_back(number(static_cast<double>(level), gate.span));
    }
    gate.equal = false;
    if (gate.levels.empty()) not_a_gate(fmt::format("this holds for every level of `{}`", variable.name), gate.span);
  }
}

// One condition on a latent variable, which may allow several levels of it: `z == 1 or z == 3`; `part` is no conjunction.
Gate Builder::gate_of(const Expr& part, const Scope& scope) {
  const std::vector<Expr> either = disjuncts(part);
  if (either.size() == 1) return gate_of_one(part, scope);
  const auto refuse = [&] { not_a_gate(fmt::format("`{}` is no condition on a single latent variable", grammar::to_text(part)), part.span); };
  std::optional<Gate> gate;
  for (const Expr& one : either) {
    if (infer(one, scope).level != Level::latent) refuse();
    Gate next = gate_of_one(one, scope);
    if (!next.equal || (gate && !same_element(*gate, next))) refuse();
    if (!gate) {
      gate = std::move(next);
    } else {
      gate->levels.push_back(next.levels[0]);
    }
  }
  gate->span = part.span;
  set_complement(*gate);
  return *gate;
}

Gate Builder::gate_of_one(const Expr& part, const Scope& scope) {
  Comparison c = comparison_of(part);
  if (c.right != nullptr && infer(*c.left, scope).level != Level::latent) std::swap(c.left, c.right);
  if (c.right != nullptr && infer(*c.right, scope).level == Level::latent) not_a_gate("a branch cannot compare two latent variables", part.span);
  const auto* index = std::get_if<grammar::IndexExpr>(&c.left->kind);
  const auto* name = std::get_if<grammar::NameExpr>(index != nullptr ? &index->base->kind : &c.left->kind);
  if (name == nullptr || !by_name_.contains(name->name)) {
    not_a_gate(fmt::format("`{}` is no condition on a single latent variable", grammar::to_text(part)), part.span);
  }
  Gate gate{by_name_.at(name->name), index != nullptr ? index->items : std::vector<Expr>(), {number(1, part.span)}, c.equal, part.span};
  const Variable& variable = graph_.variables[gate.variable];
  const SupportKind kind = variable.type.support.kind;
  if (variable.role != Role::latent || (kind != SupportKind::boolean && kind != SupportKind::category)) {
    not_a_gate(fmt::format("`{}` is {}, and a branch needs a latent bool or category", variable.name,
                           variable.role == Role::latent ? to_text(kind) : to_text(variable.role)),
               c.left->span);
  }
  if (!infer(*c.left, scope).scalar()) fail("shape-mismatch", "a condition is a single truth value", part.span);
  for (const Expr& item : gate.indices) {
    if (infer(item, scope).level == Level::latent) not_a_gate("the branch depends on an index that is latent", item.span);
  }
  set_level(gate, c.right, kind);
  return gate;
}

void Builder::set_level(Gate& gate, const Expr* level, SupportKind kind) const {
  if (kind == SupportKind::category) {
    if (level == nullptr) not_a_gate(fmt::format("`{}` is a category and no truth value", graph_.variables[gate.variable].name), gate.span);
    gate.levels = {*level};
    const auto known = try_constant(*level);
    const auto levels = graph_.variables[gate.variable].type.levels.constant();
    if (known) gate.levels = {number(*known, level->span)};
    if (known && (*known < 1 || (levels && *known > static_cast<double>(*levels)))) {
      fail("index-out-of-range", fmt::format("`{}` has no level {}", graph_.variables[gate.variable].name, *known), level->span);
    }
    if (known && levels && *levels == 2 && !gate.equal) {
      gate.levels = {number(3 - *known, level->span)};
      gate.equal = true;
    }
    return;
  }
  if (level == nullptr) {
    gate.levels = {number(gate.equal ? 1 : 0, gate.span)};
    gate.equal = true;
    return;
  }
  gate.levels = {*level};
  const auto truth = constant_truth(*level);
  const auto value = try_constant(*level);
  if (value && *value != 0 && *value != 1) fail("index-out-of-range", fmt::format("a bool is 0 or 1, never {}", *value), level->span);
  if (!truth) return;
  gate.levels = {number(*truth == gate.equal ? 1 : 0, level->span)};
  gate.equal = true;
}

// Conditions as the text has them to conditions and gates.
void Builder::split_conditions(FactorId id) {
  const Scope scope = plate_scope(graph_.factors[id].plates);
  std::vector<Expr> conditions;
  std::vector<Gate> gates;
  for (const Expr& condition : graph_.factors[id].conditions) {
    const ExprType type = infer(condition, scope);
    if (!type.unknown && !type.scalar()) fail("shape-mismatch", "a condition is a single truth value", condition.span);
    if (type.level != Level::latent) {
      conditions.push_back(condition);
      continue;
    }
    for (const Expr& part : conjuncts(condition)) {
      if (infer(part, scope).level != Level::latent) {
        conditions.push_back(part);
      } else {
        Gate gate = gate_of(part, scope);
        auto other = std::ranges::find_if(gates, [&](const Gate& g) { return exclude_each_other(g, gate); });
        std::vector<Gate> all = gates;
        all.push_back(gate);
        if (other == gates.end() && never_hold(all)) other = std::ranges::find_if(gates, [&](const Gate& g) { return same_element(g, gate); });
        if (other != gates.end()) {
          fail("branch-never-holds", fmt::format("this branch holds for no level of `{}`", graph_.variables[gate.variable].name), gate.span, {},
               {Note{Note::Kind::note, "the condition that it contradicts", other->span}});
        }
        gates.push_back(std::move(gate));
      }
    }
  }
  graph_.factors[id].conditions = std::move(conditions);
  graph_.factors[id].gates = std::move(gates);
}

namespace {

bool same_target(const Factor& a, const Factor& b) {
  const auto same = [](const Expr& x, const Expr& y) { return grammar::to_text(x) == grammar::to_text(y); };
  return a.plates == b.plates && std::ranges::equal(a.indices, b.indices, same);
}

}  // namespace

// A latent variable exists where its statements stand.
void Builder::set_branches(VariableId id) {
  Variable& variable = graph_.variables[id];
  if (variable.role != Role::latent || variable.factors.empty()) return;
  // Statements under `if` and `else` are one that stands outside of it.
  std::vector<Factor> statements;
  for (const FactorId id_of : variable.factors) {
    Factor next = graph_.factors[id_of];
    for (std::size_t s = 0; s < statements.size(); ++s) {
      const auto rest = same_target(statements[s], next) ? without_opposite(statements[s].conditions, next.conditions) : std::nullopt;
      if (!rest) continue;
      next.conditions = *rest;
      statements.erase(statements.begin() + static_cast<std::ptrdiff_t>(s));
      s = static_cast<std::size_t>(-1);
    }
    statements.push_back(std::move(next));
  }
  const Factor& first = statements[0];
  const std::string text = guards_text(graph_, first.conditions, first.gates);
  for (const Factor& factor : statements) {
    if (guards_text(graph_, factor.conditions, factor.gates) == text) continue;
    fail("branch-mismatch", fmt::format("the statements of `{}` stand in different branches", variable.name), factor.span, {},
         {Note{Note::Kind::note, "the first one", first.span},
          Note{Note::Kind::help, "put them under the same conditions, or give the variables different names"}});
  }
  variable.conditions = first.conditions;
  variable.gates = first.gates;
}

// Every use of a latent that exists in a branch stands in that branch.
void Builder::check_uses(FactorId id) {
  const Factor& factor = graph_.factors[id];
  std::set<std::string> here;
  for (const Expr& guard : guards(graph_, factor.conditions, factor.gates)) here.insert(grammar::to_text(guard));
  const auto check = [&](const Use& use) {
    const Variable& variable = graph_.variables[use.variable];
    if (variable.conditions.empty() && variable.gates.empty()) return;
    const Factor& given = graph_.factors[variable.factors[0]];
    for (const Expr& guard : guards(graph_, variable.conditions, variable.gates)) {
      if (here.contains(grammar::to_text(at_element(guard, given.indices, use.indices)))) continue;
      fail("outside-branch",
           fmt::format("`{}` exists only where `{}`, which does not hold here", variable.name,
                       guards_text(graph_, variable.conditions, variable.gates)),
           use.span, {}, {Note{Note::Kind::note, fmt::format("`{}` is given here", variable.name), given.span}});
    }
  };
  for (const grammar::Argument& argument : factor.call.arguments) for_each_use(graph_, *argument.value, check);
  for (const Expr& guard : guards(graph_, factor.conditions, factor.gates)) for_each_use(graph_, guard, check);
}

void Builder::check_branches() {
  for (std::size_t v = 0; v < graph_.variables.size(); ++v) guarded([&] { set_branches(VariableId(v)); });
  const auto in_branch = [](const Variable& variable) { return !variable.conditions.empty() || !variable.gates.empty(); };
  if (!diagnostics_.empty() || std::ranges::none_of(graph_.variables, in_branch)) return;
  for (std::size_t f = 0; f < graph_.factors.size(); ++f) guarded([&] { check_uses(FactorId(f)); });
}

// Whether the two statements can hold for one element at once.
bool Builder::apart(const Factor& a, const Factor& b) const {
  if (!a.conditions.empty() && !b.conditions.empty()) return true;  // branches of an `if` on data each take their rows
  std::vector<Gate> both = a.gates;
  both.insert(both.end(), b.gates.begin(), b.gates.end());
  if (never_hold(both)) return true;
  return std::ranges::any_of(
      a.gates, [&](const Gate& gate) { return std::ranges::any_of(b.gates, [&](const Gate& other) { return exclude_each_other(gate, other); }); });
}

}  // namespace jensen::model
