#include "model/size_expr.hpp"

#include <cmath>

namespace jensen::model {

std::optional<Size> size_expression(const grammar::Expr& expr, const SizeLookup& lookup) {
  using grammar::BinaryOp;
  if (const auto* number = std::get_if<grammar::NumberExpr>(&expr.kind)) {
    if (number->value != std::floor(number->value) || std::abs(number->value) > 9e15) return std::nullopt;
    return Size(static_cast<std::int64_t>(number->value));
  }
  if (const auto* name = std::get_if<grammar::NameExpr>(&expr.kind)) return lookup(name->name);
  if (const auto* unary = std::get_if<grammar::UnaryExpr>(&expr.kind); unary != nullptr && unary->op == grammar::UnaryOp::negate) {
    const auto value = size_expression(*unary->operand, lookup);
    return value ? Size::product(Size(-1), *value) : std::nullopt;
  }
  const auto* binary = std::get_if<grammar::BinaryExpr>(&expr.kind);
  if (binary == nullptr) return std::nullopt;
  if (binary->op != BinaryOp::add && binary->op != BinaryOp::subtract && binary->op != BinaryOp::multiply) return std::nullopt;
  const auto left = size_expression(*binary->left, lookup);
  const auto right = size_expression(*binary->right, lookup);
  if (!left || !right) return std::nullopt;
  if (binary->op == BinaryOp::multiply) return Size::product(*left, *right);
  return binary->op == BinaryOp::add ? *left + *right : *left - *right;
}

}  // namespace jensen::model
