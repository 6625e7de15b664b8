#include "model/bound_values.hpp"

#include <fmt/format.h>

#include <cmath>

#include "model/builder.hpp"

namespace jensen::model {

namespace {

std::optional<double> number_of(const ModelGraph& graph, const grammar::Expr& expr) {
  if (const auto* number = std::get_if<grammar::NumberExpr>(&expr.kind)) return number->value;
  if (const auto* name = std::get_if<grammar::NameExpr>(&expr.kind)) {
    if (name->name == "true" || name->name == "false") return name->name == "true" ? 1 : 0;
    if (const auto found = graph.constants.find(name->name); found != graph.constants.end()) return number_of(graph, found->second);
  }
  const auto* unary = std::get_if<grammar::UnaryExpr>(&expr.kind);
  if (unary == nullptr || unary->op != grammar::UnaryOp::negate) return std::nullopt;
  const auto value = number_of(graph, *unary->operand);
  return value ? std::optional(-*value) : std::nullopt;
}

class LiteralReader {
 public:
  LiteralReader(const ModelGraph& graph, const Variable& variable) : graph_(graph), variable_(variable) {}

  Literal read() {
    flatten(*variable_.binding->literal, 0);
    return std::move(literal_);
  }

 private:
  void flatten(const grammar::Expr& expr, std::size_t depth) {
    if (const auto* array = std::get_if<grammar::ArrayExpr>(&expr.kind)) {
      if (literal_.dims.size() == depth) {
        literal_.dims.push_back(array->elements.size());
      } else if (literal_.dims.size() < depth || literal_.dims[depth] != array->elements.size()) {
        fail("ragged-array", fmt::format("the rows of `{}` differ in length", variable_.name), expr.span);
      }
      for (const grammar::Expr& element : array->elements) flatten(element, depth + 1);
      return;
    }
    if (const auto* text = std::get_if<grammar::StringExpr>(&expr.kind)) {
      literal_.texts.push_back(text->value);
      literal_.values.push_back(0);
      return;
    }
    const auto value = number_of(graph_, expr);
    if (!value) {
      fail("not-a-literal", fmt::format("the values of `{}` must be numbers in brackets, or `column(...)`, or `columns(...)`", variable_.name),
           expr.span);
    }
    literal_.values.push_back(*value);
    literal_.texts.push_back(fmt::format("{}", *value));
  }

  const ModelGraph& graph_;
  const Variable& variable_;
  Literal literal_;
};

std::string within_text(const Support& support) {
  if (std::isinf(support.high)) return fmt::format("at least {}", support.low);
  if (std::isinf(support.low)) return fmt::format("at most {}", support.high);
  return fmt::format("between {} and {}", support.low, support.high);
}

// Of continuous supports.
std::optional<std::string> outside(const Support& support, double value) {
  if (support.kind == SupportKind::positive && value <= 0) return "positive";
  if (support.kind == SupportKind::unit && (value <= 0 || value >= 1)) return "strictly between 0 and 1";
  if (support.kind == SupportKind::interval && (value < support.low || value > support.high)) return within_text(support);
  return std::nullopt;
}

}  // namespace

Literal read_literal(const ModelGraph& graph, const Variable& variable) { return LiteralReader(graph, variable).read(); }

std::vector<double> column_by_column(const BoundArray& array) {
  std::vector<double> out(array.values.size());
  const std::vector<std::int64_t> strides = array.strides();
  for (std::size_t flat = 0; flat < out.size(); ++flat) {
    std::size_t rest = flat;
    std::int64_t at = 0;
    for (std::size_t d = array.dims.size(); d-- > 0; rest /= array.dims[d]) at += static_cast<std::int64_t>(rest % array.dims[d]) * strides[d];
    out[static_cast<std::size_t>(at)] = array.values[flat];
  }
  return out;
}

std::optional<std::string> value_outside(const ModelGraph& graph, const Variable& variable, double value, const Sizes& sizes) {
  if (!std::isfinite(value)) return "a finite number";
  const Support& support = variable.type.support;
  if (support.kind == SupportKind::boolean && value != 0 && value != 1) return "a bool: 0 or 1, false or true";
  if (support.kind == SupportKind::count && (value < 0 || value != std::floor(value))) return "a count: a whole number from 0";
  if (support.kind == SupportKind::integer && value != std::floor(value)) return "a whole number";
  if (support.kind != SupportKind::interval) {
    if (auto what = outside(support, value)) return what;
  }
  for (const FactorId id : variable.factors) {
    const Factor& factor = graph.factors[id];
    if (auto what = outside(factor.support.support, value)) return what;
    const auto levels = factor.support.levels.evaluate(sizes);
    if (factor.support.support.kind == SupportKind::bounded_count && levels && *levels > 0 && value >= static_cast<double>(*levels)) {
      return fmt::format("one of 0..{}, which `{}` draws", *levels - 1, factor.call.function);
    }
  }
  return outside(support, value);
}

}  // namespace jensen::model
