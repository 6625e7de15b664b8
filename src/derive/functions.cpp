// Operators and functions of the language as operations on polynomials in statistics.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "derive/expand.hpp"

namespace jensen::derive {

using grammar::BinaryOp;
using grammar::Expr;

namespace {

struct UnaryRule {
  std::string_view name;
  DataOp op;
};

constexpr std::array unary_rules{UnaryRule{"exp", DataOp::exp},
                                 UnaryRule{"log", DataOp::log},
                                 UnaryRule{"sqrt", DataOp::sqrt},
                                 UnaryRule{"abs", DataOp::abs},
                                 UnaryRule{"lgamma", DataOp::lgamma},
                                 UnaryRule{"digamma", DataOp::digamma},
                                 UnaryRule{"logit", DataOp::logit},
                                 UnaryRule{"expit", DataOp::expit},
                                 UnaryRule{"softplus", DataOp::softplus},
                                 UnaryRule{"cos", DataOp::cos},
                                 UnaryRule{"sin", DataOp::sin},
                                 UnaryRule{"log_bessel_i0", DataOp::log_bessel_i0},
                                 UnaryRule{"log_normal_cdf", DataOp::log_normal_cdf}};

std::optional<double> as_number(const DataExprs& exprs, const Poly& poly) {
  if (poly.empty()) return 0.0;
  if (poly.size() != 1 || !poly[0].is_data() || !poly[0].sums.empty()) return std::nullopt;
  double value = poly[0].coefficient;
  for (const DataExprId id : poly[0].data) {
    const auto number = number_of(exprs, id);
    if (!number) return std::nullopt;
    value *= *number;
  }
  return value;
}

}  // namespace

// log of a product is a sum of logs, and that of exp(e) is e; log(c - c v) is log c + log(1 - v). The log of any other sum stays as it is.
Poly Expander::logarithm(const Expr& expr, const Poly& argument) {
  if (is_data(argument)) return from_data(data(), make_call(data(), DataOp::log, {as_data(context_, argument)}));
  const auto log_of_data = [&](RawTerm term) {
    term.atoms.clear();
    if (term.coefficient == 1 && term.data.empty()) return Poly{};
    return from_data(data(), make_call(data(), DataOp::log, {as_data(context_, {term})}));
  };
  const auto splits = [&](const RawTerm& term) {
    return term.sums.empty() && term.residuals.empty() &&
           std::ranges::all_of(term.atoms, [&](const Atom& atom) { return positive(atom) || exponents_.contains(atom); });
  };
  if (argument.size() == 1 && splits(argument[0])) {
    Poly out = log_of_data(argument[0]);
    for (Atom atom : argument[0].atoms) {
      if (const auto exponent = exponents_.find(atom); exponent != exponents_.end()) {
        out = sum(context_, out, exponent->second);
        continue;
      }
      RawTerm term;
      term.coefficient = atom.statistic.power;
      atom.statistic = {StatisticKind::log, 1};
      term.atoms = {atom};
      out = sum(context_, out, {term});
    }
    return out;
  }
  if (argument.size() == 2) {
    const bool first_is_data = argument[0].is_data();
    const RawTerm& whole = argument[first_is_data ? 0 : 1];
    const RawTerm& part = argument[first_is_data ? 1 : 0];
    const auto below_one = [&](const Atom& atom) {
      const SupportKind kind = graph_.variables[atom.variable].type.support.kind;
      return atom.statistic == Statistic{StatisticKind::power, 1} && (kind == SupportKind::unit || kind == SupportKind::simplex);
    };
    if (whole.is_data() && whole.sums.empty() && splits(part) && part.atoms.size() == 1 && below_one(part.atoms[0]) && part.data == whole.data &&
        part.coefficient == -whole.coefficient) {
      RawTerm term;
      term.atoms = part.atoms;
      term.atoms[0].statistic = {StatisticKind::log1m, 1};
      return sum(context_, log_of_data(whole), {term});
    }
  }
  return opaque(expr, "the log of a sum that holds latent variables", DataOp::log, {&argument});
}

// A product of positive factors to any power; the sign and range of a data coefficient are checked when it is evaluated.
Poly Expander::power(const Expr& expr, const Poly& base, double exponent) {
  if (exponent == 0) return constant(1);
  if (exponent == 1) return base;
  if (is_data(base)) return from_data(data(), make_call(data(), DataOp::power, {as_data(context_, base), make_number(data(), exponent)}));
  const bool whole = exponent == std::floor(exponent);
  const auto splits = [&](const RawTerm& term) {
    return term.sums.empty() && term.residuals.empty() && (whole || term.coefficient > 0) &&
           std::ranges::all_of(term.atoms, [&](const Atom& atom) { return positive(atom); });
  };
  if (base.size() != 1 || !splits(base[0])) {
    const Poly number = constant(exponent);
    return opaque(expr,
                  exponent < 0 ? "a quotient by latent variables that are not a product of positive ones"
                               : "a power of latent variables that are not a product of positive ones",
                  DataOp::power, {&base, &number});
  }
  RawTerm term = base[0];
  term.coefficient = std::pow(term.coefficient, exponent);
  for (DataExprId& id : term.data) id = make_call(data(), DataOp::power, {id, make_number(data(), exponent)});
  for (Atom& atom : term.atoms) atom.statistic.power *= exponent;
  return {term};
}

Poly Expander::general_power(const Expr& expr, const Tensor& base, const std::vector<IndexUse>& at, const Poly& exponent) {
  const Poly value = base.at(at);
  const auto number = as_number(data(), exponent);
  if (!number) {
    if (is_data(value) && is_data(exponent)) {
      return from_data(data(), make_call(data(), DataOp::power, {as_data(context_, value), as_data(context_, exponent)}));
    }
    return opaque(expr, "a power whose exponent is not a constant", DataOp::power, {&value, &exponent});
  }
  const bool single = value.size() == 1 && value[0].sums.empty() && std::ranges::all_of(value[0].atoms, [&](const Atom& a) { return positive(a); });
  if (is_data(value) || single || *number != std::floor(*number) || *number < 0 || *number > 8) return power(expr, value, *number);
  Poly out = constant(1);
  for (int i = 0; i < static_cast<int>(*number); ++i) out = product(out, base.at(at));  // each factor binds its own indices
  return out;
}

// cos(a + b) = cos a cos b - sin a sin b, until each part is data or one number.
Poly Expander::trigonometric(const Expr& expr, DataOp op, const Poly& argument) {
  if (is_data(argument)) return from_data(data(), make_call(data(), op, {as_data(context_, argument)}));
  Poly known, first, rest;
  for (const RawTerm& term : argument) (term.is_data() ? known : first.empty() ? first : rest).push_back(term);
  rest.insert(rest.end(), known.begin(), known.end());
  if (rest.empty()) {
    const RawTerm& term = first[0];
    const bool number = term.atoms.size() == 1 && term.data.empty() && term.sums.empty() && term.residuals.empty() &&
                        std::abs(term.coefficient) == 1 && term.atoms[0].statistic == Statistic{StatisticKind::power, 1};
    if (!number) return opaque(expr, "a trigonometric function of latent variables", op, {&argument});
    RawTerm out;
    out.coefficient = op == DataOp::sin ? term.coefficient : 1;
    out.atoms = term.atoms;
    out.atoms[0].statistic = {op == DataOp::sin ? StatisticKind::sine : StatisticKind::cosine, 1};
    return {out};
  }
  const auto both = [&](DataOp left, DataOp right) { return product(trigonometric(expr, left, first), trigonometric(expr, right, rest)); };
  if (op == DataOp::cos) return sum(context_, both(DataOp::cos, DataOp::cos), scaled(both(DataOp::sin, DataOp::sin), -1));
  return sum(context_, both(DataOp::sin, DataOp::cos), both(DataOp::cos, DataOp::sin));
}

Poly Expander::unary_function(const Expr& expr, const std::string& name, const Poly& argument) {
  const auto rule = std::ranges::find(unary_rules, name, &UnaryRule::name);
  if (is_data(argument)) return from_data(data(), make_call(data(), rule->op, {as_data(context_, argument)}));
  if (rule->op == DataOp::cos || rule->op == DataOp::sin) return trigonometric(expr, rule->op, argument);
  if (rule->op == DataOp::log) return logarithm(expr, argument);
  if (rule->op == DataOp::sqrt) return power(expr, argument, 0.5);
  if (rule->op == DataOp::logit) {
    const Poly odds_against = sum(context_, constant(1), scaled(argument, -1));
    return sum(context_, logarithm(expr, argument), scaled(logarithm(expr, odds_against), -1));
  }
  if (rule->op == DataOp::abs && argument.size() == 1 && argument[0].coefficient > 0 && argument[0].data.empty() && argument[0].sums.empty() &&
      std::ranges::all_of(argument[0].atoms, [&](const Atom& atom) { return positive(atom); })) {
    return argument;
  }
  Poly out = opaque(expr, fmt::format("`{}` of latent variables", name), rule->op, {&argument});
  if (rule->op == DataOp::exp && out[0].atoms.size() == 1) exponents_[out[0].atoms[0]] = argument;
  return out;
}

namespace {

// How the entry (i, j) of a matrix is built from one term.
struct MatrixTerm {
  RawTerm scalars;  // what does not depend on i and j, or (diagonal) everything with j put equal to i
  bool diagonal = false;
  std::optional<Atom> atom;  // a matrix variable or its inverse
  std::optional<DataExprId> data_matrix;
};

bool depends(const std::vector<IndexUse>& uses, IndexId index) {
  return std::ranges::any_of(uses, [&](const IndexUse& use) { return use.index == index; });
}

std::optional<MatrixTerm> matrix_term(DataExprs& exprs, const Poly& entry, IndexId row, IndexId column) {
  if (entry.size() != 1 || !entry[0].residuals.empty() || !entry[0].sums.empty()) return std::nullopt;
  MatrixTerm out;
  out.scalars = entry[0];
  const DataExprId delta = make_delta(exprs, {row, 0}, {column, 0});
  if (const auto found = std::ranges::find(out.scalars.data, delta); found != out.scalars.data.end()) {
    out.scalars.data.erase(found);
    out.diagonal = true;
    substitute(exprs, out.scalars, {{column, {row, 0}}});
    return out;
  }
  std::erase_if(out.scalars.atoms, [&](const Atom& atom) {
    if (!depends(atom.indices, row) && !depends(atom.indices, column)) return false;
    const std::size_t n = atom.indices.size();
    const bool matrix = n >= 2 && atom.indices[n - 2] == IndexUse{row, 0} && atom.indices[n - 1] == IndexUse{column, 0};
    if (matrix && !out.atom) out.atom = atom;
    return matrix;
  });
  std::erase_if(out.scalars.data, [&](DataExprId id) {
    const auto& free = exprs[id].free;
    const bool both = std::ranges::binary_search(free, row) && std::ranges::binary_search(free, column);
    if (both && !out.data_matrix) out.data_matrix = id;
    return both;
  });
  const bool left_over = uses(exprs, out.scalars, row) || uses(exprs, out.scalars, column);
  if (left_over || out.atom.has_value() == out.data_matrix.has_value()) return std::nullopt;
  return out;
}

}  // namespace

// log|s M| = D log s + log|M|; log|diag(v)| = Σ log v_i.
Poly Expander::log_det(const Expr& expr, const Tensor& matrix) {
  const IndexId row = fresh(matrix.dims[0]);
  const IndexId column = fresh(matrix.dims[1]);
  const Poly entry = matrix.at({{row, 0}, {column, 0}});
  const auto form = matrix_term(data(), entry, row, column);
  if (form && form->diagonal) return summed_over(logarithm(expr, {form->scalars}), row);
  if (is_data(entry)) return from_data(data(), make_binder(context_, DataOp::log_det, {row, column}, as_data(context_, entry)));
  if (!form) {
    const auto expression = expression_of_params(entry);
    if (!expression) return residual(expr, "the determinant of a sum that holds latent variables", {&entry});
    return from_expression(make_binder(context_, DataOp::log_det, {row, column}, *expression));
  }
  Poly out = product(from_data(data(), make_size(data(), matrix.dims[0])), logarithm(expr, {form->scalars}));
  if (form->data_matrix) return sum(context_, out, from_data(data(), make_binder(context_, DataOp::log_det, {row, column}, *form->data_matrix)));
  RawTerm term;
  term.coefficient = form->atom->statistic.kind == StatisticKind::inverse ? -1 : 1;
  Atom atom = *form->atom;
  atom.statistic = {StatisticKind::log_det, 1};
  atom.indices.resize(atom.indices.size() - 2);
  term.atoms = {atom};
  out.push_back(term);
  return out;
}

// (s M)^-1 = M^-1 / s; diag(v)^-1 = diag(1/v).
Poly Expander::inverse(const Expr& expr, const Tensor& matrix, const IndexUse& row, const IndexUse& column) {
  const IndexId i = fresh(matrix.dims[0]);
  const IndexId j = fresh(matrix.dims[1]);
  const Poly entry = matrix.at({{i, 0}, {j, 0}});
  const auto form = matrix_term(data(), entry, i, j);
  if (form && form->diagonal) {
    Poly reciprocal = power(expr, {form->scalars}, -1);
    for (RawTerm& term : reciprocal) substitute(data(), term, {{i, row}});
    return product(from_data(data(), make_delta(data(), row, column)), reciprocal);
  }
  if (is_data(entry)) return from_data(data(), make_binder(context_, DataOp::inverse, {i, j}, as_data(context_, entry), {row, column}));
  if (!form) {
    const auto expression = expression_of_params(entry);
    if (!expression) return residual(expr, "the inverse of a sum that holds latent variables", {&entry});
    return from_expression(make_binder(context_, DataOp::inverse, {i, j}, *expression, {row, column}));
  }
  const Poly scalars = power(expr, {form->scalars}, -1);
  if (form->data_matrix)
    return product(scalars, from_data(data(), make_binder(context_, DataOp::inverse, {i, j}, *form->data_matrix, {row, column})));
  RawTerm term;
  Atom atom = *form->atom;
  atom.statistic = {atom.statistic.kind == StatisticKind::inverse ? StatisticKind::power : StatisticKind::inverse, 1};
  atom.indices[atom.indices.size() - 2] = row;
  atom.indices[atom.indices.size() - 1] = column;
  term.atoms = {atom};
  return product(scalars, {term});
}

Tensor Expander::matrix_function(const Expr& expr, const std::string& name, const std::vector<Tensor>& args) {
  const Tensor matrix = args[0];
  if (name == "trace") {
    return {{}, [this, matrix](const std::vector<IndexUse>&) {
              const IndexId i = fresh(matrix.dims[0]);
              return summed_over(matrix.at({{i, 0}, {i, 0}}), i);
            }};
  }
  if (name == "log_det") {
    return {{}, [this, matrix, &expr](const std::vector<IndexUse>&) { return log_det(expr, matrix); }};
  }
  if (name == "inverse") {
    return {matrix.dims, [this, matrix, &expr](const std::vector<IndexUse>& at) { return inverse(expr, matrix, at[0], at[1]); }};
  }
  return {{matrix.dims[1], matrix.dims[0]}, [matrix](const std::vector<IndexUse>& at) { return matrix.at({at[1], at[0]}); }};  // transpose
}

Tensor Expander::vector_function(const Expr& expr, const std::string& name, const std::vector<Tensor>& args) {
  const Tensor a = args[0];
  if (name == "dot") {
    const Tensor b = args[1];
    return {{}, [this, a, b](const std::vector<IndexUse>&) {
              const IndexId i = fresh(a.dims[0]);
              return summed_over(product(a.at({{i, 0}}), b.at({{i, 0}})), i);
            }};
  }
  if (name == "outer") {
    const Tensor b = args[1];
    return {{a.dims[0], b.dims[0]}, [a, b](const std::vector<IndexUse>& at) { return product(a.at({at[0]}), b.at({at[1]})); }};
  }
  if (name == "diag") {
    return {{a.dims[0], a.dims[0]},
            [this, a](const std::vector<IndexUse>& at) { return product(from_data(data(), make_delta(data(), at[0], at[1])), a.at({at[0]})); }};
  }
  const auto over_all = [this, a](DataOp op) -> Poly {
    std::vector<IndexUse> uses;
    std::vector<IndexId> bound;
    for (const Size& extent : a.dims) {
      bound.push_back(fresh(extent));
      uses.push_back({bound.back(), 0});
    }
    Poly value = a.at(uses);
    if (op == DataOp::sum) {
      for (auto it = bound.rbegin(); it != bound.rend(); ++it) value = summed_over(std::move(value), *it);
      return value;
    }
    if (is_data(value)) return from_data(data(), make_binder(context_, op, bound, as_data(context_, value)));
    const auto expression = expression_of_params(value);
    return expression ? from_expression(make_binder(context_, op, bound, *expression)) : Poly{};
  };
  if (name == "sum") {
    return {{}, [over_all](const std::vector<IndexUse>&) { return over_all(DataOp::sum); }};
  }
  if (name == "mean") {
    return {{}, [this, over_all, a](const std::vector<IndexUse>&) {
              Poly out = over_all(DataOp::sum);
              for (const Size& extent : a.dims) {
                const DataExprId size = make_size(data(), extent);
                out = product(out, from_data(data(), make_call(data(), DataOp::divide, {make_number(data(), 1), size})));
              }
              return out;
            }};
  }
  const bool normalise = name == "softmax";
  return {normalise ? a.dims : std::vector<Size>{}, [this, over_all, a, normalise, name, &expr](const std::vector<IndexUse>& at) -> Poly {
            const Poly probe = a.at({{fresh(a.dims[0]), 0}});
            if (!is_data(probe) && !expression_of_params(probe)) return residual(expr, fmt::format("`{}` of latent variables", name), {&probe});
            const Poly total = over_all(DataOp::log_sum_exp);
            if (!normalise) return total;
            if (!is_data(probe)) return unary_function(expr, "exp", sum(context_, a.at(at), scaled(total, -1)));
            const DataExprId difference = make_call(data(), DataOp::subtract, {as_data(context_, a.at(at)), as_data(context_, total)});
            return from_data(data(), make_call(data(), DataOp::exp, {difference}));
          }};
}

Tensor Expander::eval_function(const model::Function& function, const grammar::CallExpr& call, const NamesPtr& names) {
  std::vector<Tensor> arguments;
  for (const grammar::Argument& argument : call.arguments) arguments.push_back(eval(*argument.value, names));
  return eval(function.statement.value, bind_sizes(function.statement.parameters, std::move(arguments)));
}

Tensor Expander::eval_call(const Expr& expr, const grammar::CallExpr& call, const NamesPtr& names) {
  if (const auto function = graph_.functions.find(call.function); function != graph_.functions.end())
    return eval_function(function->second, call, names);
  const std::string& name = call.function;
  if (name == "zeros" || name == "ones" || name == "eye") {
    std::vector<Size> dims;
    for (const grammar::Argument& argument : call.arguments) dims.push_back(*size_of(*argument.value, names));
    if (name == "eye") {
      return {{dims[0], dims[0]}, [this](const std::vector<IndexUse>& at) { return from_data(data(), make_delta(data(), at[0], at[1])); }};
    }
    const double value = name == "ones" ? 1 : 0;
    return {dims, [value](const std::vector<IndexUse>&) { return constant(value); }};
  }
  std::vector<Tensor> args;
  for (const grammar::Argument& argument : call.arguments) args.push_back(eval(*argument.value, names));
  if (std::ranges::find(unary_rules, name, &UnaryRule::name) != unary_rules.end()) {
    const Tensor argument = args[0];
    return {argument.dims, [this, argument, name, &expr](const std::vector<IndexUse>& at) { return unary_function(expr, name, argument.at(at)); }};
  }
  if (name == "log_multivariate_gamma") {
    return {{}, [this, args, &expr](const std::vector<IndexUse>&) {
              const Poly x = args[0].at({});
              const Poly dimension = args[1].at({});
              if (!is_data(x) || !is_data(dimension)) {
                return opaque(expr, "`log_multivariate_gamma` of latent variables", DataOp::log_multivariate_gamma, {&x, &dimension});
              }
              return from_data(data(), make_call(data(), DataOp::log_multivariate_gamma, {as_data(context_, x), as_data(context_, dimension)}));
            }};
  }
  if (name == "trace" || name == "log_det" || name == "inverse" || name == "transpose") return matrix_function(expr, name, args);
  return vector_function(expr, name, args);
}

namespace {

std::optional<DataOp> comparison(BinaryOp op) {
  switch (op) {
    case BinaryOp::logical_or:
      return DataOp::logical_or;
    case BinaryOp::logical_and:
      return DataOp::logical_and;
    case BinaryOp::equal:
      return DataOp::equal;
    case BinaryOp::not_equal:
      return DataOp::not_equal;
    case BinaryOp::less:
    case BinaryOp::greater:
      return DataOp::less;
    case BinaryOp::less_equal:
    case BinaryOp::greater_equal:
      return DataOp::less_equal;
    case BinaryOp::pipe:
    case BinaryOp::add:
    case BinaryOp::subtract:
    case BinaryOp::multiply:
    case BinaryOp::divide:
    case BinaryOp::elementwise_multiply:
    case BinaryOp::elementwise_divide:
    case BinaryOp::power:
      return std::nullopt;
  }
  return std::nullopt;
}

// The part of an elementwise operation's indices that an operand of this rank takes: a number broadcasts.
std::vector<IndexUse> broadcast(const Tensor& operand, const std::vector<IndexUse>& at) {
  return operand.dims.empty() ? std::vector<IndexUse>{} : at;
}

}  // namespace

Tensor Expander::eval_binary(const Expr& expr, const grammar::BinaryExpr& binary, const NamesPtr& names) {
  const Tensor a = eval(*binary.left, names);
  const Tensor b = eval(*binary.right, names);
  const std::vector<Size> dims = a.dims.empty() ? b.dims : a.dims;
  if (const auto op = comparison(binary.op)) {
    const bool swap = binary.op == BinaryOp::greater || binary.op == BinaryOp::greater_equal;
    return {{}, [this, a, b, op, swap, &expr](const std::vector<IndexUse>&) {
              const Poly x = a.at({});
              const Poly y = b.at({});
              if (!is_data(x) || !is_data(y)) {
                const std::vector<const Poly*> sides = swap ? std::vector{&y, &x} : std::vector{&x, &y};
                return opaque(expr, "a comparison of continuous latent variables", *op, sides);
              }
              const DataExprId left = as_data(context_, x);
              const DataExprId right = as_data(context_, y);
              return from_data(data(), make_call(data(), *op, swap ? std::vector{right, left} : std::vector{left, right}));
            }};
  }
  if (binary.op == BinaryOp::add || binary.op == BinaryOp::subtract) {
    const double sign = binary.op == BinaryOp::add ? 1 : -1;
    return {dims, [this, a, b, sign](const std::vector<IndexUse>& at) {
              return sum(context_, a.at(broadcast(a, at)), scaled(b.at(broadcast(b, at)), sign));
            }};
  }
  if (binary.op == BinaryOp::divide || binary.op == BinaryOp::elementwise_divide) {
    return {dims, [this, a, b, &expr](const std::vector<IndexUse>& at) {
              const Poly numerator = a.at(broadcast(a, at));
              const Poly denominator = b.at(broadcast(b, at));
              if (is_data(numerator) && is_data(denominator)) {
                return from_data(data(), make_call(data(), DataOp::divide, {as_data(context_, numerator), as_data(context_, denominator)}));
              }
              return product(numerator, power(expr, denominator, -1));
            }};
  }
  if (binary.op == BinaryOp::power) {
    return {a.dims, [this, a, b, &expr](const std::vector<IndexUse>& at) { return general_power(expr, a, at, b.at({})); }};
  }
  if (binary.op == BinaryOp::elementwise_multiply || a.dims.empty() || b.dims.empty()) {
    return {dims, [this, a, b](const std::vector<IndexUse>& at) {
              const Poly out = product(a.at(broadcast(a, at)), b.at(broadcast(b, at)));
              return is_data(out) ? sum(context_, out, {}) : out;
            }};
  }
  std::vector<Size> shape(a.dims.begin(), a.dims.end() - 1);
  shape.insert(shape.end(), b.dims.begin() + 1, b.dims.end());
  return {shape, [this, a, b](const std::vector<IndexUse>& at) {  // the matrix product
            const IndexId inner = fresh(a.dims.back());
            std::vector<IndexUse> left(at.begin(), at.begin() + static_cast<std::ptrdiff_t>(a.dims.size()) - 1);
            std::vector<IndexUse> right{{inner, 0}};
            right.insert(right.end(), at.begin() + static_cast<std::ptrdiff_t>(a.dims.size()) - 1, at.end());
            left.push_back({inner, 0});
            return summed_over(product(a.at(left), b.at(right)), inner);
          }};
}

}  // namespace jensen::derive
