#include "model/rewrite.hpp"

#include "base/overload.hpp"

namespace jensen::model {

using grammar::Expr;

namespace {

// The counterpart of grammar::for_each_child that may change what it visits.
template <class Visit>
void change_children(Expr& expr, Visit&& visit) {
  const auto all = [&](std::vector<Expr>& list) {
    for (Expr& e : list) visit(e);
  };
  std::visit(Overload{
                 [](grammar::NumberExpr&) {},
                 [](grammar::StringExpr&) {},
                 [](grammar::NameExpr&) {},
                 [&](grammar::CallExpr& e) {
                   for (grammar::Argument& argument : e.arguments) visit(*argument.value);
                 },
                 [&](grammar::IndexExpr& e) { visit(*e.base), all(e.items); },
                 [&](grammar::FieldExpr& e) { visit(*e.base); },
                 [&](grammar::UnaryExpr& e) { visit(*e.operand); },
                 [&](grammar::BinaryExpr& e) { visit(*e.left), visit(*e.right); },
                 [&](grammar::ConditionalExpr& e) { visit(*e.condition), visit(*e.if_true), visit(*e.if_false); },
                 [&](grammar::SumExpr& e) { visit(*e.range), visit(*e.body); },
                 [&](grammar::ArrayExpr& e) { all(e.elements); },
                 [&](grammar::RangeExpr& e) { visit(*e.low), visit(*e.high); },
             },
             expr.kind);
}

}  // namespace

Expr rewritten(const Expr& expr, const Replace& replace) {
  if (std::optional<Expr> other = replace(expr)) return std::move(*other);
  Expr out = expr;
  change_children(out, [&](Expr& child) { child = rewritten(child, replace); });
  return out;
}

}  // namespace jensen::model
