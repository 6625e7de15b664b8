// The direct subexpressions of an expression, for walks that treat most kinds alike.
#pragma once

#include "ast.hpp"
#include "base/overload.hpp"

namespace jensen::grammar {

// Calls visit(child) for each direct subexpression, in text order.
template <class Visit>
void for_each_child(const Expr& expr, Visit&& visit) {
  const auto all = [&](const std::vector<Expr>& list) {
    for (const Expr& e : list) visit(e);
  };
  std::visit(Overload{
                 [](const NumberExpr&) {},
                 [](const StringExpr&) {},
                 [](const NameExpr&) {},
                 [&](const CallExpr& e) {
                   for (const Argument& argument : e.arguments) visit(*argument.value);
                 },
                 [&](const IndexExpr& e) { visit(*e.base), all(e.items); },
                 [&](const FieldExpr& e) { visit(*e.base); },
                 [&](const UnaryExpr& e) { visit(*e.operand); },
                 [&](const BinaryExpr& e) { visit(*e.left), visit(*e.right); },
                 [&](const ConditionalExpr& e) { visit(*e.condition), visit(*e.if_true), visit(*e.if_false); },
                 [&](const SumExpr& e) { visit(*e.range), visit(*e.body); },
                 [&](const ArrayExpr& e) { all(e.elements); },
                 [&](const RangeExpr& e) { visit(*e.low), visit(*e.high); },
             },
             expr.kind);
}

}  // namespace jensen::grammar
