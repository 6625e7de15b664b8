#include "support/text_expression.hpp"

#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "base/overload.hpp"

namespace jensen::tests {

namespace {

using grammar::BinaryOp;

[[noreturn]] void unknown(const std::string& what) { throw std::runtime_error("the density of a text does not know " + what); }

using Binary = double (*)(double, double);

Number apply(const Number& a, const Number& b, Binary f) {
  if (a.known && b.known) return known(f(*a.known, *b.known));
  if (a.known) return {{}, [x = *a.known, b, f](const double* v) { return f(x, b.of(v)); }};
  if (b.known) return {{}, [a, y = *b.known, f](const double* v) { return f(a.of(v), y); }};
  return {{}, [a, b, f](const double* v) { return f(a.of(v), b.of(v)); }};
}

Binary function_of(BinaryOp op) {
  switch (op) {
    case BinaryOp::add:
      return [](double a, double b) { return a + b; };
    case BinaryOp::subtract:
      return [](double a, double b) { return a - b; };
    case BinaryOp::multiply:
    case BinaryOp::elementwise_multiply:
      return [](double a, double b) { return a * b; };
    case BinaryOp::divide:
    case BinaryOp::elementwise_divide:
      return [](double a, double b) { return a / b; };
    case BinaryOp::power:
      return [](double a, double b) { return b == 2 ? a * a : std::pow(a, b); };
    case BinaryOp::equal:
      return [](double a, double b) { return a == b ? 1.0 : 0.0; };
    case BinaryOp::not_equal:
      return [](double a, double b) { return a != b ? 1.0 : 0.0; };
    case BinaryOp::less:
      return [](double a, double b) { return a < b ? 1.0 : 0.0; };
    case BinaryOp::less_equal:
      return [](double a, double b) { return a <= b ? 1.0 : 0.0; };
    case BinaryOp::greater:
      return [](double a, double b) { return a > b ? 1.0 : 0.0; };
    case BinaryOp::greater_equal:
      return [](double a, double b) { return a >= b ? 1.0 : 0.0; };
    case BinaryOp::logical_and:
      return [](double a, double b) { return a != 0 && b != 0 ? 1.0 : 0.0; };
    case BinaryOp::logical_or:
      return [](double a, double b) { return a != 0 || b != 0 ? 1.0 : 0.0; };
    case BinaryOp::pipe:
      break;
  }
  unknown("|>");
}

using Unary = double (*)(double);

const std::map<std::string, Unary>& unary_functions() {
  static const std::map<std::string, Unary> all = {
      {"log", [](double x) { return std::log(x); }},
      {"exp", [](double x) { return std::exp(x); }},
      {"sqrt", [](double x) { return std::sqrt(x); }},
      {"abs", [](double x) { return std::abs(x); }},
      {"cos", [](double x) { return std::cos(x); }},
      {"sin", [](double x) { return std::sin(x); }},
      {"lgamma", [](double x) { return std::lgamma(x); }},
      {"digamma", [](double x) { return boost::math::digamma(x); }},
      {"logit", [](double x) { return std::log(x) - std::log1p(-x); }},
      {"expit", [](double x) { return 1 / (1 + std::exp(-x)); }},
      {"softplus", [](double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }},
      {"log_bessel_i0", [](double x) { return std::log(boost::math::cyl_bessel_i(0, x)); }},
      {"log_normal_cdf", [](double x) { return std::log(0.5 * std::erfc(-x / std::numbers::sqrt2)); }},
  };
  return all;
}

Number unary(const Number& a, Unary f) {
  if (a.known) return known(f(*a.known));
  return {{}, [a, f](const double* v) { return f(a.of(v)); }};
}

Number total(const std::vector<Value>& items) {
  Number sum = known(0);
  for (const Value& item : items) sum = apply(sum, item.number, function_of(BinaryOp::add));
  return sum;
}

Value call(const grammar::CallExpr& call, const Scope& scope) {
  std::vector<Value> arguments;
  for (const grammar::Argument& argument : call.arguments) arguments.push_back(evaluate(*argument.value, scope));
  const auto& functions = unary_functions();
  if (const auto f = functions.find(call.function); f != functions.end()) return {unary(arguments.at(0).number, f->second)};
  if (call.function == "sum") return {total(arguments.at(0).items)};
  for (const grammar::FunctionStatement* function : *scope.functions) {
    if (function->name.name != call.function) continue;
    Scope inside{{}, scope.otherwise, scope.functions};
    for (std::size_t i = 0; i < arguments.size(); ++i) inside.names[function->parameters.at(i).name.name] = arguments[i];
    return evaluate(function->value, inside);
  }
  unknown(call.function);
}

Value name(const std::string& name, const Scope& scope) {
  if (const auto found = scope.names.find(name); found != scope.names.end()) return found->second;
  if (name == "pi") return {known(std::numbers::pi)};
  if (!scope.otherwise) unknown(name);
  return scope.otherwise(name);
}

Value at(const Value& array, const Number& index) {
  if (index.known) return array.items.at(static_cast<std::size_t>(*index.known) - 1);
  std::vector<Number> numbers;
  for (const Value& item : array.items) numbers.push_back(item.number);
  return {{{}, [numbers, index](const double* v) { return numbers.at(static_cast<std::size_t>(index(v)) - 1)(v); }}};
}

Value sum(const grammar::SumExpr& sum, const Scope& scope) {
  const auto& range = std::get<grammar::RangeExpr>(sum.range->kind);
  Scope inside = scope;
  std::vector<Value> items;
  for (double i = evaluate_known(*range.low, scope); i <= evaluate_known(*range.high, scope); ++i) {
    inside.names[sum.index] = {known(i)};
    items.push_back(evaluate(*sum.body, inside));
  }
  return {total(items)};
}

// Only the branch that holds is looked at where that is known.
Value conditional(const grammar::ConditionalExpr& e, const Scope& scope) {
  const Number condition = evaluate(*e.condition, scope).number;
  if (condition.known) return evaluate(*condition.known != 0 ? *e.if_true : *e.if_false, scope);
  const Number a = evaluate(*e.if_true, scope).number, b = evaluate(*e.if_false, scope).number;
  return {{{}, [condition, a, b](const double* v) { return condition.of(v) != 0 ? a(v) : b(v); }}};
}

}  // namespace

Number known(double value) { return {value, {}}; }

Number latent(std::size_t slot) {
  return {{}, [slot](const double* v) { return v[slot]; }};
}

Value evaluate(const grammar::Expr& expr, const Scope& scope) {
  const auto recurse = [&](const auto& e) { return evaluate(*e, scope); };
  return std::visit(
      Overload{[&](const grammar::NumberExpr& e) -> Value { return {known(e.value)}; },
               [&](const grammar::NameExpr& e) { return name(e.name, scope); }, [&](const grammar::CallExpr& e) { return call(e, scope); },
               [&](const grammar::IndexExpr& e) {
                 Value value = recurse(e.base);
                 for (const grammar::Expr& item : e.items) value = at(value, evaluate(item, scope).number);
                 return value;
               },
               [&](const grammar::UnaryExpr& e) -> Value {
                 const Unary negate = [](double x) { return -x; }, no = [](double x) { return x == 0 ? 1.0 : 0.0; };
                 return {unary(recurse(e.operand).number, e.op == grammar::UnaryOp::negate ? negate : no)};
               },
               [&](const grammar::BinaryExpr& e) -> Value { return {apply(recurse(e.left).number, recurse(e.right).number, function_of(e.op))}; },
               [&](const grammar::ConditionalExpr& e) { return conditional(e, scope); }, [&](const grammar::SumExpr& e) { return sum(e, scope); },
               [&](const grammar::ArrayExpr& e) {
                 Value array{{}, {}, true};
                 for (const grammar::Expr& element : e.elements) array.items.push_back(evaluate(element, scope));
                 return array;
               },
               [](const grammar::StringExpr&) -> Value { unknown("a string here"); }, [](const grammar::FieldExpr&) -> Value { unknown("fields"); },
               [](const grammar::RangeExpr&) -> Value { unknown("slices"); }},
      expr.kind);
}

double evaluate_known(const grammar::Expr& expr, const Scope& scope) {
  const Number number = evaluate(expr, scope).number;
  if (!number.known) unknown("a latent here");
  return *number.known;
}

}  // namespace jensen::tests
