// Integer expressions, index ranges and declared types.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>

#include "base/overload.hpp"
#include "diagnostics/suggest.hpp"
#include "model/builder.hpp"
#include "model/size_expr.hpp"
#include "print.hpp"

namespace jensen::model {

namespace {

struct TypeRule {
  std::string_view name;
  SupportKind kind;
  std::size_t arguments;
};

constexpr std::array type_rules{TypeRule{"real", SupportKind::real, 0},
                                TypeRule{"positive", SupportKind::positive, 0},
                                TypeRule{"unit", SupportKind::unit, 0},
                                TypeRule{"bool", SupportKind::boolean, 0},
                                TypeRule{"count", SupportKind::count, 0},
                                TypeRule{"int", SupportKind::integer, 0},
                                TypeRule{"category", SupportKind::category, 1},
                                TypeRule{"vector", SupportKind::real, 1},
                                TypeRule{"simplex", SupportKind::simplex, 1},
                                TypeRule{"ordered", SupportKind::ordered, 1},
                                TypeRule{"matrix", SupportKind::real, 2},
                                TypeRule{"covariance", SupportKind::covariance, 1},
                                TypeRule{"precision", SupportKind::precision, 1},
                                TypeRule{"correlation", SupportKind::correlation, 1},
                                TypeRule{"lower_triangular", SupportKind::lower_triangular, 1},
                                TypeRule{"angle", SupportKind::angle, 0},
                                TypeRule{"interval", SupportKind::interval, 2}};

}  // namespace

std::optional<Size> Builder::try_size(const grammar::Expr& expr, const Scope& scope) {
  return size_expression(expr, [&](const std::string& name) { return named_size(name, scope); });
}

std::optional<Size> Builder::named_size(const std::string& name, const Scope& scope) {
  bool closed = false;
  for (const Scope* s = &scope; s != nullptr; s = s->parent) {
    if (const auto size = s->sizes.find(name); size != s->sizes.end()) return size->second;
    if (s->indices.contains(name) || s->values.contains(name)) return std::nullopt;
    closed = closed || s->closed;
  }
  if (closed) return std::nullopt;
  if (const auto constant = graph_.constants.find(name); constant != graph_.constants.end()) {
    if (const auto known = graph_.constant_sizes.find(name); known != graph_.constant_sizes.end()) return Size::named(known->second, name);
    if (++function_depth_ > 64) {
      function_depth_ = 0;
      fail("cycle", fmt::format("the constant `{}` depends on itself", name), constant->second.span);
    }
    const auto value = try_size(constant->second, Scope{});
    --function_depth_;
    if (!value || !value->is_constant()) return value;
    graph_.constant_sizes[name] = *value->constant();
    return Size::named(*value->constant(), name);
  }
  const bool symbol =
      graph_.set_sizes.contains(name) || integer_data_.contains(name) || std::ranges::find(graph_.size_symbols, name) != graph_.size_symbols.end();
  return symbol ? std::optional(Size::symbol(name)) : std::nullopt;
}

Size Builder::size_of(const grammar::Expr& expr, const Scope& scope) {
  if (const auto size = try_size(expr, scope)) return *size;
  if (const auto* name = std::get_if<grammar::NameExpr>(&expr.kind)) {
    std::vector<std::string> known = graph_.size_symbols;
    for (const auto& [constant, value] : graph_.constants) known.push_back(constant);
    if (!by_name_.contains(name->name) && !graph_.constants.contains(name->name)) {
      fail("unknown-size", fmt::format("`{}` is not a known extent{}", name->name, did_you_mean(name->name, known)), expr.span, {},
           {Note{Note::Kind::help, "an extent is a whole number, a `const`, or a name in the brackets of a `data` statement"}});
    }
  }
  fail("not-a-size", "expected a whole number made of constants and extents", expr.span);
}

Range Builder::range_of(const grammar::Expr& expr, const Scope& scope) {
  const auto* range = std::get_if<grammar::RangeExpr>(&expr.kind);
  if (range == nullptr) {
    fail("not-a-range", "expected a range such as 1..N", expr.span, {}, {Note{Note::Kind::help, "an index runs over low..high, both included"}});
  }
  return {size_of(*range->low, scope), size_of(*range->high, scope)};
}

Type Builder::type_of(const grammar::TypeExpr& type, const Scope& scope) {
  const auto rule = std::ranges::find(type_rules, type.name, &TypeRule::name);
  if (rule == type_rules.end()) {
    std::vector<std::string> names;
    for (const TypeRule& known : type_rules) names.emplace_back(known.name);
    fail("unknown-type", fmt::format("there is no type `{}`{}", type.name, did_you_mean(type.name, names)), type.span);
  }
  if (type.arguments.size() != rule->arguments) {
    fail("type-arguments",
         fmt::format("`{}` takes {} argument{}, not {}", type.name, rule->arguments, rule->arguments == 1 ? "" : "s", type.arguments.size()),
         type.span);
  }
  Type out;
  out.support.kind = rule->kind;
  if (rule->kind == SupportKind::interval) {
    if (const grammar::Expr* open = set_interval(out.support, type.arguments[0], type.arguments[1])) {
      fail("interval-bounds", fmt::format("`{}` is no constant, and the bounds of a type are", grammar::to_text(*open)), open->span, {},
           {Note{Note::Kind::help, "a bound is a number, a `const`, `infinity` or `-infinity`"}});
    }
  } else if (rule->kind == SupportKind::category) {
    out.levels = size_of(type.arguments[0], scope);
  } else if (rule->kind == SupportKind::boolean) {
    out.levels = 2;
  } else {
    for (const grammar::Expr& argument : type.arguments) out.dims.push_back(size_of(argument, scope));
  }
  const bool square = rule->kind == SupportKind::covariance || rule->kind == SupportKind::precision || rule->kind == SupportKind::correlation ||
                      rule->kind == SupportKind::lower_triangular;
  if (square) out.dims.push_back(out.dims[0]);
  return out;
}

// The value of an expression of numbers and constants only.
std::optional<double> Builder::try_constant(const grammar::Expr& expr) const {
  using grammar::BinaryOp;
  if (const auto* number = std::get_if<grammar::NumberExpr>(&expr.kind)) return number->value;
  if (const auto* name = std::get_if<grammar::NameExpr>(&expr.kind)) {
    if (const auto constant = graph_.constants.find(name->name); constant != graph_.constants.end()) return try_constant(constant->second);
    if (name->name == "pi" && !by_name_.contains("pi")) return M_PI;
    return std::nullopt;
  }
  if (const auto* unary = std::get_if<grammar::UnaryExpr>(&expr.kind); unary != nullptr && unary->op == grammar::UnaryOp::negate) {
    const auto value = try_constant(*unary->operand);
    return value ? std::optional(-*value) : std::nullopt;
  }
  const auto* binary = std::get_if<grammar::BinaryExpr>(&expr.kind);
  if (binary == nullptr) return std::nullopt;
  const auto left = try_constant(*binary->left);
  const auto right = try_constant(*binary->right);
  if (!left || !right) return std::nullopt;
  if (binary->op == BinaryOp::add) return *left + *right;
  if (binary->op == BinaryOp::subtract) return *left - *right;
  if (binary->op == BinaryOp::multiply) return *left * *right;
  if (binary->op == BinaryOp::divide) return *left / *right;
  return std::nullopt;
}

// Whether a condition of constants alone holds.
std::optional<bool> Builder::constant_truth(const grammar::Expr& expr) const {
  using grammar::BinaryOp;
  if (const auto* unary = std::get_if<grammar::UnaryExpr>(&expr.kind); unary != nullptr && unary->op == grammar::UnaryOp::logical_not) {
    const auto value = constant_truth(*unary->operand);
    return value ? std::optional(!*value) : std::nullopt;
  }
  if (const auto* name = std::get_if<grammar::NameExpr>(&expr.kind); name != nullptr && (name->name == "true" || name->name == "false")) {
    return by_name_.contains(name->name) ? std::nullopt : std::optional(name->name == "true");
  }
  const auto* binary = std::get_if<grammar::BinaryExpr>(&expr.kind);
  if (binary != nullptr && (binary->op == BinaryOp::logical_and || binary->op == BinaryOp::logical_or)) {
    const auto a = constant_truth(*binary->left);
    const auto b = constant_truth(*binary->right);
    if (!a || !b) return std::nullopt;
    return binary->op == BinaryOp::logical_and ? *a && *b : *a || *b;
  }
  const auto left = binary != nullptr ? try_constant(*binary->left) : std::nullopt;
  const auto right = binary != nullptr ? try_constant(*binary->right) : std::nullopt;
  if (left && right) {
    if (binary->op == BinaryOp::equal) return *left == *right;
    if (binary->op == BinaryOp::not_equal) return *left != *right;
    if (binary->op == BinaryOp::less) return *left < *right;
    if (binary->op == BinaryOp::less_equal) return *left <= *right;
    if (binary->op == BinaryOp::greater) return *left > *right;
    if (binary->op == BinaryOp::greater_equal) return *left >= *right;
  }
  const auto value = try_constant(expr);
  return value ? std::optional(*value != 0) : std::nullopt;
}

// A constant, `infinity` or its negative.
std::optional<double> Builder::bound_of(const grammar::Expr& expr) const {
  if (const auto value = try_constant(expr)) return value;
  if (const auto* unary = std::get_if<grammar::UnaryExpr>(&expr.kind); unary != nullptr && unary->op == grammar::UnaryOp::negate) {
    const auto value = bound_of(*unary->operand);
    return value ? std::optional(-*value) : std::nullopt;
  }
  const auto* name = std::get_if<grammar::NameExpr>(&expr.kind);
  const bool infinite = name != nullptr && name->name == "infinity" && !by_name_.contains(name->name) && !graph_.constants.contains(name->name);
  return infinite ? std::optional(std::numeric_limits<double>::infinity()) : std::nullopt;
}

// A bound that is no constant stays open, and is the result.
const grammar::Expr* Builder::set_interval(Support& support, const grammar::Expr& low, const grammar::Expr& high) const {
  const auto low_value = bound_of(low), high_value = bound_of(high);
  if (low_value) support.low = *low_value;
  if (high_value) support.high = *high_value;
  if (!(support.low < support.high)) fail("empty-interval", fmt::format("the interval from {} to {} is empty", support.low, support.high), low.span);
  if (!low_value || !high_value) return low_value ? &high : &low;
  const bool above = std::isinf(support.high);
  if (support.low == 0 && support.high == 1) {
    support = Support{SupportKind::unit};
  } else if (above && support.low == 0) {
    support = Support{SupportKind::positive};
  } else if (above && std::isinf(support.low)) {
    support = Support{SupportKind::real};
  }
  return nullptr;
}

std::vector<Size> Builder::extents_of(const grammar::TypeExpr& type, const Scope& scope) {
  std::vector<Size> extents;
  for (const grammar::Expr& extent : type.extents) extents.push_back(size_of(extent, scope));
  return extents;
}

namespace {

void add_symbol(ModelGraph& graph, const grammar::Expr& expr, bool rows) {
  const auto* name = std::get_if<grammar::NameExpr>(&expr.kind);
  if (name == nullptr || graph.constants.contains(name->name)) return;
  if (std::ranges::find(graph.size_symbols, name->name) == graph.size_symbols.end()) graph.size_symbols.push_back(name->name);
  if (rows) graph.row_symbols.insert(name->name);
}

}  // namespace

// Extents that appear in `data` statements and nowhere else as a constant or as scalar data are read off the data.
void Builder::collect_sizes() {
  for (const grammar::Statement& statement : program_.statements) {
    const auto* data = std::get_if<grammar::DataStatement>(&statement.kind);
    if (data == nullptr) continue;
    if (data->type.extents.empty() && data->type.arguments.empty() && (data->type.name == "count" || data->type.name == "int")) {
      for (const grammar::Identifier& name : data->names) integer_data_.insert(name.name);
    }
  }
  for (const grammar::Statement& statement : program_.statements) {
    const auto* data = std::get_if<grammar::DataStatement>(&statement.kind);
    if (data == nullptr) continue;
    for (std::size_t i = 0; i < data->type.extents.size(); ++i) {
      const auto* name = std::get_if<grammar::NameExpr>(&data->type.extents[i].kind);
      if (name != nullptr && integer_data_.contains(name->name)) continue;
      add_symbol(graph_, data->type.extents[i], i == 0);
    }
    if (data->type.name == "interval") continue;  // its arguments are bounds
    for (const grammar::Expr& argument : data->type.arguments) {
      const auto* name = std::get_if<grammar::NameExpr>(&argument.kind);
      if (name != nullptr && integer_data_.contains(name->name)) continue;
      add_symbol(graph_, argument, data->type.name == "matrix" && data->type.extents.empty() && &argument == data->type.arguments.data());
    }
  }
}

}  // namespace jensen::model
