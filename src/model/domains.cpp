// What the parameters of a distribution must be: positive, a probability, a simplex, positive definite. A constant outside, or a latent variable or
// param that may lie outside, is a mistake that the log density would only show as a function that is not finite.
#include <fmt/format.h>

#include "model/builder.hpp"
#include "print.hpp"

namespace jensen::model {

using grammar::Expr;

namespace {

// What a parameter's type says of each of its numbers, or of it as a whole; nullopt where it may be anything.
std::optional<SupportKind> wanted_of(const grammar::Parameter& parameter) {
  if (!parameter.type) return std::nullopt;
  const std::string& name = parameter.type->name;
  if (name == "positive") return SupportKind::positive;
  if (name == "unit") return SupportKind::unit;
  if (name == "simplex") return SupportKind::simplex;
  if (name == "covariance" || name == "precision") return SupportKind::covariance;
  return std::nullopt;
}

bool fits(SupportKind wanted, const Support& have) {
  switch (have.kind) {
    case SupportKind::real:
    case SupportKind::angle:
    case SupportKind::ordered:
    case SupportKind::lower_triangular:
      return false;
    case SupportKind::positive:
      return wanted == SupportKind::positive;
    case SupportKind::unit:
      return wanted == SupportKind::positive || wanted == SupportKind::unit;
    case SupportKind::interval:
      return have.low >= 0 && (wanted == SupportKind::positive || (wanted == SupportKind::unit && have.high <= 1));
    case SupportKind::simplex:
      return wanted != SupportKind::covariance;
    case SupportKind::covariance:
    case SupportKind::precision:
    case SupportKind::correlation:
      return wanted != SupportKind::simplex;
    case SupportKind::boolean:
    case SupportKind::count:
    case SupportKind::bounded_count:
    case SupportKind::integer:
    case SupportKind::category:
      return wanted == SupportKind::positive || wanted == SupportKind::unit;
  }
  return true;
}

const char* description(SupportKind wanted) {
  if (wanted == SupportKind::positive) return "positive";
  if (wanted == SupportKind::unit) return "between 0 and 1";
  return wanted == SupportKind::simplex ? "a simplex" : "a covariance or precision matrix";
}

Note advice(const Variable& variable, SupportKind wanted, const std::string& matrix) {
  const std::string type = wanted == SupportKind::positive  ? "positive"
                           : wanted == SupportKind::unit    ? "unit"
                           : wanted == SupportKind::simplex ? "simplex(K)"
                                                            : matrix + "(D)";
  if (variable.role == Role::param) return {Note::Kind::help, fmt::format("declare it as `param {}: {}`", variable.name, type), variable.span};
  const char* such = wanted == SupportKind::positive  ? "on positive numbers, such as `gamma` or `half_normal`"
                     : wanted == SupportKind::unit    ? "on (0, 1), such as `beta`"
                     : wanted == SupportKind::simplex ? "on a simplex, such as `dirichlet`"
                                                      : "on such matrices, such as `wishart` or `inverse_wishart`";
  return {Note::Kind::help, fmt::format("give `{}` a distribution {}", variable.name, such), variable.span};
}

std::string support_text(const Variable& variable) {
  const Support& support = variable.type.support;
  if (support.kind == SupportKind::interval) return fmt::format("a number from {} to {}", support.low, support.high);
  if (support.kind == SupportKind::real && !variable.type.dims.empty()) return "made of any real numbers";
  return support.kind == SupportKind::real ? "any real number" : to_text(support.kind);
}

}  // namespace

// The numbers of a constant scalar or array; nullopt where it is none.
std::optional<std::vector<double>> Builder::constant_values(const Expr& expr) const {
  if (const auto value = try_constant(expr)) return std::vector{*value};
  if (const auto* array = std::get_if<grammar::ArrayExpr>(&expr.kind)) {
    std::vector<double> out;
    for (const Expr& element : array->elements) {
      const auto values = constant_values(element);
      if (!values) return std::nullopt;
      out.insert(out.end(), values->begin(), values->end());
    }
    return out;
  }
  if (const auto* name = std::get_if<grammar::NameExpr>(&expr.kind)) {
    const auto found = graph_.constants.find(name->name);
    const bool array = found != graph_.constants.end() && std::holds_alternative<grammar::ArrayExpr>(found->second.kind);
    return array ? constant_values(found->second) : std::nullopt;
  }
  if (const auto* call = std::get_if<grammar::CallExpr>(&expr.kind)) {
    if (call->function == "ones") return std::vector{1.0};
    if (call->function == "zeros") return std::vector{0.0};
  }
  const auto* product = std::get_if<grammar::BinaryExpr>(&expr.kind);
  if (product == nullptr || product->op != grammar::BinaryOp::multiply) return std::nullopt;
  const auto factor = try_constant(*product->left);
  auto values = factor ? constant_values(*product->right) : std::nullopt;
  if (!values) return std::nullopt;
  for (double& value : *values) value *= *factor;
  return values;
}

void Builder::check_domain(const grammar::Parameter& parameter, const Expr& argument, const std::string& owner, const Scope& scope) {
  const auto wanted = wanted_of(parameter);
  if (!wanted) return;
  const std::string subject = fmt::format("`{}` of `{}` is {}", parameter.name.name, owner, description(*wanted));
  if (*wanted != SupportKind::covariance) {
    for (const double value : constant_values(argument).value_or(std::vector<double>())) {
      const bool inside = *wanted == SupportKind::positive ? value > 0 : value >= 0 && value <= 1;
      if (!inside) fail("argument-domain", fmt::format("{}, but {} is not", subject, value), argument.span);
    }
  }
  const auto* index = std::get_if<grammar::IndexExpr>(&argument.kind);
  const auto* name = std::get_if<grammar::NameExpr>(index != nullptr ? &index->base->kind : &argument.kind);
  if (name == nullptr || scope.indices.contains(name->name) || !by_name_.contains(name->name)) return;
  const Variable& variable = graph_.variables[by_name_.at(name->name)];
  if ((variable.role != Role::latent && variable.role != Role::param) || fits(*wanted, variable.type.support)) return;
  const std::string matrix = parameter.type->name;
  fail("argument-domain", fmt::format("{}, but `{}` is {}", subject, grammar::to_text(argument), support_text(variable)), argument.span, {},
       {advice(variable, *wanted, matrix)});
}

void Builder::check_domains(const BoundCall& call, const std::string& owner, const Scope& scope) {
  const auto& parameters = graph_.distributions[call.distribution].statement.parameters;
  for (std::size_t i = 0; i < parameters.size(); ++i) check_domain(parameters[i], *call.arguments[i], owner, scope);
}

}  // namespace jensen::model
