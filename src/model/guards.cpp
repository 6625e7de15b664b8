#include "model/guards.hpp"

#include <algorithm>

#include "children.hpp"
#include "model/builder.hpp"
#include "model/rewrite.hpp"
#include "print.hpp"

namespace jensen::model {

using grammar::BinaryOp;
using grammar::Expr;

namespace {

Expr named(std::string name, SourceSpan span) { return {grammar::NameExpr{std::move(name)}, span}; }

Expr negation(const Expr& expr) { return {grammar::UnaryExpr{grammar::UnaryOp::logical_not, expr}, expr.span}; }

void split(const Expr& condition, bool positive, std::vector<Expr>& parts) {
  if (const auto* unary = std::get_if<grammar::UnaryExpr>(&condition.kind); unary != nullptr && unary->op == grammar::UnaryOp::logical_not) {
    split(*unary->operand, !positive, parts);
    return;
  }
  const auto* binary = std::get_if<grammar::BinaryExpr>(&condition.kind);
  if (binary != nullptr && binary->op == (positive ? BinaryOp::logical_and : BinaryOp::logical_or)) {
    split(*binary->left, positive, parts);
    split(*binary->right, positive, parts);
    return;
  }
  parts.push_back(positive ? condition : negation(condition));
}

bool same_text(const Expr& a, const Expr& b) { return grammar::to_text(a) == grammar::to_text(b); }

bool is_number(const Expr& expr) { return std::holds_alternative<grammar::NumberExpr>(expr.kind); }

bool different_numbers(const Expr& a, const Expr& b) {
  const auto* x = std::get_if<grammar::NumberExpr>(&a.kind);
  const auto* y = std::get_if<grammar::NumberExpr>(&b.kind);
  return x != nullptr && y != nullptr && x->value != y->value;
}

// A sum's index is none of the plates', whatever its name.
std::string unmatched(const std::string& name) { return "?" + name; }

Expr with_names(const Expr& expr, const std::map<std::string, Expr>& values) {
  return rewritten(expr, [&](const Expr& node) -> std::optional<Expr> {
    const auto* name = std::get_if<grammar::NameExpr>(&node.kind);
    if (name == nullptr || !values.contains(name->name)) return std::nullopt;
    return values.at(name->name);
  });
}

class UseWalk {
 public:
  UseWalk(const ModelGraph& graph, const std::function<void(const Use&)>& visit) : graph_(graph), visit_(visit) {}

  void walk(const Expr& expr) {
    if (const auto* sum = std::get_if<grammar::SumExpr>(&expr.kind)) {
      walk(*sum->range);
      walk(with_names(*sum->body, {{sum->index, named(unmatched(sum->index), expr.span)}}));
      return;
    }
    if (const auto* name = std::get_if<grammar::NameExpr>(&expr.kind)) {
      use(name->name, {}, expr.span);
      return;
    }
    if (const auto* index = std::get_if<grammar::IndexExpr>(&expr.kind)) {
      if (const auto* base = std::get_if<grammar::NameExpr>(&index->base->kind)) {
        use(base->name, index->items, expr.span);
        for (const Expr& item : index->items) walk(item);
        return;
      }
    }
    grammar::for_each_child(expr, [&](const Expr& child) { walk(child); });
  }

 private:
  void use(const std::string& name, const std::vector<Expr>& indices, SourceSpan span) {
    const VariableId id = graph_.find(name);
    if (!id.valid()) return;
    std::string key = name;
    for (const Expr& index : indices) key += "," + grammar::to_text(index);
    if (!seen_.insert(key).second) return;
    visit_({id, indices, span});
    for (const std::size_t d : graph_.variables[id].definitions) {
      const Definition& definition = graph_.definitions[d];
      walk(at_element(definition.value, definition.indices, indices));
    }
  }

  const ModelGraph& graph_;
  const std::function<void(const Use&)>& visit_;
  std::set<std::string> seen_;
};

}  // namespace

std::vector<Expr> conjuncts(const Expr& condition) {
  std::vector<Expr> parts;
  split(condition, true, parts);
  return parts;
}

std::vector<Expr> disjuncts(const Expr& condition) {
  std::vector<Expr> parts;
  split(condition, false, parts);
  if (parts.size() == 1) return {condition};
  for (Expr& part : parts) part = negation(part);
  return parts;
}

Expr to_expression(const ModelGraph& graph, const Gate& gate) {
  Expr variable = named(graph.variables[gate.variable].name, gate.span);
  if (!gate.indices.empty()) variable = {grammar::IndexExpr{variable, gate.indices}, gate.span};
  std::optional<Expr> out;
  for (const Expr& level : gate.levels) {
    Expr one{grammar::BinaryExpr{gate.equal ? BinaryOp::equal : BinaryOp::not_equal, variable, level}, gate.span};
    out = out ? Expr{grammar::BinaryExpr{gate.equal ? BinaryOp::logical_or : BinaryOp::logical_and, *out, one}, gate.span} : one;
  }
  return *out;
}

std::vector<Expr> guards(const ModelGraph& graph, const std::vector<Expr>& conditions, const std::vector<Gate>& gates) {
  std::vector<Expr> out;
  for (const Expr& condition : conditions) {
    for (Expr& part : conjuncts(condition)) out.push_back(std::move(part));
  }
  for (const Gate& gate : gates) out.push_back(to_expression(graph, gate));
  return out;
}

std::string guards_text(const ModelGraph& graph, const std::vector<Expr>& conditions, const std::vector<Gate>& gates) {
  std::string out;
  for (const Expr& guard : guards(graph, conditions, gates)) out += (out.empty() ? "" : " and ") + grammar::to_text(guard);
  return out;
}

bool same_element(const Gate& a, const Gate& b) { return a.variable == b.variable && std::ranges::equal(a.indices, b.indices, same_text); }

bool exclude_each_other(const Gate& a, const Gate& b) {
  if (!same_element(a, b) || (!a.equal && !b.equal)) return false;
  const auto both = [&](const auto& relation) {
    return std::ranges::all_of(a.levels, [&](const Expr& x) { return std::ranges::all_of(b.levels, [&](const Expr& y) { return relation(x, y); }); });
  };
  if (a.equal && b.equal) return both(different_numbers);
  const Gate& open = a.equal ? a : b;
  const Gate& closed = a.equal ? b : a;
  return std::ranges::all_of(
      open.levels, [&](const Expr& level) { return std::ranges::any_of(closed.levels, [&](const Expr& e) { return same_text(level, e); }); });
}

std::vector<Gate> merged(const std::vector<Gate>& gates) {
  std::vector<Gate> out;
  for (const Gate& gate : gates) {
    const auto alike = [&](const Gate& other) { return same_element(other, gate); };
    const auto numbers = [](const Gate& other) { return std::ranges::all_of(other.levels, is_number); };
    const auto named = std::ranges::find_if(gates, [&](const Gate& other) { return other.equal && alike(other); });
    if (named == gates.end() || std::ranges::any_of(gates, [&](const Gate& other) { return alike(other) && !numbers(other); })) {
      out.push_back(gate);
      continue;
    }
    if (&*named != &gate) continue;
    Gate narrowed = gate;
    for (const Gate& other : gates) {
      const auto among = [&](const Expr& level) { return std::ranges::any_of(other.levels, [&](const Expr& l) { return same_text(l, level); }); };
      if (alike(other)) std::erase_if(narrowed.levels, [&](const Expr& level) { return among(level) != other.equal; });
    }
    out.push_back(std::move(narrowed));
  }
  return out;
}

std::optional<std::vector<Expr>> without_opposite(const std::vector<Expr>& a, const std::vector<Expr>& b) {
  if (a.size() != b.size()) return std::nullopt;
  const auto text = [](const Expr& e) { return grammar::to_text(e); };
  std::optional<std::size_t> opposite;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (text(a[i]) == text(b[i])) continue;
    const bool negated = text(a[i]) == text(negation(b[i])) || text(b[i]) == text(negation(a[i]));
    if (!negated || opposite) return std::nullopt;
    opposite = i;
  }
  if (!opposite) return std::nullopt;
  std::vector<Expr> rest = a;
  rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(*opposite));
  return rest;
}

void for_each_use(const ModelGraph& graph, const Expr& expr, const std::function<void(const Use&)>& visit) { UseWalk(graph, visit).walk(expr); }

Expr at_element(const Expr& expr, const std::vector<Expr>& left_side, const std::vector<Expr>& indices) {
  std::map<std::string, Expr> values;
  for (std::size_t slot = 0; slot < left_side.size(); ++slot) {
    std::set<std::string> names;
    collect_names(left_side[slot], names);
    const bool given = slot < indices.size() && !std::holds_alternative<grammar::RangeExpr>(indices[slot].kind);
    const bool same = given && grammar::to_text(indices[slot]) == grammar::to_text(left_side[slot]);
    const bool plain = given && std::holds_alternative<grammar::NameExpr>(left_side[slot].kind);
    for (const std::string& name : names) {
      if (!same) values.insert_or_assign(name, plain ? indices[slot] : named(unmatched(name), left_side[slot].span));
    }
  }
  return with_names(expr, values);
}

}  // namespace jensen::model
